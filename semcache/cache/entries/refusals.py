"""Why the last answer to a question was not kept: what `explain` tells, in every process, for a day."""

from __future__ import annotations

import logging
from typing import Any

import redis

from semcache.cache.inputs import Question
from semcache.errors import RedisUnavailable
from semcache.store import keys
from semcache.store.connect import guarded

KEPT_S = 86_400
MOST = 1_000
"""So many questions of a scope; of more, nothing is noted until some have left."""
_MOST_WARNED = 1_000
_log = logging.getLogger(__name__)


class Refusals:
    """The refusals of one scope. A cause that somebody can mend is a warning too, once in a process."""

    def __init__(self, client: redis.Redis, scope: str) -> None:
        self._redis = client
        self._key = keys.CACHE_REFUSED.build(scope=scope)
        self._warned: set[str] = set()

    def note(self, question: Question, why: str, *, warn: bool = True) -> None:
        """Takes down why an answer was not kept. It was not kept either way: a Redis that is full is no error here."""
        if warn and why not in self._warned and len(self._warned) < _MOST_WARNED:
            self._warned.add(why)
            _log.warning("an answer is not kept: %s", why)
        try:
            self._write(question.fingerprint, why)
        except RedisUnavailable as error:
            _log.debug("why an answer is not kept cannot be noted: %s", error)

    @guarded()
    def of(self, question: Question) -> str:
        """Why the last answer to a question was not kept; empty if none was refused lately."""
        found: Any = self._redis.hget(self._key, question.fingerprint)
        return found.decode() if found else ""

    @guarded()
    def _write(self, fingerprint: str, why: str) -> None:
        if int(self._redis.hlen(self._key)) < MOST:
            self._redis.hsetex(self._key, fingerprint, why, ex=KEPT_S)
