"""What users say about answers, by entry id alone: found in whichever scope holds the entry, and learned from."""

from __future__ import annotations

import redis

from semcache.cache.catalogue import scopes
from semcache.cache.entries import Entries
from semcache.cache.judge import equal_text
from semcache.cache.learning import Learning, draw_of
from semcache.cache.state import LearningState


def give_feedback(client: redis.Redis, namespace: str, entry_id: str, *, correct: bool, event_id: str = "") -> bool:
    """Records a verdict once for each `event_id`; False if no scope of the namespace holds the entry.

    A rejected answer is not served any more; and the evidence that served it last is labelled.
    """
    for scope in scopes(client, namespace):
        verdict = Entries(client, scope.id).feedback(entry_id, correct=correct, event_id=event_id)
        if verdict is not None:
            state = LearningState(client, scope.id)
            # The budget and the judge play no part in a verdict.
            learning = Learning(state, judge=equal_text, max_error_rate=0.0, when="inline", draw=draw_of)
            learning.take_verdict(verdict, correct=correct)
            return True
    return False
