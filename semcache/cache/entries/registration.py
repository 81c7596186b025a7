"""Registration of scopes: the notes that lead from a namespace and its documents to a scope with answers.

On one server they are made in the transaction that stores an answer. On a cluster they lie on another server than the
scope. There the scope says itself which notes lead to it, and stores nothing before they do: so a store asks the other
server for nothing as long as they hold, and none that is under way escapes whoever takes the scope out of them.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Iterable

import redis
from redis.client import Pipeline

from semcache.cache.scope import Scope
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import GRACE_MS, IDLE_S, catalogue_keys, leaving_key, noted_key, whole_seconds
from semcache.store.lua import executed, script

SLACK_MS = 60_000
"""A document's change finds a scope for that long after its last answer from it has expired."""
_MARK_MS = 60_000


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
        script("cache_register")(
            pipe,
            keys=[*catalogue_keys(namespace), leaving_key(namespace), *dependants],
            args=[self.scope.id, self.scope.to_json(), *self._lifetimes(ttl_s), ttl_s or 0, self._now],
        )

    @property
    def _now(self) -> float | str:
        return "" if self._clock is None else self._clock()

    def _lifetimes(self, ttl_s: float | None) -> tuple[int, int]:
        """Of the scope's note and of its documents', ms; 0 = for ever."""
        answer_ms = math.ceil((ttl_s or 0) * 1000)
        return (answer_ms + GRACE_MS + self._idle_ms, answer_ms + SLACK_MS) if ttl_s else (0, 0)

    @guarded()
    def note(self, client: redis.Redis, documents: Iterable[str] = (), ttl_s: float | None = None) -> None:
        """Makes the notes by themselves; without `ttl_s` for as long as the scope can learn without an answer."""
        pipe = client.pipeline(transaction=True)
        self(pipe, documents, self._idle_ms / 1000 if ttl_s is None else ttl_s)
        executed(client, pipe)

    @guarded()
    def ahead(
        self, client: redis.Redis, lifetimes: Iterable[float | None], documents: Collection[str]
    ) -> Callable[[Pipeline], None]:
        """Makes the notes before answers are stored; gives what the transaction that stores them has to begin with."""
        noted = noted_key(self.scope.id)
        mark = script("cache_announce")(client, keys=[noted], args=[secrets.token_hex(8), _MARK_MS])
        for ttl_s in lifetimes:
            pipe = client.pipeline(transaction=True)
            self(pipe, documents, ttl_s)
            pipe.execute()

        def confirm(pipe: Pipeline) -> None:
            for ttl_s in lifetimes:
                arguments = [mark, ttl_s or 0, *self._lifetimes(ttl_s), self._now, *documents]
                script("cache_confirm")(pipe, keys=[noted], args=arguments)

        return confirm
