"""Limits of a key: what they count, for all workers, and without Redis."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import RateLimited, RedisUnavailable
from semcache.server.limits import Limits, SharedMinutes, waiting_s
from semcache.settings.server import ServerSettings
from semcache.store.clients.client import Client
from tests.conftest import Clock


def test_workers_count_together_and_tenants_apart(redis: Client, namespace: str, clock: Clock) -> None:
    """Two workers let as many in as one would; a refused request is not counted, and time makes room."""
    workers = [SharedMinutes(redis, namespace, 4, clock=clock) for _ in range(2)]
    waits = [workers[number % 2].hit("acme") for number in range(6)]
    assert [wait > 0 for wait in waits] == [False] * 4 + [True] * 2
    assert workers[0].hit("umbra") == 0
    clock.advance(waits[-1])
    assert workers[1].hit("acme") == 0
    assert workers[0].hit("acme") > 0
    clock.advance(180)
    assert [workers[0].hit("acme") for _ in range(4)] == [0] * 4
    assert all(0 < redis.ttl(key) <= 120 for key in redis.scan_iter(f"*{namespace}*"))


@given(
    st.lists(st.floats(0, 60, allow_nan=False), min_size=1, max_size=60),
    st.integers(1, 8),
)
def test_no_minute_has_more_than_the_limit_and_waiting_helps(pauses: list[float], most: int) -> None:
    """Whatever the pauses: at most the limit is let in within a minute of the clock, and whoever waits as told is."""
    now, counts = 600.0, dict[int, int]()

    def hit() -> float:
        minute, into = divmod(now, 60)
        count = counts.get(int(minute), 0) + 1
        wait = waiting_s(count, counts.get(int(minute) - 1, 0), into, most)
        if not wait:
            counts[int(minute)] = count
        return wait

    for pause in pauses:
        now += pause
        if wait := hit():
            assert 0 < wait <= 120
            now += wait + 1e-6
            assert hit() == 0
    assert all(count <= most for count in counts.values())


def test_without_redis_each_worker_counts_for_itself() -> None:
    """The limit holds all the same."""

    async def unavailable(tenant: str) -> float:
        raise RedisUnavailable("away")

    async def asked(limits: Limits, tenant: str) -> bool:
        try:
            async with limits.admitted(tenant):
                return True
        except RateLimited as error:
            return error.retry_after_s < 1

    async def run() -> list[bool]:
        limits = Limits(ServerSettings(requests_per_minute=2), unavailable)
        return [await asked(limits, "acme") for _ in range(3)] + [await asked(limits, "umbra")]

    assert asyncio.run(run()) == [True, True, False, True]


def test_requests_at_a_time_end_with_their_answer() -> None:
    """One too many is refused; when one has ended, the next is let in, whatever ended it."""

    async def free(tenant: str) -> float:
        return 0.0

    async def broken(limits: Limits) -> None:
        async with limits.admitted("acme"):
            await asked(limits, "umbra")
            with pytest.raises(RateLimited):
                await asked(limits, "acme")
            raise ZeroDivisionError

    async def asked(limits: Limits, tenant: str) -> None:
        async with limits.admitted(tenant):
            pass

    async def run() -> None:
        limits = Limits(ServerSettings(concurrency=1), free)
        with pytest.raises(ZeroDivisionError):
            await broken(limits)
        await asked(limits, "acme")

    asyncio.run(run())
