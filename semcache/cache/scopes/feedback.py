"""A user's verdict on an answer that is known by its entry id alone, whatever its scope."""

from __future__ import annotations

import time

import redis

from semcache.cache.entries import Entries
from semcache.cache.learning.judge import equal_text
from semcache.cache.learning.learner import Learner, draw_of
from semcache.cache.learning.state import LearningState
from semcache.cache.scopes.catalogue import scopes
from semcache.cache.types import CheckRecord, DecisionSink


def give_feedback(
    client: redis.Redis,
    namespace: str,
    entry_id: str,
    *,
    correct: bool,
    event_id: str = "",
    decisions: DecisionSink | None = None,
) -> bool:
    """Records a user's verdict on an answer, known by its entry id alone, once for each `event_id`.

    False if no scope of the namespace holds the entry. A rejected answer is not served any more; and the evidence that
    served it last is labelled. `decisions` is told of it.
    """
    for scope in scopes(client, namespace):
        verdict = Entries(client, scope.id).feedback(entry_id, correct=correct, event_id=event_id)
        if verdict is not None:
            state = LearningState(client, scope.id)
            # The budget and the judge play no part in a verdict.
            learner = Learner(state, judge=equal_text, max_error_rate=0.0, when="inline", draw=draw_of)
            learner.take_verdict(entry_id, verdict, correct=correct)
            if decisions and verdict.news:
                decisions(CheckRecord(scope.place(0.0), "feedback", correct, time.time()))
            return True
    return False
