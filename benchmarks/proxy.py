"""What `semcache serve` adds to a call, how fast a hit is, and how much it takes, on an embedded Redis of its own.

    python benchmarks/proxy.py [--rounds N] [--clients N ...] [--workers N ...] [--seconds S] [--soak N] [--json]

In front of an upstream that answers after a fixed latency. First one client: in each round a question that is new goes
to the upstream directly and through the proxy, and one that is stored is asked of the library and of the proxy, in the
very same words and in others, all in turn, so that whatever else the machine does falls on each. `added_ms` is the
median of a miss less that of the upstream alone; `hit_ratio` and `exact_ratio` are medians of the proxy's hits over
those of the library, `SemanticCache.lookup` of the same question in the same scope, in this process. The proxy asks
beside whom the answer to the question serves, the library does not. Other words are asked once, so that neither
remembers their vector. `embed_ms`: the model alone; `added_in_embeddings`: the time added in units of it.

Then so many clients at once, for each number of workers: answers in a second and the 50th and 99th percentile of their
time, of misses and of exact hits; `errors` is whatever is not status 200. `--soak N`: N requests, 9 of 10 of them
hits, by 16 clients, of which some read slowly and some go away in the middle of a stream; memory, threads and
descriptors of the server on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from lookup_caches import teach
from lookup_questions import THINGS, VERBS
from proxy_http import Answered, Connection, asking, upstream
from proxy_soak import soak
from servers import running

from semcache.cache import Hit, SemanticCache
from semcache.cache.learning.state import LearningState
from semcache.cache.scopes.catalogue import scopes
from semcache.devstack.ports import free_port
from semcache.embed import default_embedder

LATENCY_S = 0.02
_SEMCACHE = Path(sys.executable).with_name("semcache")
_STORED = [f"How do I {verb} a {thing} in the online portal?" for verb in VERBS for thing in THINGS]
_NAMESPACE = "bench"


def new_questions() -> Iterator[str]:
    """Questions that nobody has asked, all shared ones."""
    for number in itertools.count():
        verb, thing = VERBS[number % len(VERBS)], THINGS[number // len(VERBS) % len(THINGS)]
        yield f"How do I {verb} a {thing} of series {number:05} in the online portal?"


def other_words() -> Iterator[str]:
    """The stored questions, each in several other wordings."""
    for asked in ("How can I", "How could I", "How should I", "How would I", "How do you", "How does one"):
        yield from (question.replace("How do I", asked) for question in _STORED)


@contextmanager
def proxy(environment: Mapping[str, str], upstream_port: int, workers: int = 1) -> Iterator[tuple[int, psutil.Process]]:
    """`semcache serve` in a process of its own: its port, and the process."""
    port = free_port()
    command = [str(_SEMCACHE), "serve", "--port", str(port)]
    command += ["--upstream", f"http://127.0.0.1:{upstream_port}", "--workers", str(workers)]
    own = {"SEMCACHE_NAMESPACE": _NAMESPACE}
    process = subprocess.Popen(
        command, env={**environment, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        asyncio.run(_warm(process, port, workers))
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def _warm(process: subprocess.Popen[bytes], port: int, workers: int) -> None:
    """Returns when every worker has loaded its model."""
    deadline = time.monotonic() + 120
    while True:
        try:
            for number in range(20 * workers):
                connection = await Connection.open(port)
                await connection.send(asking(f"How do I warm worker number {number}?"))
                connection.close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("semcache serve does not answer") from None
            await asyncio.sleep(0.2)


class OneClient:
    """One client that asks in turn; `cache` is the library on the scope that the proxy serves from."""

    def __init__(self, redis_url: str, new: Iterator[str], direct: Connection, proxied: Connection) -> None:
        self._url = redis_url
        self._new = new
        self._direct = direct
        self._proxied = proxied
        self._others = other_words()

    async def fill(self) -> SemanticCache:
        """Stores questions through the proxy, and lets the scope learn that other wordings of them may be served."""
        for question in _STORED:
            await self._proxied.send(asking(question))
        cache = SemanticCache(self._url, embedder=default_embedder(), namespace=_NAMESPACE)
        [scope] = scopes(cache._redis, _NAMESPACE)
        cache = cache.within(dict(scope.items))
        teach(LearningState(cache._redis, cache.scope.id))
        return cache

    async def measure(self, cache: SemanticCache, rounds: int) -> Mapping[str, float]:
        """Medians over so many rounds, in ms, and their ratios."""
        taken: dict[str, list[float]] = {}
        for number in range(rounds):
            stored, other, new = _STORED[number % len(_STORED)], next(self._others), next(self._new)
            answers = {
                "upstream": await self._direct.send(asking(new)),
                "miss": await self._proxied.send(asking(new)),
                "exact": await self._proxied.send(asking(stored)),
                "semantic": await self._proxied.send(asking(other)),
            }
            for name, answer in answers.items():
                if answer.outcome in (name, "direct"):
                    taken.setdefault(name, []).append(answer.ms)
            for name, question in (("library_exact", stored), ("library_semantic", other)):
                hit, ms = _timed(partial(cache.lookup, question))
                if isinstance(hit, Hit):
                    taken.setdefault(name, []).append(ms)
            taken.setdefault("embed", []).append(_timed(partial(cache.embedder.embed, [new]))[1])
        if not all(taken.get(name) for name in ("semantic", "library_semantic")):
            raise SystemExit("no question in other words was a hit")
        return _ratios({name: statistics.median(times) for name, times in taken.items()}) | {
            "miss_ms_p99": statistics.quantiles(taken["miss"], n=100)[-1],
            "asked": len(taken["semantic"]),
        }


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and milliseconds."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1000


def _ratios(ms: Mapping[str, float]) -> dict[str, float]:
    found = {f"{name}_ms": value for name, value in ms.items()}
    found["added_ms"] = ms["miss"] - ms["upstream"]
    found["added_in_embeddings"] = found["added_ms"] / ms["embed"]
    found["hit_ratio"] = ms["semantic"] / ms["library_semantic"]
    found["exact_ratio"] = ms["exact"] / ms["library_exact"]
    return found


async def load(port: int, clients: int, seconds: float, request: Callable[[], bytes]) -> Mapping[str, float]:
    """Closed loop: each client asks again as soon as it is answered."""
    until = time.perf_counter() + seconds

    async def client() -> list[Answered]:
        connection, answers = await Connection.open(port), []
        while time.perf_counter() < until:
            answers.append(await connection.send(request()))
        connection.close()
        return answers

    answers = [each for one in await asyncio.gather(*(client() for _ in range(clients))) for each in one]
    times = [each.ms for each in answers]
    return {
        "per_s": len(answers) / seconds,
        "p50_ms": statistics.median(times),
        "p99_ms": statistics.quantiles(times, n=100)[-1],
        "errors": sum(each.status != 200 for each in answers),
    }


def alone(environment: Mapping[str, str], upstream_port: int, new: Iterator[str], rounds: int) -> Mapping[str, float]:
    """One client, one worker."""

    async def run(port: int) -> Mapping[str, float]:
        direct, proxied = await Connection.open(upstream_port), await Connection.open(port)
        client = OneClient(environment["SEMCACHE_REDIS_URL"], new, direct, proxied)
        cache = await client.fill()
        await client.measure(cache, 20)  # connections, lazy imports
        return await client.measure(cache, rounds)

    with proxy(environment, upstream_port) as (port, _):
        return asyncio.run(run(port))


def together(
    environment: Mapping[str, str],
    upstream_port: int,
    new: Iterator[str],
    *,
    workers: int,
    clients: Sequence[int],
    seconds: float,
) -> Iterator[Mapping[str, Any]]:
    """So many clients at once, of so many workers."""
    with proxy(environment, upstream_port, workers) as (port, _):
        stored = itertools.cycle(_STORED)
        kinds = {"miss": lambda: asking(next(new)), "hit": lambda: asking(next(stored))}
        asyncio.run(load(port, 4, 3.0, kinds["hit"]))  # stores them, where they are not yet
        for count in clients:
            for kind, request in kinds.items():
                measured = asyncio.run(load(port, count, seconds, request))
                yield {"kind": kind, "workers": workers, "clients": count, **measured}


def run(*, rounds: int, clients: Sequence[int], workers: Sequence[int], seconds: float, soaked: int) -> dict[str, Any]:
    """Everything that was measured."""
    with running(kafka=False) as servers, upstream(port := free_port(), LATENCY_S):
        environment, new = {**os.environ, **servers.environment}, new_questions()
        measured: dict[str, Any] = {"alone": alone(environment, port, new, rounds)}
        print("one client:", json.dumps(measured["alone"]), file=sys.stderr, flush=True)
        measured["together"] = []
        for count in workers:
            for line in together(environment, port, new, workers=count, clients=clients, seconds=seconds):
                print(json.dumps(line), file=sys.stderr, flush=True)
                measured["together"].append(line)
        if soaked:
            with proxy(environment, port) as (address, process):
                measured["soak"] = soak(address, process, soaked, _STORED, new)
        return measured


def table(measured: Mapping[str, Any]) -> str:
    """As Markdown."""
    lines = [f"| {name} | {value:.2f} |" for name, value in measured["alone"].items()]
    lines = ["| one client | |", "| --- | --- |", *lines, ""]
    columns = ("kind", "workers", "clients", "per_s", "p50_ms", "p99_ms", "errors")
    for name, columns_ in (("together", columns), ("soak", ("requests", "rss_mib", "threads", "descriptors"))):
        if rows := measured.get(name):
            lines += ["| " + " | ".join(columns_) + " |", "| --- " * len(columns_) + "|"]
            lines += ["| " + " | ".join(_shown(row[column]) for column in columns_) + " |" for row in rows] + [""]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds of one client")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16, 64], help="clients at once")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="workers of the server")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--soak", type=int, default=0, help="requests under which the memory is watched")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.rounds > 1_000:
        parser.error("there are other words for some 1,000 rounds")
    if min(options.rounds - 9, *options.clients, *options.workers, options.seconds) <= 0 or options.soak < 0:
        parser.error("10 rounds or more; clients, workers and seconds are positive numbers")
    measured = run(
        rounds=options.rounds, clients=options.clients, workers=options.workers, seconds=options.seconds,
        soaked=options.soak,
    )  # fmt: skip
    print(json.dumps(measured, indent=2) if options.json else table(measured))


if __name__ == "__main__":
    main()
