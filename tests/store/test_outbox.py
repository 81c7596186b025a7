"""The outbox in Redis: what is kept, in which order, how much of it, and under which seal."""

from __future__ import annotations

import base64
import threading

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.errors import SealError
from semcache.settings import SealSettings
from semcache.store import keys
from semcache.store.outbox import Outbox, OutboxFull
from semcache.store.sealing import Sealer, open_sealer
from tests.conftest import Clock


def outbox(redis: redis_py.Redis, namespace: str, *, max_bytes: int = 1_000_000, **more: object) -> Outbox:
    return Outbox(redis, namespace=namespace, max_bytes=max_bytes, **more)  # type: ignore[arg-type]


def test_events_wait_in_order_until_they_are_settled(redis: redis_py.Redis, namespace: str) -> None:
    """The oldest first, over several pages; what Kafka has is gone, once, and only for its own namespace."""
    mine, others = outbox(redis, namespace), outbox(redis, f"{namespace}2")
    places = [mine.keep(f"e{n}", f'{{"n": {n}}}') for n in range(1_200)]
    others.keep("e0", "{}")
    assert [(e.place, e.id, mine.open(e)) for e in mine.waiting()] == [
        (place, f"e{n}", f'{{"n": {n}}}') for n, place in enumerate(places)
    ]
    assert mine.settle(places[:1_000]) == 1_000
    assert mine.settle(places[:1_000]) == 0
    assert [e.place for e in mine.waiting()] == places[1_000:]
    assert others.status().events == 1


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=40), st.booleans()), max_size=20))
def test_the_bound_is_over_what_waits(redis_url: str, said: list[tuple[str, bool]]) -> None:
    """Bytes that wait are the sum of the events kept and not settled; beyond the bound nothing is kept."""
    redis, name = redis_py.Redis.from_url(redis_url), "bound"
    redis.delete(keys.OUTBOX.build(namespace=name), keys.OUTBOX_COUNTERS.build(namespace=name))
    box, held, refused = outbox(redis, name, max_bytes=200), {}, 0
    for text, settled in said:
        size = len(text.encode("utf-8", "surrogatepass"))
        if sum(held.values()) + size > 200:
            with pytest.raises(OutboxFull, match="outbox_max_bytes"):
                box.keep("e", text)
            refused += 1
        else:
            held[box.keep("e", text)] = size
        if settled and held:
            place = next(iter(held))
            assert box.settle([place]) == 1
            del held[place]
        status = box.status()
        assert (status.events, status.bytes, status.refused) == (len(held), sum(held.values()), refused)


def test_status_tells_how_long_the_oldest_waits(redis: redis_py.Redis, namespace: str) -> None:
    """Age by the server's clock of arrival; nothing waits: 0 s. Failures are counted for good."""
    seconds, microseconds = redis.time()
    clock = Clock(seconds + microseconds / 1e6)
    box = outbox(redis, namespace, clock=clock)
    assert box.status().oldest_s == 0
    place = box.keep("e", "{}")
    clock.advance(90)
    assert 88 < box.status().oldest_s < 92
    box.count(failed=2)
    box.count(failed=1, refused=1)
    box.settle([place])
    status = box.status()
    assert (status.events, status.bytes, status.failed, status.refused) == (0, 0, 3, 1)


def test_two_who_settle_at_once_do_not_count_twice(redis: redis_py.Redis, namespace: str) -> None:
    """Bytes never fall below what waits, whoever settles."""
    box = outbox(redis, namespace)
    places = [box.keep("e", "x" * 100) for _ in range(200)]
    box.keep("stays", "y" * 7)
    threads = [threading.Thread(target=box.settle, args=[places]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (box.status().events, box.status().bytes) == (1, 7)


def sealer(active: str, *ids: str) -> Sealer:
    secret = base64.b64encode(b"s" * 32).decode()
    keys_ = {id: base64.b64encode(id.encode().ljust(32, b"-")).decode() for id in ids}
    return open_sealer(SealSettings(active=active, keys=keys_, words=secret))  # type: ignore[arg-type]


def test_what_waits_is_sealed_if_memory_is(redis: redis_py.Redis, namespace: str) -> None:
    """With a key nothing readable is in Redis; an older key still opens what waits, a missing one is told."""
    old = outbox(redis, namespace, sealer=sealer("k1", "k1"))
    old.keep("e1", '{"text": "my dog is called Rex"}')
    (waiting,) = old.waiting()
    assert "Rex" not in waiting.stored
    assert b"Rex" not in b"".join(redis.dump(key) or b"" for key in redis.scan_iter(f"sc:{{o:{namespace}}}*"))
    assert "Rex" in outbox(redis, namespace, sealer=sealer("k2", "k1", "k2")).open(waiting)
    with pytest.raises(SealError, match="k1"):
        outbox(redis, namespace, sealer=sealer("k2", "k2")).open(waiting)
