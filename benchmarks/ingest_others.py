"""The worker beside loops written by hand, on the same broker, Redis and texts: what its promises cost."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from ingest_load import events, texts_of, worker_rate, written
from ingest_rate import WORKER, bare_rate
from servers import Servers

from semcache.embed.opening import open_model
from semcache.settings import Settings

_WARM = 50
_LOOP = Path(__file__).with_name("ingest_bare.py")

Produce = Callable[[Sequence[Mapping[str, Any]]], object]


def against_others(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Bare embedder, worker and loops by turns."""
    embedder = open_model(settings.embed, model_dir=settings.model_dir)
    embedder.embed(["warm up"])
    with ExitStack() as stack:
        stack.enter_context(servers.ingestor())
        contenders: dict[str, Produce] = {WORKER: lambda batch: servers.produce(list(batch))}
        pythons = {"confluent-kafka": Path(sys.executable)} | ({"quix-streams": options.quix} if options.quix else {})
        for loop, python in pythons.items():
            contenders[loop] = stack.enter_context(_loop(servers, loop, python))
        for name, produce in contenders.items():
            produce(list(events(f"warm-{name}", _WARM)))
            servers.wait_until(f"{name} works", partial(_all_written, servers, f"warm-{name}"))
        rounds = []
        for n in range(options.rounds):
            batches = {name: list(events(f"{name}-{n}", options.events)) for name in contenders}
            bare = bare_rate(embedder, texts_of(next(iter(batches.values()))))
            rounds.append({name: _through(servers, contenders[name], batch) / bare for name, batch in batches.items()})
    return {
        "of_bare_embedder": {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]},
        "rounds": [{name: round(ratio, 3) for name, ratio in one.items()} for one in rounds],
    }


def _all_written(servers: Servers, namespace: str) -> bool:
    return written(servers.redis, namespace) == _WARM


def _through(servers: Servers, produce: Produce, batch: Sequence[Mapping[str, Any]]) -> float:
    """Texts a second, from Kafka into Redis."""
    produce(batch)
    rate = worker_rate(lambda: written(servers.redis, batch[0]["namespace"]), len(batch))
    return rate * len(texts_of(batch)) / len(batch)


@contextmanager
def _loop(servers: Servers, loop: str, python: Path) -> Iterator[Produce]:
    """A loop in a process of its own, and what sends it messages."""
    broker, topic = servers.environment["SEMCACHE_KAFKA_BOOTSTRAP_SERVERS"], f"bare-{loop}"
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic(topic, num_partitions=4)])[topic].result(30)
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 5})

    def produce(batch: Sequence[Mapping[str, Any]]) -> None:
        for event in batch:
            producer.produce(topic, json.dumps(event), key=event["user"])
        producer.flush(30)

    command = [str(python), str(_LOOP), broker, servers.environment["SEMCACHE_REDIS_URL"], topic, loop]
    with servers.log.with_name(f"{loop}.log").open("w") as log:
        process = subprocess.Popen(command, env=dict(servers.environment), stdout=log, stderr=log)
    try:
        yield produce
    finally:
        process.kill()
        process.wait(timeout=30)
