"""A user's verdict on an answer that is known by its entry id alone, whatever its scope."""

from __future__ import annotations

import time

import redis

from semcache.cache.entries.records import Verdict
from semcache.cache.entries.verdicts import ANYBODY, Verdicts
from semcache.cache.learning.judge import equal_text
from semcache.cache.learning.learner import Learner, draw_of
from semcache.cache.learning.state import LearningState
from semcache.cache.scope import Scope
from semcache.cache.scopes.catalogue import scopes
from semcache.cache.scopes.erasure import OWNER
from semcache.cache.types import CheckRecord, DecisionSink


def give_feedback(
    client: redis.Redis,
    namespace: str,
    entry_id: str,
    *,
    correct: bool,
    event_id: str = "",
    user: str | None = None,
    decisions: DecisionSink | None = None,
) -> bool:
    """Records a user's verdict on an answer, known by its entry id alone, once for each `event_id` and user.

    False if no scope of the namespace holds the entry, or it is another user's own. Who rejects a shared answer casts
    doubt on it, the second who does withdraws it; all whose name is not given count as one. An answer of the user's own
    is withdrawn at once. When it is settled, the evidence that served the answer last is labelled. `decisions` is told.
    """
    for scope in scopes(client, namespace):
        if (owner := dict(scope.items).get(OWNER)) not in (None, user):
            continue
        person = None if owner else user or ANYBODY
        verdict = Verdicts(client, scope.id).take(entry_id, correct=correct, event_id=event_id, person=person)
        if verdict is not None:
            _teach(client, scope, entry_id, verdict, correct=correct)
            if decisions and verdict.news:
                decisions(CheckRecord(scope.place(0.0), "feedback", correct, time.time()))
            return True
    return False


def _teach(client: redis.Redis, scope: Scope, entry_id: str, verdict: Verdict, *, correct: bool) -> None:
    # The budget and the judge play no part in a verdict.
    state = LearningState(client, scope.id)
    learner = Learner(state, judge=equal_text, max_error_rate=0.0, when="inline", draw=draw_of)
    learner.take_verdict(entry_id, verdict, correct=correct)
