"""Hits and misses are counted behind the answer: none is held up by it, and none is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcache.cache import SemanticCache, StoreOptions, inputs
from semcache.store import keys
from tests.test_forking import in_child

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


def test_hits_are_gathered_and_written_together(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """Whatever comes before the next write is one write: each entry's hits, the savings and the misses."""
    for n in range(3):
        cache.store(f"Question number {n}?", "An answer.", options=StoreOptions(cost=0.1, tokens=7))
    with nothing_counted(cache):
        queued = cache._runtime.counts._queued
        for n in range(30):
            assert cache.lookup(f"Question number {n % 3}?")
        assert not cache.lookup("Something else entirely")
        assert cache._runtime.counts._queued == queued + 1
    stats = cache.stats()
    assert (stats.hits_exact, stats.tokens_saved, stats.cost_saved) == (30, 210, 3.0)
    assert sum(stats.misses.values()) == 1
    assert [entry.hits for entry in cache.entries()] == [10, 10, 10]


def test_whoever_fills_the_tally_writes_it(
    cache: SemanticCache, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in memory is bounded: one too many is written by the caller, with all before it."""
    monkeypatch.setattr("semcache.cache.entries.tally.MOST_WAITING", 3)
    for n in range(4):
        cache.store(f"Question number {n}?", "An answer.")
    with nothing_counted(cache):
        for n, written in enumerate((0, 0, 3, 3)):
            assert cache.lookup(f"Question number {n}?")
            assert counted(redis, cache) == written
    assert cache.stats().hits_exact == 4


def test_what_the_end_of_a_runtime_gave_up_is_counted_later(
    cache: SemanticCache, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache may be used after its end: whoever counts next sends again for what nobody had time to write."""
    monkeypatch.setattr("semcache.cache.entries.tally.RESENT_AFTER_S", 0.0)
    cache.store(QUESTION, "Use the link.")
    with nothing_counted(cache):
        assert cache.lookup(QUESTION)
        cache._runtime.close(0.0)
    assert counted(redis, cache) == 0
    assert cache.lookup(QUESTION)
    assert cache.stats().hits_exact == 2


def test_a_child_leaves_its_parent_the_parents_counts(cache: SemanticCache) -> None:
    """What was served before a fork is counted once, by the process that served it."""
    cache.store(QUESTION, "Use the link.")
    with nothing_counted(cache):
        assert cache.lookup(QUESTION)

        def ask() -> None:
            assert cache.lookup(QUESTION)
            cache._runtime.counted()

        in_child(ask)
    assert cache.stats().hits_exact == 2


@given(st.lists(st.tuples(st.sampled_from(["ask", "remove", "store", "read"]), st.integers(0, 2)), max_size=25))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_hit_is_counted_once(cache: SemanticCache, did: list[tuple[str, int]]) -> None:
    """In whatever order answers are stored, served, removed and the statistics read."""
    cache.store("The first question of all", "It stays.")
    before, served = cache.stats(), 0
    for what, n in did:
        question = f"Question number {n}?"
        if what == "ask":
            served += bool(cache._parts.lookup.exactly(inputs.question(question)))
        elif what == "store":
            cache.store(question, "An answer.", options=StoreOptions(tokens=3))
        elif what == "remove" and (entry := cache.get(question)):
            cache.invalidate(entry_id=entry.entry_id)
        elif what == "read":
            assert cache.stats().hits_exact - before.hits_exact == served
    after = cache.stats()
    assert after.hits_exact - before.hits_exact == served
    assert after.tokens_saved - before.tokens_saved == 3 * served


@pytest.mark.parametrize("end", [AND_END, IN_A_FORK])
def test_the_end_of_a_process_waits_until_its_hits_are_counted(cache: SemanticCache, redis_url: str, end: str) -> None:
    """A script that asks once and ends is counted, and so is a forked child."""
    cache.store(QUESTION, "Use the link.", ttl=1e10)
    subprocess.run(
        [sys.executable, "-c", ASK + end, redis_url, cache.scope.namespace, QUESTION], check=True, timeout=60
    )
    assert cache.stats().hits_exact == 1
