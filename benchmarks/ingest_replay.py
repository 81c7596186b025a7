"""The worker with vectors known beforehand, against a replay of the very same commands through a bare pipeline."""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from ingest_load import BATCH, events, texts_of, worker_rate
from redis import Redis
from redis.connection import Connection
from servers import Servers

from ingest.assemble import RunOptions, open_worker
from ingest.metrics import Metrics
from ingest.publish import EventPublisher
from semcache.embed import Embedder, Kind, Vectors
from semcache.settings import Settings
from semcache.store.connect import connect


class Known:
    """An embedder that has seen every text before."""

    def __init__(self, dim: int) -> None:
        self.dim, self.fingerprint = dim, f"known-{dim}"
        self._made: dict[str, Vectors] = {}
        self._random = np.random.default_rng(7)

    def learn(self, texts: Iterable[str]) -> None:
        for text in texts:
            vector = self._random.standard_normal(self.dim).astype(np.float32)
            self._made[text] = vector / np.linalg.norm(vector)

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        return np.array([self._made[text] for text in texts], dtype=np.float32)


@contextmanager
def recorded() -> Iterator[list[bytes]]:
    """Every command that this process sends to Redis, as it goes over the wire, in order."""
    sent: list[bytes] = []
    lock = threading.Lock()
    send: Callable[..., None] = Connection.send_packed_command

    def recording(self: Connection, command: Any, check_health: bool = True) -> None:
        packed = [command] if isinstance(command, bytes) else list(command)
        with lock:
            sent.append(b"".join(part if isinstance(part, bytes) else str(part).encode() for part in packed))
        send(self, packed, check_health)

    patched: Any = Connection
    patched.send_packed_command = recording
    try:
        yield sent
    finally:
        patched.send_packed_command = send


def commands(sent: Iterable[bytes]) -> Iterator[bytes]:
    """Single commands from what went over the wire: `*2\\r\\n$4\\r\\nPING...`."""
    for data in sent:
        position = 0
        while position < len(data):
            start, (count, position) = position, _number(data, position)
            for _ in range(count):
                length, position = _number(data, position)
                position += length + 2
            yield data[start:position]


def _number(data: bytes, position: int) -> tuple[int, int]:
    end = data.index(b"\r\n", position)
    return int(data[position + 1 : end]), end + 2


def replay_s(url: str, sent: Sequence[bytes]) -> float:
    """Seconds that a bare pipeline takes for these commands."""
    waiting = [
        c
        for c in commands(sent)
        if not c.startswith((b"*1\r\n$5\r\nMULTI", b"*1\r\n$4\r\nEXEC", b"*3\r\n$6\r\nCLIENT"))
    ]
    connection: Any = connect(url, timeout_s=60).connection_pool.get_connection()
    started = time.perf_counter()
    stream = iter(waiting)
    while chunk := list(islice(stream, BATCH)):
        connection.send_packed_command([b"".join(chunk)])
        for _ in chunk:
            connection.read_response()
    return time.perf_counter() - started


def against_replay(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """The worker with vectors known beforehand, then the same commands through a bare pipeline."""
    rounds: list[tuple[float, float]] = []
    stages: dict[str, float] = {}
    for number in range(options.rounds):
        batch = list(events(f"known{number}", options.events))
        embedder = Known(384)
        embedder.learn(texts_of(batch))
        own = _with_topic(settings, f"known{number}")
        with EventPublisher(own) as publisher:
            for event in batch:
                publisher.publish(event)
        servers.redis.flushall()
        with recorded() as sent:
            through, metrics = _timed_worker(own, servers.redis, embedder, f"known{number}", len(batch))
        for stage, seconds in stage_seconds(metrics).items():
            stages[stage] = stages.get(stage, 0.0) + seconds
        servers.redis.flushall()
        rounds.append((len(batch) / replay_s(settings.redis.url, sent), through))
    return {
        "events_per_s": {
            "bare_replay": [round(bare, 1) for bare, _ in rounds],
            "through_kafka": [round(through, 1) for _, through in rounds],
        },
        "ratio": round(statistics.median(through / bare for bare, through in rounds), 3),
        "stage_seconds": {stage: round(seconds, 3) for stage, seconds in stages.items()},
    }


def _with_topic(settings: Settings, name: str) -> Settings:
    """The same installation with a topic and a group of its own."""
    kafka = settings.kafka.model_copy(update={"conversations_topic": name})
    ingest = settings.ingest.model_copy(update={"group": name})
    return settings.model_copy(update={"kafka": kafka, "ingest": ingest})


def _timed_worker(
    settings: Settings, redis: Redis, embedder: Embedder, namespace: str, wanted: int
) -> tuple[float, Metrics]:
    with open_worker(settings, RunOptions(until_caught_up=True), embedder=embedder) as (worker, metrics):
        thread = threading.Thread(target=worker.run, args=[threading.Event()])
        thread.start()
        rate = worker_rate(redis, namespace, wanted)
        thread.join()
    return rate, metrics


def stage_seconds(metrics: Metrics) -> dict[str, float]:
    """Time spent in each stage of the worker."""
    return {
        sample.labels["stage"]: sample.value
        for metric in metrics.batch_seconds.collect()
        for sample in metric.samples
        if sample.name.endswith("_sum")
    }
