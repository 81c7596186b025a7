"""How long a warm semantic hit takes beside the bare embedding call, in one run, on the embedded Redis.

    python benchmarks/lookup.py [--entries N ...] [--rounds N] [--json]

A hit is everything: exact index, embedding, search, evidence, decision by a fitted score, fetch, counting and noting.
Each round gives the same paraphrase to the model alone and to the cache, in turn; embeddings are not remembered.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import redis

from semcache.cache import SemanticCache
from semcache.cache.budget import Sums, after_fit, pack_row, refit
from semcache.cache.evidence import FEATURES
from semcache.cache.state import LearningState, Note
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.embed import Embedder, default_embedder
from semcache.store import keys
from semcache.store.connect import connect

VERBS = "change cancel find print export delete share renew track return rename archive pay confirm move".split()
THINGS = (
    "delivery address|gift card|monthly invoice|customer account|travel booking|phone contract|parking permit|"
    "insurance policy|course certificate|theatre ticket|standing order|data backup|product review|team calendar"
).split("|")
QUESTIONS = [f"How do I {verb} my {thing} in the online portal?" for verb in VERBS for thing in THINGS]

FILLER: dict[Any, Any] = {
    "response": "An answer of ordinary length. " * 8,
    "expires": "0", "rejected": "0", "context": "", "tags": "[]", "created": "0", "sources": "{}",
    "indexes": "[]", "hits": 0, "ttl": "0", "format": "text",
}  # fmt: skip


def fill(cache: SemanticCache, client: redis.Redis, count: int, *, dim: int) -> None:
    """`count` entries whose vectors cluster like questions do: around some hundred centres, similarity .5 to .9."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(200, dim)).astype(np.float32)
    scope, done = cache.scope.id, 0
    while done < count:
        n = min(1_000, count - done)
        vectors = centres[rng.integers(200, size=n)] + 0.7 * rng.normal(size=(n, dim)).astype(np.float32)
        _write(client, scope, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), first=done)
        done += n


def _write(client: redis.Redis, scope: str, vectors: np.ndarray[Any, Any], *, first: int) -> None:
    pipe = client.pipeline(transaction=False)
    for n, vector in enumerate(vectors, first):
        id = f"filler{n}"
        entry = keys.CACHE_ENTRY.build(scope=scope, entry=id)
        pipe.execute_command("VADD", keys.CACHE_VECTORS.build(scope=scope), "FP32", vector.tobytes(), id, "NOQUANT")
        pipe.hset(
            entry,
            mapping=FILLER | {"prompt": f"A question about something else, number {n}?", "asked": id, "group": id},
        )
    pipe.execute()


def teach(state: LearningState) -> None:
    """A fitted score, as after some hundred answers: what is served is decided by it, not by the rule of the start."""
    rng = np.random.default_rng(7)
    notes = []
    for _ in range(1_500):
        right = bool(rng.random() < 0.8)
        features = [0.97 if right else 0.8, *rng.normal(0, 0.1, len(FEATURES) - 1).tolist()]
        notes.append(Note(row=pack_row(features, right), sums=Sums(labels=1.0, would_serve=1.0), words=("stem",)))
    state.write(notes)
    _, rows, sums = state.rows()
    state.put_model(refit(rows, sums), after=0, add=after_fit(sums))


def alternately(rounds: int, *tasks: Callable[[int], object]) -> list[list[float]]:
    """Milliseconds of each round of each task, taking turns so that a busy machine slows all alike."""
    taken: list[list[float]] = [[] for _ in tasks]
    for n in range(rounds):
        for times, task in zip(taken, tasks, strict=True):
            started = time.perf_counter()
            task(n)
            times.append((time.perf_counter() - started) * 1000)
    return taken


def measure(client: redis.Redis, embedder: Embedder, entries: int, rounds: int) -> dict[str, float]:
    """Fills a scope of its own and measures in it."""
    # The budget allows 20 hits of one paraphrase; the draw is one that checks none of them.
    cache = SemanticCache(
        client,
        embedder=embedder,
        namespace=f"bench{entries}",
        max_error_rate=0.01,
        ttl=None,
        learn="inline",
        draw=lambda asked, repeats: 1.0,
    )
    fill(cache, client, entries, dim=embedder.dim)
    teach(LearningState(client, cache.scope.id))
    for question in QUESTIONS:
        cache.store(question, "You can do that in your account, under settings.")
    asked = [question.replace("How do I", "How can I") for question in QUESTIONS]
    asked = [prompt for prompt in asked if cache.lookup(prompt)]
    if rounds > 15 * len(asked):
        raise SystemExit(f"only {len(asked)} paraphrases are hits: ask for at most {15 * len(asked)} rounds")

    def ask(n: int) -> None:
        if not cache.lookup(asked[n % len(asked)]):
            raise SystemExit(f"no semantic hit: {asked[n % len(asked)]}")

    bare_ms, hit_ms = alternately(rounds, lambda n: embedder.embed([asked[n % len(asked)]]), ask)
    return {
        "entries": client.execute_command("VCARD", keys.CACHE_VECTORS.build(scope=cache.scope.id)),
        "embed_ms_p50": statistics.median(bare_ms),
        "hit_ms_p50": statistics.median(hit_ms),
        "hit_ms_p95": statistics.quantiles(hit_ms, n=20)[-1],
        "overhead_ms_p50": statistics.median(hit_ms) - statistics.median(bare_ms),
        "ratio": statistics.median(hit_ms) / statistics.median(bare_ms),
    }


@contextmanager
def redis_server() -> Iterator[redis.Redis]:
    """A client of an embedded Redis of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), free_port())
        process = server.start(tied=True)
        try:
            server.wait_ready(process)
            yield connect(server.address, timeout_s=60)
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000, 20_000], help="entries already stored")
    parser.add_argument("--rounds", type=int, default=200, help="hits measured")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with redis_server() as client:
        results = [measure(client, default_embedder().inner, entries, options.rounds) for entries in options.entries]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for result in results:
        print(
            "  ".join(
                f"{name} {value:.2f}" if name != "entries" else f"{value:>7} entries" for name, value in result.items()
            )
        )


if __name__ == "__main__":
    main()
