"""What the ingest benchmarks send, and how fast it arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from servers import Servers

from semcache import samples
from semcache.memory.stored.passages import context_text
from semcache.memory.types import Turn
from semcache.settings import Settings, load_settings
from semcache.store import keys

USERS = 40
WARM_UP = 0.1
"""Share of a round's events before the clock starts: the worker is then at full speed."""
BATCH = 64
STANDSTILL_S = 60.0
_START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def events(namespace: str, number: int) -> Iterator[dict[str, Any]]:
    """So many messages of the sample's kind, each text once, in sessions of ten."""
    texts = [message.text for message in samples.conversations()]
    for n in range(number):
        user, place = n % USERS, n // USERS
        yield {
            "type": "message",
            "id": f"{namespace}-{n}",
            "namespace": namespace,
            "user": f"u{user}",
            "session": f"s{place // 10}",
            "role": "user" if place % 2 == 0 else "assistant",
            "text": f"{texts[n % len(texts)]} ({namespace} {n})",
            "at": (_START + timedelta(seconds=place)).isoformat(),
        }


def texts_of(batch: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the ingestor embeds for these messages, none of which is long: each line, and the context of each that
    follows another in its session.
    """
    before: dict[tuple[str, str], Turn] = {}
    lines: list[str] = []
    contexts: list[str] = []
    for event in batch:
        turn = Turn(event["id"], event["session"], event["role"], event["text"], at=0.0)
        session = (event["user"], event["session"])
        lines.append(turn.line)
        if session in before:
            contexts.append(context_text(before[session], turn))
        before[session] = turn
    return lines + contexts


def written(redis: Redis, namespace: str) -> int:
    """Turns in memory."""
    pipe = redis.pipeline(transaction=False)
    for n in range(USERS):
        pipe.zcard(keys.CHRONOLOGY.build(namespace=namespace, user=f"u{n}"))
    return sum(pipe.execute())


def worker_rate(done: Callable[[], int], wanted: int, *, poll_s: float = 0.05) -> float:
    """Events a second from the end of the warm-up to the last one; `done` tells how many are applied.

    Raises:
        SystemExit: for a minute not one was applied.
    """
    pause = threading.Event()
    begun_at, begun = 0.0, 0
    moved_at, most = time.perf_counter(), 0
    while True:
        now, applied = time.perf_counter(), done()
        if applied > most:
            moved_at, most = now, applied
        if now - moved_at > STANDSTILL_S:
            raise SystemExit(f"{applied} of {wanted} events are applied, and for {STANDSTILL_S:g} s no other one")
        if not begun and applied >= wanted * WARM_UP:
            begun_at, begun = now, applied
        if applied >= wanted:
            return (applied - begun) / (now - begun_at)
        pause.wait(poll_s)


def settings_of(servers: Servers, model: str | None) -> Settings:
    chosen = {"embed_model": model} if model else {}
    if model:
        servers.environment["SEMCACHE_EMBED_MODEL"] = model  # type: ignore[index]
    environment = servers.environment
    return load_settings(
        redis_url=environment["SEMCACHE_REDIS_URL"],
        kafka_bootstrap_servers=environment["SEMCACHE_KAFKA_BOOTSTRAP_SERVERS"],
        **chosen,
    )
