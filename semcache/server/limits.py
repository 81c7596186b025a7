"""How much one key may ask for: requests a minute, and at a time. Each worker counts for itself."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from semcache.errors import RateLimited
from semcache.settings.server import ServerSettings


class Limits:
    """The limits of all tenants of one worker; used from the event loop alone."""

    def __init__(self, settings: ServerSettings) -> None:
        per_minute = settings.requests_per_minute
        self._rate = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._most = settings.concurrency
        self._running: Counter[str] = Counter()

    @contextmanager
    def admitted(self, tenant: str) -> Iterator[None]:
        """A request of a tenant, from its beginning to its end.

        Raises:
            RateLimited: it asks too often, or too much at a time.
        """
        if self._rate is not None and not self._limiter.hit(self._rate, tenant):
            reset = self._limiter.get_window_stats(self._rate, tenant).reset_time
            raise RateLimited("too many requests a minute", retry_after_s=math.ceil(max(1.0, reset - time.time())))
        if self._most and self._running[tenant] >= self._most:
            raise RateLimited("too many requests at a time", retry_after_s=1.0)
        self._running[tenant] += 1
        try:
            yield
        finally:
            self._running[tenant] -= 1
            if not self._running[tenant]:
                del self._running[tenant]
