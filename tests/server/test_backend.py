"""Work in threads while Redis does not answer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from semcache.errors import RedisUnavailable
from semcache.server.backend import Backend, Breaker
from semcache.server.metrics import Metrics
from tests.conftest import Clock
from tests.waiting import wait_until


def test_who_has_waited_for_a_thread_does_not_wait_for_redis_too(clock: Clock) -> None:
    """The calls under way find out that Redis is gone; those behind them are told so, until a second has passed."""
    backend: Any = Backend(None, Metrics(), breaker=Breaker(clock))  # type: ignore[arg-type]
    gone, started = threading.Event(), list[int]()

    def ask(number: int) -> None:
        started.append(number)
        gone.wait(60)
        raise RedisUnavailable("no answer in time")

    async def many() -> list[BaseException | None]:
        asked = [asyncio.create_task(backend.run(lambda number=number: ask(number))) for number in range(50)]
        await asyncio.to_thread(wait_until, "some are under way", lambda: len(started) > 3)
        gone.set()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    failed = asyncio.run(many())
    assert all(isinstance(error, RedisUnavailable) for error in failed)
    assert len(started) < 25
    with pytest.raises(RedisUnavailable):
        asyncio.run(backend.run(lambda: 1))
    clock.advance(1.1)
    assert asyncio.run(backend.run(lambda: 1)) == 1
