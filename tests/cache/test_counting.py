"""Hits and misses are counted behind the answer: none is held up by it, and none is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py

from semcache.cache import SemanticCache, StoreOptions
from semcache.store import keys

QUESTION = "How do I reset my password?"
ASK = """
import multiprocessing, sys
from semcache.cache import SemanticCache
def ask(url, namespace, question):
    assert SemanticCache(url, namespace=namespace, scope={"tenant": "acme"}).lookup(question)
"""
AND_END = "ask(*sys.argv[1:])"
IN_A_FORK = """
child = multiprocessing.get_context("fork").Process(target=ask, args=sys.argv[1:])
child.start()
child.join()
assert child.exitcode == 0
"""


@contextmanager
def nothing_counted(cache: SemanticCache) -> Iterator[None]:
    """Holds up whoever counts."""
    begun, gate = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        gate.wait(20)

    assert cache._runtime.counts.submit(wait)
    assert begun.wait(20)
    try:
        yield
    finally:
        gate.set()


def counted(redis: redis_py.Redis, cache: SemanticCache) -> int:
    """Exact hits as Redis has them now."""
    return int(redis.hget(keys.CACHE_COUNTERS.build(scope=cache.scope.id), "hits_exact") or 0)


def test_an_answer_does_not_wait_until_it_is_counted(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """The hit is there before it is counted; whoever reads the statistics waits for it."""
    cache.store(QUESTION, "Use the link.")
    with nothing_counted(cache):
        assert cache.lookup(QUESTION)
        assert counted(redis, cache) == 0
    assert cache.stats().hits_exact == 1
    assert [entry.hits for entry in cache.entries()] == [1]


def test_a_hit_is_counted_though_its_entry_has_gone(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """An entry removed meanwhile stays removed; that it was served stays true."""
    entry_id = cache.store(QUESTION, "Use the link.", options=StoreOptions(cost=0.5))
    with nothing_counted(cache):
        assert cache.lookup(QUESTION)
        assert cache.invalidate(entry_id=entry_id) == 1
    stats = cache.stats()
    assert (stats.hits_exact, stats.cost_saved, stats.entries) == (1, 0.5, 0)
    assert not redis.exists(keys.CACHE_ENTRY.build(scope=cache.scope.id, entry=str(entry_id)))


def test_when_too_much_waits_to_be_counted_the_caller_counts(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """A full queue slows the callers down and loses nothing."""
    cache.store(QUESTION, "Use the link.")
    with nothing_counted(cache):
        while cache._runtime.counts.submit(lambda: None):
            pass
        assert cache.lookup(QUESTION)
        assert counted(redis, cache) == 1
    assert cache.stats().hits_exact == 1


@pytest.mark.parametrize("end", [AND_END, IN_A_FORK])
def test_the_end_of_a_process_waits_until_its_hits_are_counted(cache: SemanticCache, redis_url: str, end: str) -> None:
    """A script that asks once and ends is counted, and so is a forked child."""
    cache.store(QUESTION, "Use the link.", ttl=1e10)
    subprocess.run(
        [sys.executable, "-c", ASK + end, redis_url, cache.scope.namespace, QUESTION], check=True, timeout=60
    )
    assert cache.stats().hits_exact == 1
