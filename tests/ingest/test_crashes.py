"""kill -9 of every part in the middle of a stream: afterwards every event is there, once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from semcache.embed import Embedder
from semcache.memory import NewTurn, TurnWriter
from semcache.store import keys
from semcache_ingest.kafka.topics import ensure_topics
from tests.ingest.conftest import FAST
from tests.ingest.fleet import Fleet, fleet
from tests.ingest.producing import message, send_events
from tests.ingest.state import difference, state
from tests.waiting import wait_until

EVENTS, USERS, SESSIONS = 5_000, 20, 25
TEXTS = [
    f"{what} on {day} {when}."
    for what in ("Rain", "Sun", "Snow", "Fog")
    for day in ("Monday", "Friday")
    for when in ("morning", "noon", "night")
]


def stream() -> list[dict[str, Any]]:
    """5,000 messages of 20 users; few different texts, so that the embedding model is not what takes the time."""
    return [
        message(
            n // (USERS * SESSIONS),
            user=f"u{n % USERS}",
            session=f"s{n // USERS % SESSIONS}",
            text=TEXTS[n // (USERS * SESSIONS) % len(TEXTS)],
        )
        for n in range(EVENTS)
    ]


def counted(redis: redis_py.Redis, namespace: str) -> int:
    """Turns in memory; 0 while Redis is away."""
    try:
        names = [keys.CHRONOLOGY.build(namespace=namespace, user=f"u{n}") for n in range(USERS)]
        return sum(redis.zcard(name) for name in names)
    except redis_py.RedisError:
        return 0


def reference(redis: redis_py.Redis, namespace: str, events: list[dict[str, Any]], embedder: Embedder) -> None:
    """The same turns, written one batch after the other by memory itself."""
    turns = [
        NewTurn(
            e["user"],
            e["session"],
            e["role"],
            e["text"],
            datetime.fromisoformat(e["at"]).timestamp(),
            e["id"],
            namespace,
        )
        for e in events
    ]
    writer = TurnWriter(redis, embedder)
    for start in range(0, len(turns), 500):
        writer.append(turns[start : start + 500])


@pytest.mark.timeout(300)
def test_every_event_is_there_once_after_each_part_was_killed(tmp_path: Path, fast_embedder: Embedder) -> None:
    """5,000 events, while the worker, Redis and Kafka are killed with -9: the state is that of an undisturbed write."""
    events = stream()
    with fleet(tmp_path, namespace="crashed", model=FAST.model) as servers:
        ensure_topics(servers.settings)
        redis = redis_py.Redis.from_url(servers.settings.redis.url)
        worker = servers.add_worker()
        send_events(servers.settings, events[: EVENTS // 2])

        reach(servers, redis, 400)
        worker.kill()
        worker.wait()
        servers.add_worker()

        reach(servers, redis, 1_200)
        servers.kill("redis")
        servers.start("redis")

        reach(servers, redis, 2_000)
        servers.kill("kafka")
        servers.start("kafka")
        send_events(servers.settings, events[EVENTS // 2 :])

        reach(servers, redis, EVENTS)
        reference(redis, "calm", events, fast_embedder)
        assert not difference(state(redis, "crashed"), state(redis, "calm"))


def reach(servers: Fleet, redis: redis_py.Redis, number: int) -> None:
    try:
        wait_until(f"{number} turns are in memory", lambda: counted(redis, "crashed") >= number, timeout_s=120)
    except AssertionError as error:
        raise AssertionError(f"{error} ({counted(redis, 'crashed')} are)\n{servers.logs()}") from None
