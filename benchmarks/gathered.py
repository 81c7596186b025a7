"""How long facts and entities of a memory take beside the bare embedding of one question.

    python benchmarks/gathered.py [--turns N ...] [--rounds N] [--json]

Cold: the first call of a process (its imports and its connection not counted). Changed: the first call after a turn was
added. Warm: any other. Turns are sentences as in `recall.py`; half of them name one of some 4,000 persons, as often as
natural text would, and one in fifty tells something of the user.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from recall import Clustered, alternately, printed, sentences, turn
from redis import Redis
from servers import running

from semcache.embed import default_embedder
from semcache.memory import AgentMemory, TurnWriter

_QUESTION = "Who gave me the blue bicycle?"
_SYLLABLES = "mar jon kel ber tar lor fin gus hel ott dra vin ros pel sim".split()
_ENDS = "a en os ith ula eri anne ock ald ing ette ova ez orn elle is ard".split()
_TOLD = ("I live in {}.", "My sister {} has asthma.", "I work at {}.", "My dog is called {}.", "I'm allergic to nuts.")


def talk(seed: int) -> Iterator[str]:
    """Endless sentences with names in them."""
    rng, plain = np.random.default_rng(seed), sentences(seed)
    names = ["".join(parts).capitalize() for parts in product(_SYLLABLES, _SYLLABLES, _ENDS)]
    chances = 1 / np.arange(4, len(names) + 4)
    chances /= chances.sum()
    n = 0
    while True:
        first, last = (names[place] for place in rng.choice(len(names), size=2, p=chances))
        said = f" We met {first} {last} again." if n % 2 else ""
        yield _TOLD[n // 50 % len(_TOLD)].format(first) if n % 50 == 0 else next(plain) + said
        n += 1


def measured(url: str, user: str) -> dict[str, float]:
    """Milliseconds of the calls in a process that knows nothing yet."""
    redis = Redis.from_url(url)
    redis.ping()
    memory = AgentMemory(redis, user=user, embedder=default_embedder(), namespace="bench")
    times = took("entities_cold", memory.entities) | took("entities_warm", memory.entities)
    memory.append("new", "user", "We met Zoltan Abermann in Lyon.")
    times |= took("facts_changed", memory.facts) | took("entities_changed", memory.entities)
    return times | took("facts_warm", memory.facts) | {"entities": len(memory.entities())}


def facts_cold(url: str, user: str) -> dict[str, float]:
    """The same of facts alone."""
    redis = Redis.from_url(url)
    redis.ping()
    return took("facts_cold", AgentMemory(redis, user=user, embedder=default_embedder(), namespace="bench").facts)


def took(name: str, call: Callable[[], object]) -> dict[str, float]:
    """Milliseconds by the clock, and of this process's processor: the latter says more on a busy machine."""
    started, worked = time.perf_counter(), time.process_time()
    call()
    ms, cpu_ms = (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
    return {f"{name}_ms": ms, f"{name}_cpu_ms": cpu_ms}


def measure(url: str, turns: int, rounds: int) -> dict[str, float]:
    """Fills a memory of its own and asks for what was gathered, each round in a process of its own."""
    user, said, redis = f"user-{turns}", talk(turns), Redis.from_url(url)
    writer = TurnWriter(redis, Clustered(default_embedder()))
    for first in range(0, turns, 256):
        writer.append([turn(user, n, next(said)) for n in range(first, min(first + 256, turns))])
    model = default_embedder().inner
    embed_ms = statistics.median(alternately(20, lambda _: model.embed([_QUESTION]))[0])
    found = []
    for _ in range(rounds):
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            cold = fresh.apply(facts_cold, (url, user))
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            found.append(fresh.apply(measured, (url, user)) | cold)
    medians = {name: round(statistics.median(row[name] for row in found), 1) for name in found[0]}
    ratios = {
        name.replace("_ms", "_ratio"): round(ms / embed_ms, 2)
        for name, ms in medians.items()
        if "_ms" in name and "cpu" not in name
    }
    return {"turns": turns, "embed_ms": round(embed_ms, 1), **medians, **ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, nargs="+", default=[1_000, 10_000], help="turns of the user")
    parser.add_argument("--rounds", type=int, default=5, help="processes that ask")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with running(kafka=False) as servers:
        url = servers.environment["SEMCACHE_REDIS_URL"]
        results = [measure(url, turns, options.rounds) for turns in options.turns]
    printed(results, as_json=options.json)


if __name__ == "__main__":
    main()
