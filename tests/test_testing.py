"""The fixtures of `semcache.testing`, as an application's own tests use them."""

from __future__ import annotations

import pytest

from semcache.store.clients.client import Client

pytest_plugins = ["pytester"]

TESTS = """
def test_stores(semcache_cache):
    semcache_cache.store("How do I pay?", "By card.")
    assert semcache_cache.lookup("How do I pay?")

def test_is_empty(semcache_cache, semcache_memory):
    assert not semcache_cache.lookup("How do I pay?")
    memory = semcache_memory("ann")
    memory.append("s", "user", "My bike is a Brompton.")
    assert memory.recall("bike")
    assert memory is semcache_memory("ann")

def test_is_apart(semcache_memory):
    assert not semcache_memory("ann").recall("bike")
"""


@pytest.mark.parametrize("own", [True, False])
def test_tests_of_an_application(
    pytester: pytest.Pytester, redis: Client, redis_url: str, embedder: object, own: bool
) -> None:
    """Each has an empty cache and empty memories, on a Redis of the session's own or on one that is there."""
    pytester.makeconftest('pytest_plugins = ["semcache.testing"]')
    pytester.makepyfile(TESTS)
    before = set(redis.scan_iter("sc:*"))
    result = pytester.runpytest_inprocess(
        "-q", *([] if own else ["--semcache-redis", redis_url]), "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=3)
    if own:
        assert set(redis.scan_iter("sc:*")) == before
