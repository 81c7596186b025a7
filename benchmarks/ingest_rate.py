"""The worker against the bare embedder: how much of its speed is left when texts come through Kafka into Redis."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from ingest_load import BATCH, events, texts_of, worker_rate, written
from servers import Servers

from semcache.embed import Embedder
from semcache.embed.opening import open_model
from semcache.settings import Settings


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
