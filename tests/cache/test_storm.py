"""Many threads and processes on one scope, with changes, removals, expiry, eviction and a killed process."""

from __future__ import annotations

import multiprocessing
import os

import pytest
import redis as redis_py

from semcache.cache import SemanticCache
from semcache.embed import CachedEmbedder
from semcache.store.expiry import sweep
from tests.cache import storm
from tests.cache.conftest import assert_whole
from tests.waiting import wait_until

PROCESSES, THREADS = 4, 8
SECONDS = float(os.environ.get("STORM_SECONDS", "60"))


@pytest.mark.timeout(400)  # 60 s of storm, on a machine that has other work
def test_a_storm_leaves_no_stale_answer_no_orphan_and_true_counters(
    redis: redis_py.Redis, redis_url: str, embedder: CachedEmbedder, namespace: str
) -> None:
    """No answer older than its document, nothing half-removed, and every stored entry accounted for."""
    context = multiprocessing.get_context("spawn")
    report = context.Queue()
    processes = [
        context.Process(target=storm.run, args=(redis_url, namespace, seed, THREADS, SECONDS, report))
        for seed in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    cache = SemanticCache(redis, embedder=embedder, namespace=namespace)
    wait_until("the storm is on", lambda: cache.stats().lookups > 500, timeout_s=60)
    processes[0].kill()
    results = [report.get(timeout=SECONDS + 60) for _ in processes[1:]]
    for process in processes:
        process.join(30)

    assert [complaint for _, complaints in results for complaint in complaints] == []
    lookups = sum(done for done, _ in results)
    stats = cache.stats()
    assert stats.lookups >= lookups > 500
    assert stats.hits > 100
    assert min(stats.replaced + 1, stats.evicted, stats.expired, stats.invalidated, stats.stale) > 0, stats
    assert_whole(redis, namespace)
    removed = stats.replaced + stats.evicted + stats.expired + stats.invalidated + stats.stale
    assert stats.stored == stats.entries + removed
    wait_until("what is left has expired", lambda: sweep(redis, namespace, replay_clock=lambda: _now(redis) + 10) == 0)
    assert cache.stats().entries == 0
    assert_whole(redis, namespace)


def _now(redis: redis_py.Redis) -> float:
    seconds, _ = redis.time()
    return float(seconds)
