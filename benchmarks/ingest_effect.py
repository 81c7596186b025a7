"""How long a cached answer outlives its document: from Kafka's acknowledgement of the change to the first miss."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from ingest_load import events, worker_rate, written
from servers import Servers

from semcache.cache import SemanticCache
from semcache.embed import Embedder, open_embedder
from semcache.settings import Settings
from semcache.store import keys
from semcache_ingest.publish import EventPublisher

DOCUMENTS = 50
GIVE_UP_S = 60.0
POLL_S = 0.002
CONFIRM_S = 30.0


@dataclass(slots=True)
class Load:
    """Messages at a steady rate (events/s) until `stop`. `sent` counts them, `seconds` tells for how long."""

    settings: Settings
    per_s: float
    stop: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    seconds: float = 0.0

    def run(self) -> None:
        started = time.perf_counter()
        with EventPublisher(self.settings) as publisher:
            for event in events("load", 10**9):
                if self.stop.is_set():
                    break
                publisher.publish(event)
                self.sent += 1
                self.seconds = time.perf_counter() - started
                self.stop.wait(max(0.0, self.sent / self.per_s - self.seconds))


@contextmanager
def flowing(load: Load) -> Iterator[None]:
    """The load flows while the block runs."""
    with ThreadPoolExecutor(1) as pool:
        running_load = pool.submit(load.run)
        try:
            yield
        finally:
            load.stop.set()
            running_load.result()


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents that change, and the cache of answers built from them."""

    servers: Servers
    publisher: EventPublisher
    cache: SemanticCache
    namespace: str

    def fill(self) -> None:
        """Version 1 of each, applied."""
        for number in range(DOCUMENTS):
            self.change(number, 1)
        key = keys.DOCUMENT_VERSIONS.build(namespace=self.namespace)
        self.servers.wait_until("all documents are there", lambda: self.servers.redis.hlen(key) == DOCUMENTS)

    def change(self, number: int, version: int) -> None:
        """Publishes a version; returns when Kafka has it."""
        text = f"Section {number} of the manual. In revision {version} the limit is {100 + version} units."
        event = {
            "type": "document_upserted",
            "id": f"d{number}@{version}",
            "namespace": self.namespace,
            "document": f"d{number}",
            "version": version,
            "text": text,
            "at": datetime.now(UTC).isoformat(),
        }
        self.publisher.publish(event, confirm_s=CONFIRM_S)

    def stale_for(self, number: int, version: int) -> float:
        """Seconds from the acknowledgement of the next version to the first miss of the answer built from this one."""
        question = f"What is the limit in section {number} of the manual?"
        self.cache.store(question, f"{100 + version} units.", sources={f"d{number}": version})
        if not self.cache.lookup(question):
            raise SystemExit("the answer is not served before its document changes")
        self.change(number, version + 1)
        acknowledged, pause = time.perf_counter(), threading.Event()
        while self.cache.lookup(question):
            if time.perf_counter() - acknowledged > GIVE_UP_S:
                raise SystemExit(f"the stale answer is still served after {GIVE_UP_S:g} s")
            pause.wait(POLL_S)
        return time.perf_counter() - acknowledged


def maximum(servers: Servers, number: int) -> float:
    """The worker's throughput in events/s, with messages alone."""
    servers.produce(list(events("warm", 50)))
    servers.wait_until("the worker works", lambda: written(servers.redis, "warm") == 50)
    servers.produce(list(events("maximum", number)))
    return worker_rate(lambda: written(servers.redis, "maximum"), number)


def change_to_effect(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds until a stale answer is no longer served, under a share of the maximum throughput."""
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    with servers.ingestor():
        return measured(servers, settings, embedder, options)


def measured(servers: Servers, settings: Settings, embedder: Embedder, options: argparse.Namespace) -> dict[str, Any]:
    """The maximum, then the load and the changes."""
    most = maximum(servers, options.events)
    load = Load(settings, per_s=most * options.load)
    cache = SemanticCache(servers.redis, embedder=embedder, namespace=settings.namespace, scope={"tenant": "t"})
    with EventPublisher(settings) as publisher:
        documents = Documents(servers, publisher, cache, settings.namespace)
        documents.fill()
        with flowing(load):
            servers.wait_until("the load arrives", lambda: written(servers.redis, "load") > 2 * load.per_s)
            waits = [documents.stale_for(n % DOCUMENTS, 1 + n // DOCUMENTS) for n in range(options.changes)]
            behind = load.sent - written(servers.redis, "load")
    return {
        "changes": len(waits),
        "maximum_per_s": round(most, 1),
        "load_per_s": round(load.sent / load.seconds, 1),
        "behind_at_end": behind,
        "seconds": percentiles(waits),
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(seconds, q)), 3) for q in (50, 95, 99)} | {"max": round(max(seconds), 3)}
