"""Look-ups of many threads and processes at once, beside the bare embedder's with as many; and a stampede.

    python benchmarks/concurrency.py [--questions FILE] [--entries N] [--threads N ...] [--processes N ...]

In one process with so many threads, and in so many processes with one thread each, taking turns: embeddings alone, hits
by meaning (each with its embedding), exact hits, the least that an exact look-up can be (one script that returns three
fields of an entry, nothing checked or counted), bare GETs of redis-py; calls in a second, and how long one takes.
Entries and questions are those of `lookup.py`, the Redis is an embedded one on the same cores. A stampede: 200 threads
ask at once for what takes half a second to compute.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from instructions import bare_exact
from lookup import is_semantic, progress, redis_server
from lookup_caches import ANSWER, Given, fill, open_cache, publish_documents, teach
from lookup_questions import island, of_file

from semcache.cache.learning.state import LearningState
from semcache.embed import default_embedder
from semcache.store import keys
from semcache.store.connect import connect

KINDS = ("embed", "hit", "exact", "script", "get")
STAMPEDE = 200
_COMPUTE_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked where: questions that are hits by meaning, and stored ones."""

    url: str
    others: list[str]
    stored: list[str]


def calls(asked: Asked) -> dict[str, Callable[[int], object]]:
    """The n-th call of each kind, which says whether it found what it should; each cache sees one kind."""
    embedder, client = default_embedder().inner, connect(asked.url, timeout_s=60)
    by_meaning, exact = open_cache(client, embedder), open_cache(client, embedder)
    script = bare_exact(client, exact)
    return {
        "embed": lambda n: len(embedder.embed([asked.others[n % len(asked.others)]])),
        "hit": lambda n: is_semantic(by_meaning.lookup(asked.others[n % len(asked.others)])),
        "exact": lambda n: exact.lookup(asked.stored[n % len(asked.stored)]),
        "script": lambda n: script(asked.stored[n % len(asked.stored)]),
        "get": lambda n: client.get("bench:get"),
    }


