"""Which threads there are in a graph, and which are a user's; one that has expired leaves with the next write."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from semcache.store import keys
from semcache.store.connect import guarded

# Another host's clock may be behind: a thread leaves that long after it expired.
_GRACE_S = 86_400.0


class Catalogue:
    """The threads of a graph. It is written after the thread, so that every thread in it may be read."""

    def __init__(self, client: redis.Redis, graph: str, ttl_s: float | None, *, clock: Callable[[], float] = time.time):
        self._redis = client
        self._graph = graph
        self._ttl_s = ttl_s
        self._clock = clock

    def add(self, thread: str, user: str | None) -> None:
        """Notes that a thread lives from now on, and whose it is."""
        now = self._clock()
        expires = float("inf") if self._ttl_s is None else now + self._ttl_s
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for key in self._keys(user):
                pipe.zadd(key, {thread: expires})
                pipe.zremrangebyscore(key, "-inf", now - _GRACE_S)
            pipe.execute()

    def remove(self, threads: Sequence[str]) -> None:
        """Takes threads out."""
        if threads:
            with guarded():
                self._redis.zrem(self._keys(None)[0], *threads)

    def threads(self) -> list[str]:
        """All threads by name; one that has just expired may be among them."""
        with guarded():
            found: Any = self._redis.zrange(self._keys(None)[0], 0, -1)
        return sorted(thread.decode() for thread in found)

    def _keys(self, user: str | None) -> list[str]:
        everyones = keys.GRAPH_THREADS.build(namespace=self._graph)
        return [everyones, keys.USER_THREADS.build(namespace=self._graph, user=user)] if user else [everyones]
