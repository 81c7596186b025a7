"""Registration of scopes: the notes that lead from a namespace and its documents to a scope with answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import redis
from redis.client import Pipeline

from semcache.cache.scope import Scope
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import GRACE_MS, IDLE_S, catalogue_keys, whole_seconds
from semcache.store.lua import script

SLACK_MS = 60_000
"""A document's change finds a scope for that long after its last answer from it has expired."""


class Registration:
    """Queues what notes that a scope has an answer: in the catalogue, with its documents, and when to sweep it.

    `idle_s`: how long what was learned outlives its last change; `clock`: a replay's time in place of Redis' own.
    """

    def __init__(self, scope: Scope, *, idle_s: float = IDLE_S, clock: Callable[[], float] | None = None) -> None:
        self.scope = scope
        self._idle_ms = whole_seconds(idle_s) * 1000
        self._clock = clock

    def __call__(self, pipe: Pipeline, documents: Iterable[str], ttl_s: float | None) -> None:
        """`ttl_s`: lifetime of the answer, None = for ever."""
        namespace = self.scope.namespace
        dependants = [keys.CACHE_DEPENDANTS.build(namespace=namespace, source=document) for document in documents]
        answer_ms = math.ceil((ttl_s or 0) * 1000)
        scope_ms, dependant_ms = (answer_ms + GRACE_MS + self._idle_ms, answer_ms + SLACK_MS) if ttl_s else (0, 0)
        script("cache_register")(
            pipe,
            keys=[*catalogue_keys(namespace), *dependants],
            args=[
                self.scope.id, self.scope.to_json(), scope_ms, dependant_ms, ttl_s or 0,
                "" if self._clock is None else self._clock(),
            ],
        )  # fmt: skip

    @guarded()
    def note(self, client: redis.Redis) -> None:
        """Notes the scope for as long as it can learn without an answer; before it is taught by other means."""
        pipe = client.pipeline(transaction=True)
        self(pipe, (), self._idle_ms / 1000)
        pipe.execute()
