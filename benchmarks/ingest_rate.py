"""The worker against the bare embedder: how much of its speed is left when texts come through Kafka into Redis."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from cpu import children_s, own_s
from ingest_load import BATCH, events, texts_of, worker_rate, written
from servers import Servers

from semcache.embed import Embedder
from semcache.embed.opening import open_model
from semcache.settings import Settings

WORKER = "semcache-ingest"


def bare_rate(embedder: Embedder, texts: Sequence[str]) -> float:
    """Texts a second, in batches as the ingestor's."""
    started = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        embedder.embed(texts[start : start + BATCH], kind="passage")
    return len(texts) / (time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Round:
    """Rates of one round, texts/s, and the processor time of a text, ms; `parts`: that of each process."""

    bare: float
    through: float
    bare_ms: float
    parts: dict[str, float]

    @property
    def of_worker(self) -> float:
        """What the bare embedding is of the workers' processor time."""
        return self.bare_ms / self.parts[WORKER]

    @property
    def of_all(self) -> float:
        """What it is of everybody's: workers, Redis and Kafka."""
        return self.bare_ms / sum(self.parts.values())


def against_embedder(servers: Servers, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Worker and bare embedder by turns."""
    embedder = open_model(settings.embed, model_dir=settings.model_dir)
    embedder.embed(["warm up"])
    with ExitStack() as stack:
        for _ in range(options.workers):
            stack.enter_context(servers.ingestor())
        servers.produce(list(events("warm", 50)))
        servers.wait_until("the worker works", lambda: written(servers.redis, "warm") == 50)
        rounds = [_round(servers, embedder, f"round{n}", options.events) for n in range(options.rounds)]
    return {
        "texts_per_s": {
            "bare_embedder": [round(r.bare, 1) for r in rounds],
            "through_kafka": [round(r.through, 1) for r in rounds],
        },
        "ratio": round(statistics.median(r.through / r.bare for r in rounds), 3),
        "cpu_ms_per_text": {"bare_embedder": round(statistics.median(r.bare_ms for r in rounds), 2)}
        | {name: round(statistics.median(r.parts[name] for r in rounds), 2) for name in rounds[0].parts},
        "cpu_ratio": {
            "worker": round(statistics.median(r.of_worker for r in rounds), 3),
            "all": round(statistics.median(r.of_all for r in rounds), 3),
        },
    }


def _round(servers: Servers, embedder: Embedder, namespace: str, number: int) -> Round:
    batch = list(events(namespace, number))
    texts = texts_of(batch)
    began = own_s()
    bare = bare_rate(embedder, texts)
    bare_ms = 1000 * (own_s() - began) / len(texts)
    before = children_s()
    servers.produce(batch)
    through = worker_rate(lambda: written(servers.redis, namespace), number) * len(texts) / number
    used = children_s()
    return Round(bare, through, bare_ms, {n: 1000 * (used[n] - before[n]) / len(texts) for n in before})
