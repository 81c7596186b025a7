"""How fast answers are stored, and what they take in memory, beside the library of another checkout.

    python benchmarks/stores.py [--source CHECKOUT] [--questions FILE] [--entries N] [--rounds N] [--json]

In each round, in an embedded Redis of its own, each library in turn stores N answers of 240 characters, every other
one with a source: one `store` after the other, by `store_many` (a library that has none: `store` again), and by `warm`
(what `semcache cache warm` does; half of its rows are known already). Vectors are given. Medians of the rounds; memory
is what Redis has taken more for the first N, by entry.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.warming import KnownAnswer, warm
from semcache.store.connect import connect

WAYS = ("store", "store_many", "warm")
_ANSWER = "An answer of ordinary length. " * 8
Vectors = NDArray[np.float32]


class Given:
    """The model's vectors of the questions."""

    fingerprint = "given~1~mean~fp32"

    def __init__(self, prompts: Sequence[str], vectors: Vectors) -> None:
        self.dim = vectors.shape[1]
        self._known = dict(zip(prompts, vectors, strict=True))

    def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> Vectors:
        return np.stack([self._known[text] for text in texts])


def stored(url: str, file: Path) -> dict[str, float]:
    """Answers a second by each way, and bytes an entry; run with the library that is to be measured."""
    given, client = np.load(file, allow_pickle=False), connect(url, timeout_s=600)
    prompts = [str(prompt) for prompt in given["prompts"]]
    embedder = Given(prompts, given["vectors"])
    answers = [
        KnownAnswer(prompt, _ANSWER, sources={f"doc-{n}": 1} if n % 2 else {}) for n, prompt in enumerate(prompts)
    ]

    def by(way: str) -> SemanticCache:
        return SemanticCache(client, embedder=embedder, namespace=way, ttl=86_400, options=CacheOptions(learn="off"))

    def rate(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return len(prompts) / (time.perf_counter() - started)

    def one_by_one(cache: SemanticCache, some: Sequence[KnownAnswer]) -> None:
        for answer in some:
            cache.store(answer.prompt, answer.response, sources=answer.sources)

    def at_once(cache: SemanticCache, some: Sequence[KnownAnswer]) -> None:
        if hasattr(cache, "store_many"):
            cache.store_many(some)
        else:
            one_by_one(cache, some)

    before = client.info("memory")["used_memory"]
    measured = {"store": rate(lambda: one_by_one(by("store"), answers))}
    measured["bytes_per_entry"] = (client.info("memory")["used_memory"] - before) / len(prompts)
    measured["store_many"] = rate(lambda: at_once(by("store_many"), answers))
    at_once(by("warm"), answers[::2])
    measured["warm"] = rate(lambda: list(warm(by("warm"), answers)))
    return measured


def measure(
    sources: Sequence[Path], file: Path, rounds: int, say: Callable[[str], object]
) -> dict[str, dict[str, float]]:
    """Medians of the rounds, of each library."""
    from lookup import redis_server

    taken: dict[Path, list[dict[str, float]]] = {source: [] for source in sources}
    for number in range(rounds):
        for source in sources:
            say(f"round {number + 1} of {rounds}: {source.name}")
            with redis_server() as client:
                address = client.connection_pool.connection_kwargs
                url = f"redis://{address['host']}:{address['port']}/0"
                program = [sys.executable, __file__, "--inside", url, "--questions", str(file)]
                environment = {**os.environ, "PYTHONPATH": str(source)}
                ran = subprocess.run(program, env=environment, check=True, stdout=subprocess.PIPE, text=True)
                taken[source].append(json.loads(ran.stdout))
    return {
        source.name: {name: statistics.median(one[name] for one in ran) for name in ran[0]}
        for source, ran in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, nargs="*", default=[], help="other checkouts")
    parser.add_argument("--questions", type=Path, help="CSV or TSV of pairs, whose first questions are stored")
    parser.add_argument("--entries", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(stored(options.inside, options.questions)))
        return
    from lookup import progress
    from lookup_questions import island, of_file

    from semcache.embed import default_embedder

    say, embedder = progress(), default_embedder().inner
    say("embedding the questions")
    given = options.questions
    questions = of_file(given, embedder, most=options.entries) if given else island(embedder)
    with tempfile.TemporaryDirectory() as folder:
        prompts, vectors = questions.entries(0, options.entries)
        np.savez(file := Path(folder) / "given.npz", prompts=np.array(prompts), vectors=vectors)
        sources = [*(source.resolve() for source in options.source), Path(__file__).parent.parent]
        measured = measure(sources, file, options.rounds, say)
    if options.json:
        print(json.dumps(measured, indent=2))
        return
    columns = ("store", "store_many", "warm", "bytes_per_entry")
    print("| library | " + " | ".join(columns) + " |\n" + "| --- " * (len(columns) + 1) + "|")
    for name, one in measured.items():
        print(f"| {name} | " + " | ".join(f"{one[column]:,.0f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
