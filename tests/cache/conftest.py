"""Caches for tests: real embedder, real Redis, a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py

from semcache.cache import CacheOptions, SemanticCache
from semcache.embed import CachedEmbedder
from semcache.store import keys
from tests.conftest import Clock

MakeCache = Callable[..., SemanticCache]
BY_NAME = {"embedder", "namespace", "scope", "max_error_rate", "ttl", "judge"}


@pytest.fixture
def make_cache(redis: redis_py.Redis, embedder: CachedEmbedder, namespace: str, clock: Clock) -> Iterator[MakeCache]:
    """Makes caches of the test's namespace; afterwards checks that nothing half-removed is left of any."""

    made: list[SemanticCache] = []

    def make(**options: Any) -> SemanticCache:
        named = {name: options.pop(name) for name in BY_NAME & options.keys()}
        made.append(
            SemanticCache(
                options.pop("client", redis),
                **{"embedder": embedder, "namespace": namespace, **named},
                options=CacheOptions(**{"replay_clock": clock, **options}),
            )
        )
        return made[-1]

    yield make
    for cache in made:
        cache._runtime.flush()
    assert_whole(redis, namespace)


@pytest.fixture
def cache(make_cache: MakeCache) -> SemanticCache:
    return make_cache(scope={"tenant": "acme"})


def scope_ids(redis: redis_py.Redis, namespace: str) -> list[str]:
    return [id.decode() for id in redis.hkeys(keys.CACHE_SCOPES.build(namespace=namespace))]


def assert_whole(redis: redis_py.Redis, namespace: str) -> None:
    """Every vector has its hash, its use and its expiry, and the reverse; indexes point to what is there."""
    for scope in scope_ids(redis, namespace):
        pattern = keys.CACHE_ENTRY.build(scope=scope, entry="") + "*"
        prefix = pattern[:-1]
        entries = {key.decode().removeprefix(prefix) for key in redis.scan_iter(pattern, count=10_000)}
        size = redis.execute_command("VCARD", keys.CACHE_VECTORS.build(scope=scope))
        use = {id.decode() for id in redis.zrange(keys.CACHE_USE.build(scope=scope), 0, -1)}
        expiry = {id.decode() for id in redis.zrange(keys.CACHE_EXPIRY.build(scope=scope), 0, -1)}
        short = {id for id in entries if redis.hget(prefix + id, "verbatim") != b"1"}
        mortal = {id for id in entries if redis.hget(prefix + id, "expires") != b"0"}
        assert use == entries, "use and hashes hold the same ids"
        assert expiry == mortal, "what expires is in the expiry set, and nothing else"
        assert size == len(short), "every entry has its vector, every vector its entry"
        for id in redis.hvals(keys.CACHE_EXACT.build(scope=scope)):
            assert id.decode() in entries, "the exact index points to an entry"
        for kind in (keys.CACHE_SOURCE.build(scope=scope, source=""), keys.CACHE_TAG.build(scope=scope, tag="")):
            for index in redis.scan_iter(kind + "*", count=10_000):
                assert {id.decode() for id in redis.smembers(index)} <= entries, f"{index!r} points to entries"
        members: dict[str, str] = {}
        for group in redis.scan_iter(keys.CACHE_GROUP.build(scope=scope, group="") + "*", count=10_000):
            held = [id.decode() for id in redis.hkeys(group) if not id.startswith(b"#")]
            assert held, f"{group!r} has entries"
            members |= dict.fromkeys(held, group.decode().rpartition(":")[2])
        joined = {id: (redis.hget(prefix + id, "group") or b"").decode() for id in entries}
        assert members == {id: group or id for id, group in joined.items() if group or id in members}
        assert not keys.undeclared(key.decode() for key in redis.scan_iter(f"sc:{{c:{scope}}}*", count=10_000))
