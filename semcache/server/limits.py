"""How much one key may ask for: requests a minute, counted for all workers, and requests at a time, in each worker."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis

from semcache.errors import RateLimited, RedisUnavailable
from semcache.settings.server import ServerSettings
from semcache.store import keys
from semcache.store.connect import guarded

_MINUTE_S = 60.0

Hit = Callable[[str], Awaitable[float]]
"""Counts a request of a tenant: seconds to wait if it is one too many, and then it is not counted; else 0."""


class SharedMinutes:
    """Requests of the last minute, in Redis: those of this minute, and of the one before the share that is in it."""

    def __init__(self, client: Redis, namespace: str, most: int, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = client
        self._namespace = namespace
        self._most = most
        self._clock = clock

    @guarded()
    def hit(self, tenant: str) -> float:
        """Counts a request, as `Hit`."""
        minute, into_s = divmod(self._clock(), _MINUTE_S)
        this, before = (
            keys.REQUESTS.build(namespace=self._namespace, tenant=tenant, minute=str(int(each)))
            for each in (minute, minute - 1)
        )
        pipe: Any = self._redis.pipeline(transaction=True)
        pipe.incr(this).expire(this, int(2 * _MINUTE_S)).get(before)
        count, _, earlier = pipe.execute()
        wait_s = waiting_s(int(count), int(earlier or 0), into_s, self._most)
        if wait_s:
            self._redis.decr(this)
        return wait_s


def waiting_s(count: int, earlier: int, into_s: float, most: int) -> float:
    """How long the last of `count` requests of this minute has to wait, s; `earlier`: of the minute before (pure).

    After the wait, this one and what is still in the minute before it are at most `most`.
    """
    if count + earlier * (1 - into_s / _MINUTE_S) <= most:
        return 0.0
    if count <= most:
        return _MINUTE_S * (1 - (most - count) / earlier) - into_s
    return _MINUTE_S - into_s + _MINUTE_S * (1 - (most - 1) / (count - 1))


class Limits:
    """The limits of all tenants; used from the event loop alone. Without Redis, each worker counts for itself."""

    def __init__(self, settings: ServerSettings, shared: Hit) -> None:
        per_minute = settings.requests_per_minute
        self._rate = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._shared = shared
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._most = settings.concurrency
        self._running: Counter[str] = Counter()

    @asynccontextmanager
    async def admitted(self, tenant: str) -> AsyncIterator[None]:
        """A request of a tenant, from its beginning to its end.

        Raises:
            RateLimited: it asks too often, or too much at a time.
        """
        if self._most and self._running[tenant] >= self._most:
            raise RateLimited("too many requests at a time", retry_after_s=1.0)
        self._running[tenant] += 1
        try:
            await self._count(tenant)
            yield
        finally:
            self._running[tenant] -= 1
            if not self._running[tenant]:
                del self._running[tenant]

    async def _count(self, tenant: str) -> None:
        if self._rate is None:
            return
        try:
            wait_s = await self._shared(tenant)
        except RedisUnavailable:
            reset = self._own.get_window_stats(self._rate, tenant).reset_time
            wait_s = 0.0 if self._own.hit(self._rate, tenant) else max(1.0, reset - time.time())
        if wait_s:
            raise RateLimited("too many requests a minute", retry_after_s=math.ceil(wait_s))
