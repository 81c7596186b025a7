"""How many language-model calls a user may cause in a minute, counted in Redis for all processes."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

import redis

from semcache.errors import RateLimited
from semcache.store import keys
from semcache.store.connect import guarded


class CallLimit:
    """A moving window of 60 seconds for each user; `per_minute` 0 = no limit."""

    def __init__(self, client: redis.Redis, *, namespace: str, per_minute: int) -> None:
        self._redis = client
        self._namespace = namespace
        self._per_minute = per_minute

    @guarded()
    def take(self, user: str) -> None:
        """Counts one call.

        Raises:
            RateLimited: the user has none left; nothing is counted.
        """
        if not self._per_minute:
            return
        if not self._limiter.hit(self._item, *self._whose(user)):
            wait_s = self._wait_s(user)
            raise RateLimited(
                f"{user} has used up {self._per_minute} answers a minute: ask again in {wait_s:.0f} s, "
                "or raise SEMCACHE_LLM_CALLS_PER_MINUTE",
                retry_after_s=wait_s,
            )

    def _wait_s(self, user: str) -> float:
        stats = self._limiter.get_window_stats(self._item, *self._whose(user))
        return max(1.0, float(stats.reset_time) - time.time())

    def _whose(self, user: str) -> tuple[str, str]:
        return keys.escape(self._namespace), keys.escape(user)

    @cached_property
    def _item(self) -> Any:
        from limits import RateLimitItemPerMinute

        return RateLimitItemPerMinute(self._per_minute, namespace="llm")

    @cached_property
    def _limiter(self) -> Any:
        from limits.storage import RedisStorage
        from limits.strategies import MovingWindowRateLimiter

        prefix = keys.CALL_LIMIT.build(rule="").rstrip(":")
        storage = RedisStorage("redis://", connection_pool=self._redis.connection_pool, key_prefix=prefix)
        storage.storage = self._redis  # one key to a user: on a cluster, too, the client knows where it is
        storage.initialize_storage("")
        return MovingWindowRateLimiter(storage)
