"""What a large namespace costs: many scopes, their sweeper, reads of their catalogue, documents of many passages.

    python benchmarks/growth.py [--scopes N] [--passages N ...] [--seconds S] [--json]

Each scope holds an answer that expires within the next hour, so that of 100,000 scopes 28 are swept in a second. A
sweeper is watched for some seconds: what it takes of its process and of Redis, in ms of processor time a second.
`idle_sweep_ms`: what a sweep takes, every five seconds, in each other process, which finds nothing left to do. Then the
catalogue is read as a whole, and the longest command is noted: nobody else is served meanwhile. Documents are stored
(vectors given) and searched at each number of passages: all lie in one slot.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import psutil
import redis
from lookup import progress, redis_server
from numpy.typing import NDArray

from semcache.cache.scope import make_scope
from semcache.cache.scopes.catalogue import listed
from semcache.knowledge import KnowledgeBase
from semcache.knowledge.types import Upsert
from semcache.store import keys
from semcache.store.expiry import Sweeper, catalogue_keys, entry_prefix, scope_keys, sweep

NAMESPACE = "large"
_HOUR_S = 3_600
_AT_ONCE = 1_000
_PARAGRAPHS = 20


class Given:
    """A vector of its own for each text."""

    dim = 384
    fingerprint = "given~1~mean~fp32"

    def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> NDArray[np.float32]:
        vectors = np.stack([np.random.default_rng(list(text[-40:].encode())).normal(size=self.dim) for text in texts])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def add_scopes(client: redis.Redis, count: int) -> None:
    """Scopes with an answer each, as far as sweeper and catalogue see them."""
    catalogue, due = catalogue_keys(NAMESPACE)
    now = client.time()[0]
    for first in range(0, count, _AT_ONCE):
        pipe = client.pipeline(transaction=False)
        for n in range(first, min(first + _AT_ONCE, count)):
            scope = make_scope(NAMESPACE, {"user": f"user-{n}"}, embedder="given")
            _, expiry, use, exact, _ = scope_keys(scope.id)
            expires = now + 1 + _HOUR_S * (n * 0.618034 % 1)
            pipe.hset(catalogue, scope.id, scope.to_json())
            pipe.zadd(due, {scope.id: expires})
            pipe.zadd(expiry, {"answer": expires})
            pipe.zadd(use, {"answer": 1.0})
            pipe.hset(exact, "asked", "answer")
            pipe.hset(entry_prefix(scope.id) + "answer", mapping={"asked": "asked", "prompt": "?", "expires": expires})
        pipe.execute()


def busy(client: redis.Redis) -> float:
    """Processor time that Redis has taken, s."""
    known = client.info("cpu")
    return float(known["used_cpu_user"]) + float(known["used_cpu_sys"])


def sweeping(client: redis.Redis, seconds: float) -> dict[str, float]:
    """What a sweeper takes, ms a second: of its process (with this one's own work, which is none) and of Redis."""
    before = client.zcard(catalogue_keys(NAMESPACE)[1])
    own, theirs, started = psutil.Process().cpu_times(), busy(client), time.perf_counter()
    with Sweeper(client, NAMESPACE):
        threading.Event().wait(seconds)
    taken = time.perf_counter() - started
    now = psutil.Process().cpu_times()
    return {
        "process_ms_per_s": (now.user + now.system - own.user - own.system) / taken * 1000,
        "redis_ms_per_s": (busy(client) - theirs) / taken * 1000,
        "swept_per_s": (before - client.zcard(catalogue_keys(NAMESPACE)[1])) / taken,
    }


def idle_sweep(client: redis.Redis) -> float:
    """What a sweep takes where nothing is due, as for every process but the first, ms."""
    times = []
    for _ in range(20):
        sweep(client, NAMESPACE)
        started = time.perf_counter()
        sweep(client, NAMESPACE)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def longest_command(client: redis.Redis, work: Callable[[], object]) -> float:
    """The longest command of some work, ms of Redis' time."""
    client.config_set("slowlog-log-slower-than", 0)
    client.config_set("slowlog-max-len", 100_000)
    client.slowlog_reset()
    work()
    client.config_set("slowlog-log-slower-than", -1)
    return float(max(entry["duration"] for entry in client.slowlog_get(100_000))) / 1000


def scopes(client: redis.Redis, count: int, seconds: float, say: Callable[[str], object]) -> dict[str, float]:
    """Everything about so many scopes."""
    say(f"adding {count:,} scopes")
    add_scopes(client, count)
    say(f"{count:,} scopes: sweeping")
    measured = sweeping(client, seconds)
    measured["idle_sweep_ms"] = idle_sweep(client)
    started = time.perf_counter()
    found = listed(client, NAMESPACE)
    measured["catalogue_s"] = time.perf_counter() - started
    measured["catalogue_longest_command_ms"] = longest_command(client, lambda: listed(client, NAMESPACE))
    key = catalogue_keys(NAMESPACE)[0]
    measured["hgetall_ms"] = longest_command(client, lambda: client.hgetall(key))
    return {"scopes": float(len(found)), **measured}


def documents(client: redis.Redis, sizes: Sequence[int], say: Callable[[str], object]) -> Iterator[dict[str, float]]:
    """Stores and searches at each number of passages."""
    base, done = KnowledgeBase(client, embedder=Given(), namespace=NAMESPACE), 0
    vectors = keys.CHUNK_VECTORS.build(namespace=NAMESPACE, fingerprint=Given.fingerprint)
    for size in sorted(sizes):
        begun, first = time.perf_counter(), done
        while done < size:
            text = "\n\n".join(_paragraph(n) for n in range(done, done + _PARAGRAPHS))
            base.apply([Upsert(f"document-{done}", text)])
            done = int(client.execute_command("VCARD", vectors))
            say(f"{done:,} passages")
        stored_s = time.perf_counter() - begun
        times = []
        for n in range(100):
            started = time.perf_counter()
            base.search(f"What is said of thing {n * 37 % size}?")
            times.append((time.perf_counter() - started) * 1000)
        yield {
            "passages": done,
            "passages_per_s": (done - first) / stored_s,
            "search_ms": statistics.median(times),
            "search_ms_p95": statistics.quantiles(times, n=20)[-1],
            "longest_search_ms": longest_command(client, lambda: base.search("What is said of thing 7?")),
            "bytes_per_passage": client.info("memory")["used_memory"] / done,
        }


def _paragraph(n: int) -> str:
    words = np.random.default_rng(n).choice(5_000, size=60)
    return f"Of thing {n}: " + " ".join(f"word{word}" for word in words) + "."


def table(rows: Sequence[dict[str, float]]) -> str:
    """As Markdown."""
    lines = ["| " + " | ".join(rows[0]) + " |", "| --- " * len(rows[0]) + "|"]
    lines += ["| " + " | ".join(f"{v:,.0f}" if v >= 100 else f"{v:.2f}" for v in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scopes", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--passages", type=int, nargs="*", default=[10_000, 50_000], help="1000000: some hours")
    parser.add_argument("--seconds", type=float, default=20.0, help="that a sweeper is watched")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    say = progress()
    measured: dict[str, list[dict[str, float]]] = {"scopes": [], "documents": []}
    for count in options.scopes:
        with redis_server() as client:
            measured["scopes"].append(scopes(client, count, options.seconds, say))
    with redis_server() as client:
        measured["documents"] = list(documents(client, options.passages, say))
    print(
        json.dumps(measured, indent=2)
        if options.json
        else "\n\n".join(table(rows) for rows in measured.values() if rows)
    )


if __name__ == "__main__":
    main()
