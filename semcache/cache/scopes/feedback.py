"""A user's verdict on an answer that is known by its entry id alone, whatever its scope."""

from __future__ import annotations

import redis

from semcache.cache.entries import Entries
from semcache.cache.learning.judge import equal_text
from semcache.cache.learning.learner import Learner, draw_of
from semcache.cache.learning.state import LearningState
from semcache.cache.scopes.catalogue import scopes


def give_feedback(client: redis.Redis, namespace: str, entry_id: str, *, correct: bool, event_id: str = "") -> bool:
    """Records a user's verdict on an answer, known by its entry id alone, once for each `event_id`.

    False if no scope of the namespace holds the entry. A rejected answer is not served any more; and the evidence that
    served it last is labelled.
    """
    for scope in scopes(client, namespace):
        verdict = Entries(client, scope.id).feedback(entry_id, correct=correct, event_id=event_id)
        if verdict is not None:
            state = LearningState(client, scope.id)
            # The budget and the judge play no part in a verdict.
            learner = Learner(state, judge=equal_text, max_error_rate=0.0, when="inline", draw=draw_of)
            learner.take_verdict(entry_id, verdict, correct=correct)
            return True
    return False