def timed(call: Callable[[int], object], *, threads: int, seconds: float) -> list[tuple[float, bool]]:
    """What each call took, s, and whether it found something."""
    taken: list[list[tuple[float, bool]]] = [[] for _ in range(threads)]
    begin = threading.Barrier(threads)

    def work(own: int) -> None:
        begin.wait()
        end, n = time.perf_counter() + seconds, own * 7
        while (started := time.perf_counter()) < end:
            found = bool(call(n))
            taken[own].append((time.perf_counter() - started, found))
            n += threads * 7

    workers = [threading.Thread(target=work, args=(own,)) for own in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [one for of_thread in taken for one in of_thread]


def summary(taken: Sequence[tuple[float, bool]], seconds: float) -> dict[str, float]:
    times = [one for one, _ in taken]
    centiles = statistics.quantiles(times, n=100)
    return {
        "per_s": len(times) / seconds,
        "p50_ms": centiles[49] * 1000,
        "p99_ms": centiles[98] * 1000,
        "found": statistics.fmean(found for _, found in taken),
    }


def _process(asked: Asked, kind: str, seconds: float, begin: threading.Barrier, results: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    call = calls(asked)[kind]
    for n in range(20):
        call(n)
    begin.wait()
    results.put(timed(call, threads=1, seconds=seconds))


def in_processes(asked: Asked, kind: str, *, processes: int, seconds: float) -> list[tuple[float, bool]]:
    """The same in processes of one thread each."""
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(processes), context.Queue()
    workers = [context.Process(target=_process, args=(asked, kind, seconds, begin, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    taken = [one for _ in workers for one in results.get(timeout=120 + seconds)]
    for worker in workers:
        worker.join()
    return taken


def stampede(client: redis.Redis) -> dict[str, float]:
    """200 threads ask for the same answer at once: how many compute it, and when the last one has it, s."""
    computed: list[float] = []
    pause = threading.Event()

    def compute() -> str:
        computed.append(time.perf_counter())
        pause.wait(_COMPUTE_S)
        return ANSWER

    with open_cache(client, default_embedder()) as cache:
        taken = timed(
            lambda n: cache.get_or_compute("What nobody has asked before?", compute), threads=STAMPEDE, seconds=0.01
        )
    return {"threads": STAMPEDE, "computations": len(computed), "longest_s": max(one for one, _ in taken)}


def fresh(client: redis.Redis) -> None:
    """Forgets how often each question was asked: what is served often is answered anew now and then."""
    scope = open_cache(client, default_embedder()).scope.id
    client.delete(keys.CACHE_REPEATS.build(scope=scope))


def filled(client: redis.Redis, url: str, entries: int, file: Path | None) -> Asked:
    """A cache with so many entries, and what is asked of it."""
    embedder, say = default_embedder().inner, progress()
    say("embedding the questions")
    questions = of_file(file, embedder, most=entries) if file else island(embedder)
    client.set("bench:get", ANSWER)
    publish_documents(client)
    given = Given(embedder)
    with open_cache(client, given) as filling:
        teach(LearningState(client, filling.scope.id))
        fill(filling, given, questions, first=0, last=entries, say=say)
    with open_cache(client, embedder) as cache:
        others = [text for text in questions.asked if is_semantic(cache.lookup(text))]
    if not others:
        raise SystemExit("no question is a hit by meaning: give more pairs")
    return Asked(url, others, questions.stored[: min(entries, 1_000)])


def measure(
    client: redis.Redis, asked: Asked, *, threads: Sequence[int], processes: Sequence[int], seconds: float
) -> Iterator[dict[str, Any]]:
    """One row after the other."""
    ours, say = calls(asked), progress()
    for call in ours.values():
        timed(call, threads=2, seconds=0.5)
    for count in threads:
        say(f"{count} threads")
        row = {}
        for kind, call in ours.items():
            fresh(client)
            row[kind] = summary(timed(call, threads=count, seconds=seconds), seconds)
        yield {"threads": count, "processes": 1, **row}
    for count in processes:
        say(f"{count} processes")
        row = {}
        for kind in KINDS:
            fresh(client)
            row[kind] = summary(in_processes(asked, kind, processes=count, seconds=seconds), seconds)
        yield {"threads": 1, "processes": count, **row}


def head() -> str:
    """The first two lines of the table."""
    columns = ("threads", "processes", "embed/s", "hit/s", "hit / embed", "p50 / p99 ms", "found", "exact/s", "p99 ms")
    bounds = ("script/s", "get/s", "exact / script", "exact / get")
    return f"| {' | '.join(columns + bounds)} |\n{'| --- ' * len(columns + bounds)}|"


def line(row: Mapping[str, Any]) -> str:
    """One row of the table."""
    embed, hit, exact, script, get = (row[kind] for kind in KINDS)
    return (
        f"| {row['threads']} | {row['processes']} | {embed['per_s']:.0f} | {hit['per_s']:.0f} "
        f"| {hit['per_s'] / embed['per_s']:.2f} | {hit['p50_ms']:.1f} / {hit['p99_ms']:.1f} | {hit['found']:.2f} "
        f"| {exact['per_s']:,.0f} | {exact['p99_ms']:.1f} | {script['per_s']:,.0f} | {get['per_s']:,.0f} "
        f"| {exact['per_s'] / script['per_s']:.2f} | {exact['per_s'] / get['per_s']:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, help="CSV or TSV of pairs: stored, asked, maybe label")
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--processes", type=int, nargs="*", default=[2, 4])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each kind of call in each row")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with redis_server() as client:
        address = client.connection_pool.connection_kwargs
        url = f"redis://{address['host']}:{address['port']}/0"
        asked = filled(client, url, options.entries, options.questions)
        rows: list[dict[str, Any]] = []
        for row in measure(
            client, asked, threads=options.threads, processes=options.processes, seconds=options.seconds
        ):
            if not options.json:
                print(line(row) if rows else f"{head()}\n{line(row)}", flush=True)
            rows.append(row)
        one = stampede(client)
    if options.json:
        print(json.dumps({"rows": rows, "stampede": one}, indent=2))
        return
    done = f"{one['computations']:.0f} computed, the last was done after {one['longest_s']:.2f} s"
    print(f"\nstampede of {STAMPEDE}: {done}")


if __name__ == "__main__":
    main()
