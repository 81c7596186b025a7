"""What publishing decisions costs a look-up, and how many decisions a processor counts in a second.

    python benchmarks/decisions.py [--lookups 4000] [--records 50000]

The cost is the processor time of look-ups that are published, the thread that publishes included, beside that of
look-ups that are not: in turn, block by block, in one process on the embedded servers; medians over the blocks. What a
look-up itself waits is the call.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

from cpu import own_s

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.lookup.reporting import Reporter
from semcache.cache.runtime import Runtime
from semcache.cache.types import DecisionPlace, Hit
from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.settings import Settings, load_settings
from semcache_ingest.decisions.cli import open_processor
from semcache_ingest.decisions.publish import Told, encoded, events_of, open_publisher
from semcache_ingest.decisions.recount import ends_of

BLOCK = 200
QUESTIONS = [f"How do I change the {part} of order {number}?" for number in range(25) for part in ("address", "date")]


def main() -> None:
    """Runs both measurements and prints them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lookups", type=int, default=4_000)
    parser.add_argument("--records", type=int, default=50_000)
    wanted = parser.parse_args()
    prepared()
    with TemporaryDirectory() as folder:
        redis, kafka = RedisServer(Path(folder) / "r", free_port()), KafkaServer(Path(folder) / "k", free_port())
        processes = [redis.start(tied=True), kafka.start(tied=True)]
        try:
            redis.wait_ready(processes[0])
            kafka.wait_ready(processes[1])
            settings = load_settings(
                redis_url=redis.address,
                kafka_bootstrap_servers=kafka.address,
                decisions={"publish": True, "waiting": 1_000_000},
            )
            cost(settings, wanted.lookups)
            rate(settings, wanted.records)
        finally:
            for process in processes:
                process.kill()


def cost(settings: Settings, lookups: int) -> None:
    """The time of an exact hit and of a hit by meaning, published and not."""
    with open_publisher(settings) as sink:
        caches = [
            SemanticCache(
                settings.redis.url,
                scope={"run": "cost"},
                options=CacheOptions(learn="off", runtime=Runtime(decisions=to)),
            )
            for to in (None, sink)
        ]
        for question in QUESTIONS:
            caches[0].store(question, "In your account, under 'orders'. " * 4)
        dressed = [question.lower() for question in QUESTIONS]
        for name, questions in (("exact hit", QUESTIONS), ("by meaning", dressed)):
            for cache in caches:
                timed(cache, questions)
            times: tuple[list[float], list[float]] = ([], [])
            for block in range(lookups // BLOCK):
                for which in (0, 1) if block % 2 else (1, 0):
                    times[which].append(timed(caches[which], questions))
            off, on = (statistics.median(found) for found in times)
            print(f"{name}: {off * 1e6:.0f} us, published {on * 1e6:.0f} us: {(on / off - 1) * 100:+.2f} %")
        print(f"lost: {sink.lost}")
        print(f"the call itself: {call(sink, caches[1]) * 1e6:.2f} us")


def timed(cache: SemanticCache, questions: list[str]) -> float:
    """Processor time of a look-up in one block, s; with what is published behind it."""
    started = own_s()
    for number in range(BLOCK):
        cache.lookup(questions[number % len(questions)])
    time.sleep(0.15)  # the publisher looks every tenth of a second
    return (own_s() - started) / BLOCK


def call(sink: object, cache: SemanticCache) -> float:
    """Seconds that a look-up waits for what is published: the median of short bursts."""
    reporter, found = cache._parts.reporter, cache.lookup(QUESTIONS[0])
    assert reporter is not None
    bursts = []
    for _ in range(50):
        time.sleep(0.01)
        started = time.perf_counter()
        for _ in range(20):
            reporter.looked_up(QUESTIONS[0], found, 0.001)
        bursts.append((time.perf_counter() - started) / 20)
    return statistics.median(bursts)


def prepared(lookups: int = 20_000) -> None:
    """Processor time of an exact hit's publishing, without any server: in the look-up, and in the thread behind it."""
    told: deque[Told] = deque()
    reporter = Reporter(told.append, DecisionPlace("default", "s" * 32, "acme", False, 0.02))
    hits = [Hit("An answer.", str(n), QUESTIONS[n], 1.0, 1.0, 0.0, {}, exact=True) for n in range(len(QUESTIONS))]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(lookups // BLOCK):
        started = time.thread_time()
        for number in range(BLOCK):
            reporter.looked_up(QUESTIONS[number % len(hits)], hits[number % len(hits)], 0.0003)
        between = time.thread_time()
        waiting = [told.popleft() for _ in range(len(told))]
        events = [encoded(event).encode() for event in events_of(waiting, text=False)]
        for took, seconds in zip(times, (between - started, time.thread_time() - between), strict=True):
            took.append(seconds / BLOCK)
    looking, behind = (statistics.median(found) * 1e6 for found in times)
    print(
        f"an exact hit: {looking:.2f} us in the look-up, {behind:.2f} us behind it; {BLOCK} in {len(events)} event(s)"
    )


def rate(settings: Settings, records: int) -> None:
    """Decisions that a processor counts in a second, from a full topic."""
    with open_publisher(settings) as sink:
        cache = SemanticCache(
            settings.redis.url, scope={"run": "rate"}, options=CacheOptions(runtime=Runtime(decisions=sink))
        )
        reporter, miss = cache._parts.reporter, cache.lookup("a question")
        assert reporter is not None
        for _ in range(records):
            reporter.looked_up("a question", miss, 0.001)
    ends = ends_of(settings)
    with open_processor(settings) as (processor, _):
        started = time.perf_counter()
        processor.run(threading.Event(), targets=ends)
        took = time.perf_counter() - started
    print(f"counted {sum(ends.values()):,} decisions in {took:.1f} s: {sum(ends.values()) / took:,.0f}/s")


if __name__ == "__main__":
    main()
