"""The worker with vectors known beforehand, against a replay of the very same commands through a bare pipeline."""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from ingest_load import BATCH, events, texts_of, worker_rate
from ingest_profile import Profile
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


def bare_commands(sent: Iterable[bytes]) -> list[bytes]:
    """What of it is commands to replay; MULTI, EXEC and the greeting of a connection are the pipeline's own."""
    own = (b"*1\r\n$5\r\nMULTI", b"*1\r\n$4\r\nEXEC", b"*3\r\n$6\r\nCLIENT")
    return [command for command in commands(sent) if not command.startswith(own)]


def arguments(command: bytes) -> list[bytes]:
    """The words of one command."""
    count, position = _number(command, 0)
    words = []
    for _ in range(count):
        length, position = _number(command, position)
        words.append(command[position : position + length])
        position += length + 2
    return words


def pipeline_s(redis: Redis, replayed: Sequence[bytes]) -> float:
    """Seconds that redis-py's pipeline takes for these commands, `BATCH` at once."""
    waiting = iter([arguments(command) for command in replayed])
    started = time.perf_counter()
    while chunk := list(islice(waiting, BATCH)):
        with redis.pipeline(transaction=False) as pipe:
            for words in chunk:
                pipe.execute_command(*words)
            pipe.execute()
    return time.perf_counter() - started


def raw_s(url: str, replayed: Sequence[bytes]) -> float:
    """Seconds that the same bytes take on a bare socket, nothing packed: the server's own speed."""
    connection: Any = connect(url, timeout_s=60).connection_pool.get_connection()
    waiting = iter(replayed)
    started = time.perf_counter()
    while chunk := list(islice(waiting, BATCH)):
        connection.send_packed_command([b"".join(chunk)])
        for _ in chunk:
            connection.read_response()
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Round:
    """Rates of one round, events/s."""

    worker: float
    pipeline: float
    raw: float


def against_replay(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """The worker with vectors known beforehand, then the same commands through a bare pipeline, then as raw bytes."""
    stages: Counter[str] = Counter()
    rounds = [_round(servers, settings, options.events, f"known{n}", stages) for n in range(options.rounds)]
    profile = Profile()
    with profile.of_stages():
        _round(servers, settings, options.events, "profiled", Counter())
    return {
        "events_per_s": {
            "bare_pipeline": [round(r.pipeline, 1) for r in rounds],
            "through_kafka": [round(r.worker, 1) for r in rounds],
            "raw_bytes": [round(r.raw, 1) for r in rounds],
        },
        "ratio": round(statistics.median(r.worker / r.pipeline for r in rounds), 3),
        "ratio_to_raw_bytes": round(statistics.median(r.worker / r.raw for r in rounds), 3),
        "stage_seconds": {stage: round(seconds, 3) for stage, seconds in stages.items()},
        "share_of_stages_time": profile.shares(),
    }


def _round(servers: Servers, settings: Settings, number: int, name: str, stages: Counter[str]) -> Round:
    batch, embedder = list(events(name, number)), Known(384)
    embedder.learn(texts_of(batch))
    own = _with_topic(settings, name)
    with EventPublisher(own) as publisher:
        for event in batch:
            publisher.publish(event)
    servers.redis.flushall()
    with recorded() as sent:
        worker, metrics = _timed_worker(own, servers.redis, embedder, name, number)
    stages.update(stage_seconds(metrics))
    replayed = bare_commands(sent)
    servers.redis.flushall()
    pipeline = number / pipeline_s(servers.redis, replayed)
    servers.redis.flushall()
    return Round(worker, pipeline, number / raw_s(settings.redis.url, replayed))


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
