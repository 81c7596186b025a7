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
from pathlib import Path
from typing import Any

import hiredis
import numpy as np
from ingest_load import BATCH, events, texts_of, worker_rate, written
from ingest_profile import Profile
from redis import Redis
from redis.connection import Connection
from servers import Servers

from semcache.embed import Embedder, Kind, Vectors
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache_ingest.metrics import Metrics
from semcache_ingest.publish import EventPublisher
from semcache_ingest.worker.assemble import RunOptions, open_worker
from semcache_ingest.worker.pace import set_up_interpreter


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
            sent.extend(packed)
        send(self, packed, check_health)

    patched: Any = Connection
    patched.send_packed_command = recording
    try:
        yield sent
    finally:
        patched.send_packed_command = send


def commands(sent: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Single commands, as words, from what went over the wire: `*1\\r\\n$4\\r\\nPING\\r\\n...`."""
    reader = hiredis.Reader()
    for data in sent:
        reader.feed(data)
        while (words := reader.gets()) is not False:
            yield words


def bare_commands(sent: Iterable[bytes]) -> Iterator[list[bytes]]:
    """What of it is commands to replay; MULTI, EXEC and the greeting of a connection are the pipeline's own."""
    return (words for words in commands(sent) if words[0] not in (b"MULTI", b"EXEC", b"CLIENT"))


def wire(words: Sequence[bytes]) -> bytes:
    """A command as it goes over the wire."""
    packed: Any = hiredis.pack_command
    return bytes(packed(tuple(words)))


def kept(file: Path, sent: Iterable[bytes]) -> int:
    """Writes the commands to a file, as they go over the wire; how many there are."""
    number = 0
    with file.open("wb") as out:
        for number, words in enumerate(bare_commands(sent), 1):  # noqa: B007
            out.write(wire(words))
    return number


def read(file: Path) -> Iterator[list[bytes]]:
    """The commands of a file, read on the way."""
    with file.open("rb") as source:
        yield from commands(iter(lambda: source.read(65_536), b""))


def pipeline_s(redis: Redis, file: Path) -> float:
    """Seconds that redis-py's pipeline takes for a file's commands, `BATCH` at once."""
    started = time.perf_counter()
    waiting = read(file)
    while chunk := list(islice(waiting, BATCH)):
        with redis.pipeline(transaction=False) as pipe:
            for words in chunk:
                pipe.execute_command(*words)
            pipe.execute()
    return time.perf_counter() - started


def raw_s(url: str, file: Path) -> float:
    """Seconds that the same bytes take on a bare socket, nothing packed: the server's own speed."""
    connection: Any = connect(url, timeout_s=60).connection_pool.get_connection()
    waiting = iter([wire(words) for words in read(file)])
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
        worker, metrics = _timed_worker(own, embedder, number)
    if (there := written(servers.redis, name)) != number:
        raise SystemExit(f"{there} of {number} events are in memory")
    stages.update(stage_seconds(metrics))
    file = servers.log.with_name(f"{name}.commands")
    kept(file, sent)
    servers.redis.flushall()
    pipeline = number / pipeline_s(servers.redis, file)
    servers.redis.flushall()
    return Round(worker, pipeline, number / raw_s(settings.redis.url, file))


def _with_topic(settings: Settings, name: str) -> Settings:
    """The same installation with a topic and a group of its own."""
    kafka = settings.kafka.model_copy(update={"conversations_topic": name})
    ingest = settings.ingest.model_copy(update={"group": name})
    return settings.model_copy(update={"kafka": kafka, "ingest": ingest})


def _timed_worker(settings: Settings, embedder: Embedder, wanted: int) -> tuple[float, Metrics]:
    with open_worker(settings, RunOptions(until_caught_up=True), embedder=embedder) as (worker, metrics):
        set_up_interpreter()
        thread = threading.Thread(target=worker.run, args=[threading.Event()])
        thread.start()
        # Asked in this process: a connection that polls would take its share of the interpreter.
        rate = worker_rate(lambda: metrics.totals().get("applied", 0), wanted, poll_s=0.02)
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
