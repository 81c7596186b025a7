"""How much of the embedder's speed, and of Redis', is left when texts come through Kafka and the ingestor.

    python benchmarks/ingest.py                 worker against the bare embedder, on the same texts in the same run
    python benchmarks/ingest.py --precomputed   vectors known beforehand: against a replay of the very same commands
    python benchmarks/ingest.py --workers 2     two workers share the load

Rounds alternate, so that whatever else the machine does falls on both sides. Servers are embedded ones in a temporary
folder; worker and producer are processes of their own (with `--precomputed`, threads of this one).
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from redis import Redis
from redis.connection import Connection
from servers import Servers, running

from ingest.assemble import RunOptions, open_worker
from ingest.metrics import Metrics
from ingest.publish import EventPublisher
from semcache import samples
from semcache.embed import Embedder, Kind, Vectors
from semcache.embed.opening import open_model
from semcache.settings import Settings, load_settings
from semcache.store import keys
from semcache.store.connect import connect

USERS = 40
WARM_UP = 0.1
"""Share of a round's events before the clock starts: the worker is then at full speed."""
BATCH = 64
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
    """What the ingestor embeds for these messages: each line, and each with the one before it in its session."""
    before: dict[tuple[str, str], str] = {}
    lines: list[str] = []
    contexts: list[str] = []
    for event in batch:
        line, session = f"{event['role']}: {event['text']}", (event["user"], event["session"])
        lines.append(line)
        if session in before:
            contexts.append(f"{before[session]}\n{line}")
        before[session] = line
    return lines + contexts


def written(redis: Redis, namespace: str) -> int:
    """Turns in memory."""
    pipe = redis.pipeline(transaction=False)
    for n in range(USERS):
        pipe.zcard(keys.CHRONOLOGY.build(namespace=namespace, user=f"u{n}"))
    return sum(pipe.execute())


def worker_rate(redis: Redis, namespace: str, wanted: int) -> float:
    """Events a second from the end of the warm-up to the last one."""
    pause = threading.Event()
    begun_at, begun = 0.0, 0
    while True:
        now, done = time.perf_counter(), written(redis, namespace)
        if not begun and done >= wanted * WARM_UP:
            begun_at, begun = now, done
        if done >= wanted:
            return (done - begun) / (now - begun_at)
        pause.wait(0.05)


def bare_rate(embedder: Embedder, texts: Sequence[str]) -> float:
    """Texts a second, in batches as the ingestor's."""
    started = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        embedder.embed(texts[start : start + BATCH], kind="passage")
    return len(texts) / (time.perf_counter() - started)


def against_embedder(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Worker and bare embedder by turns."""
    embedder = open_model(settings.embed, model_dir=settings.model_dir)
    embedder.embed(["warm up"])
    rounds: list[tuple[float, float]] = []
    with ExitStack() as stack:
        for _ in range(options.workers):
            stack.enter_context(servers.ingestor())
        servers.produce(list(events("warm", 50)))
        servers.wait_until("the worker works", lambda: written(servers.redis, "warm") == 50)
        for number in range(options.rounds):
            batch = list(events(f"round{number}", options.events))
            texts = texts_of(batch)
            bare = bare_rate(embedder, texts)
            servers.produce(batch)
            through = worker_rate(servers.redis, f"round{number}", len(batch)) * len(texts) / len(batch)
            rounds.append((bare, through))
    return {
        "texts_per_s": {
            "bare_embedder": [round(bare, 1) for bare, _ in rounds],
            "through_kafka": [round(through, 1) for _, through in rounds],
        },
        "ratio": round(statistics.median(through / bare for bare, through in rounds), 3),
    }


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=600, help="messages a round (600)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--model", help="another embedding model than the default")
    parser.add_argument("--precomputed", action="store_true", help="vectors known beforehand")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with running(kafka=True) as servers:
        settings = settings_of(servers, options.model)
        measure = against_replay if options.precomputed else against_embedder
        result = {"events": options.events, "workers": options.workers} | measure(servers, settings, options)
    print(json.dumps(result, indent=2) if options.json else told(result))


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


def told(result: Mapping[str, Any]) -> str:
    return "\n".join(f"{name:16} {value}" for name, value in result.items())


if __name__ == "__main__":
    main()
