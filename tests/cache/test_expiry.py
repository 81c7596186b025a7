"""Lifetimes: what expires is not served, hides nothing, and frees its vector."""

from __future__ import annotations

import threading

import pytest
import redis as redis_py

from semcache.cache import Hit, Miss, Reason, SemanticCache
from semcache.store import keys
from semcache.store.connect import connect
from semcache.store.expiry import Sweeper, sweep
from tests.cache.conftest import MakeCache
from tests.conftest import Clock, free_port
from tests.waiting import wait_until

PASSWORD = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


def vector_count(redis: redis_py.Redis, cache: SemanticCache) -> int:
    return int(redis.execute_command("VCARD", keys.CACHE_VECTORS.build(scope=cache.scope.id)))


def test_an_answer_is_served_until_its_time_and_not_after(make_cache: MakeCache, clock: Clock) -> None:
    """The default TTL ends an answer at its second; the miss says that it expired."""
    cache = make_cache(ttl=100)
    cache.store(PASSWORD, "answer")
    clock.advance(99.9)
    assert cache.lookup(PASSWORD)
    assert cache.lookup(PARAPHRASE)
    clock.advance(0.1)
    miss = cache.lookup(PARAPHRASE)
    assert isinstance(miss, Miss)
    assert miss.reason is Reason.EXPIRED
    assert not cache.lookup(PASSWORD)


def test_a_lookup_that_meets_an_expired_answer_frees_it(
    make_cache: MakeCache, clock: Clock, redis: redis_py.Redis
) -> None:
    """Vector and hash are gone after the lookup that found them expired, and the removal is counted once."""
    cache = make_cache(ttl=100)
    cache.store(PASSWORD, "answer", tags=["t"], sources={"d": 1})
    clock.advance(100)
    cache.lookup(PARAPHRASE)
    assert vector_count(redis, cache) == 0
    assert (cache.stats().entries, cache.stats().expired) == (0, 1)


def test_an_expired_nearest_does_not_mask_a_live_second(make_cache: MakeCache, clock: Clock) -> None:
    """The nearest is looked past when its time is over."""
    cache = make_cache()
    cache.store(PARAPHRASE, "short-lived", ttl=10)
    cache.store(PASSWORD, "long-lived", ttl=1000)
    clock.advance(10)
    hit = cache.lookup("how can i  reset my password")
    assert isinstance(hit, Hit)
    assert hit.response == "long-lived"


def test_many_expired_do_not_mask_a_live_one(make_cache: MakeCache, clock: Clock) -> None:
    """Sixty nearer answers that expired are looked past too."""
    cache = make_cache()
    for n in range(60):
        cache.store(f"How can I reset my password, please ({n})?", "dead", ttl=10)
    cache.store("How do I reset the password?", "alive", ttl=1000)
    clock.advance(10)
    found = cache.explain(PARAPHRASE)
    assert "How do I reset the password?" in {candidate.prompt for candidate in found.candidates if not candidate.note}


def test_a_hit_does_not_prolong_a_life(make_cache: MakeCache, clock: Clock) -> None:
    """An entry's own TTL is absolute: hits leave it alone, and never set it to the cache's default."""
    cache = make_cache(ttl=10_000)
    cache.store(PASSWORD, "answer", ttl=100)
    clock.advance(60)
    assert cache.lookup(PASSWORD)
    assert cache.lookup(PARAPHRASE)
    clock.advance(60)
    assert not cache.lookup(PASSWORD)


def test_a_hit_prolongs_a_life_when_asked_to(make_cache: MakeCache, clock: Clock, redis: redis_py.Redis) -> None:
    """With refresh_ttl_on_hit each hit starts the entry's own TTL again, for the exact index too."""
    cache = make_cache(ttl=10_000, refresh_ttl_on_hit=True)
    cache.store(PASSWORD, "answer", ttl=100, tags=["t"])
    for _ in range(2):
        clock.advance(60)
        assert cache.lookup(PASSWORD)
        clock.advance(60)
        assert cache.lookup(PARAPHRASE)
    assert sweep(redis, cache.scope.namespace, replay_clock=clock) == 0
    clock.advance(100)
    assert not cache.lookup(PASSWORD)


def test_an_answer_without_ttl_stays(make_cache: MakeCache, clock: Clock, redis: redis_py.Redis) -> None:
    """ttl=None on the cache keeps answers for ever, and Redis is told no expiry either."""
    cache = make_cache(ttl=None)
    entry_id = cache.store(PASSWORD, "answer", tags=["t"])
    clock.advance(10**9)
    assert cache.lookup(PARAPHRASE)
    (entry,) = cache.entries()
    assert entry.expires_at == 0
    own = [keys.CACHE_ENTRY.build(scope=cache.scope.id, entry=str(entry_id))]
    own += [keys.CACHE_EXACT.build(scope=cache.scope.id), keys.CACHE_TAG.build(scope=cache.scope.id, tag="t")]
    assert [redis.ttl(key) for key in own] == [-1, -1, -1]


def test_redis_drops_what_nobody_sweeps(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """The text of an entry and its indexes carry a TTL of Redis' own, so that no forgotten scope keeps them."""
    cache = make_cache(ttl=100)
    entry_id = cache.store(PASSWORD, "answer", tags=["t"], sources={"d": 1})
    cache.store("What are your opening hours?", "9 to 5", tags=["t"], ttl=5000)
    scope, day = cache.scope.id, 86_400
    assert day < redis.ttl(keys.CACHE_ENTRY.build(scope=scope, entry=str(entry_id))) <= day + 100
    assert day < redis.ttl(keys.CACHE_SOURCE.build(scope=scope, source="d")) <= day + 100
    assert day + 100 < redis.ttl(keys.CACHE_TAG.build(scope=scope, tag="t")) <= day + 5000, "of the longest-lived entry"
    exact = keys.CACHE_EXACT.build(scope=scope)
    (fingerprint, *_) = [f for f, id in redis.hgetall(exact).items() if id.decode() == entry_id]
    assert 0 < redis.httl(exact, fingerprint)[0] <= 100


def test_a_vector_whose_text_is_lost_is_looked_past_and_removed(
    make_cache: MakeCache, redis: redis_py.Redis, clock: Clock
) -> None:
    """When Redis dropped a hash by itself, the vector that is left hides nothing and goes at the next lookup."""
    cache = make_cache(ttl=None)
    entry_id = cache.store(PARAPHRASE, "lost")
    cache.store(PASSWORD, "kept")
    redis.delete(keys.CACHE_ENTRY.build(scope=cache.scope.id, entry=str(entry_id)))
    hit = cache.lookup(PARAPHRASE)
    assert isinstance(hit, Hit)
    assert (hit.response, hit.exact) == ("kept", False)
    assert vector_count(redis, cache) == 1


def test_storing_sweeps_a_few(make_cache: MakeCache, clock: Clock, redis: redis_py.Redis) -> None:
    """Each store removes some of what is due: a busy scope keeps no dead vectors though nobody asks for them."""
    cache = make_cache(ttl=10)
    for n in range(20):
        cache.store(f"Question {n}?", "dead")
    clock.advance(10)
    cache.store(PASSWORD, "alive")
    cache.store("What are your opening hours?", "alive")
    assert vector_count(redis, cache) == 2
    assert cache.stats().expired == 20


def test_a_sweep_takes_every_scope_of_the_namespace(
    make_cache: MakeCache, clock: Clock, redis: redis_py.Redis, namespace: str
) -> None:
    """What is due goes from all scopes, more than one script's worth; what lives stays."""
    caches = [make_cache(scope={"tenant": tenant}) for tenant in "ab"]
    for cache in caches:
        for n in range(70):
            cache.store(f"Question {n}?", "dead", ttl=10)
        cache.store(PASSWORD, "alive")
    clock.advance(10)
    assert sweep(redis, namespace, replay_clock=clock) == 140
    assert sweep(redis, namespace, replay_clock=clock) == 0
    assert [vector_count(redis, cache) for cache in caches] == [1, 1]


def test_the_sweeper_frees_in_the_background(
    make_cache: MakeCache, clock: Clock, redis: redis_py.Redis, namespace: str
) -> None:
    """Its thread removes what is due, and ends when it is told to."""
    cache = make_cache(ttl=10)
    cache.store(PASSWORD, "answer")
    with Sweeper(redis, namespace, interval_s=0.01, replay_clock=clock) as sweeper:
        sweeper.start()
        clock.advance(10)
        wait_until("the vector is gone", lambda: vector_count(redis, cache) == 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "semcache-sweeper"]


def test_the_sweeper_survives_an_outage(caplog: pytest.LogCaptureFixture, namespace: str) -> None:
    """While Redis is down it says so and tries again."""
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_s=0.1)
    with Sweeper(client, namespace, interval_s=0.01):
        wait_until("two attempts", lambda: caplog.text.count("not swept") >= 2)


def test_the_cap_evicts_the_least_used(make_cache: MakeCache, redis: redis_py.Redis, clock: Clock) -> None:
    """Beyond max_entries the entry with the least use goes, with its vector; used ones stay."""
    cache = make_cache(max_entries=3)
    for n in range(3):
        cache.store(f"Question {n}?", str(n))
        clock.advance(1)
    cache.lookup("Question 0?")
    cache.lookup("Question 2?")
    cache.store(PASSWORD, "new")
    assert {entry.response for entry in cache.entries()} == {"0", "2", "new"}
    assert cache.stats().evicted == 1
    assert vector_count(redis, cache) == 3


def test_use_decays(make_cache: MakeCache, clock: Clock) -> None:
    """Two hits of today weigh more than three of last week: yesterday's favourites make room."""
    cache = make_cache(max_entries=2, ttl=None)
    cache.store("What happened last week?", "old favourite")
    for _ in range(3):
        cache.lookup("What happened last week?")
    clock.advance(7 * 86_400)
    cache.store("What happens today?", "new favourite")
    for _ in range(2):
        cache.lookup("What happens today?")
    cache.store(PASSWORD, "newest")
    assert {entry.response for entry in cache.entries()} == {"new favourite", "newest"}


def test_the_newest_is_never_the_one_evicted(make_cache: MakeCache) -> None:
    """A full cache of much-used entries still takes a new one, even under a cap of one."""
    cache = make_cache(max_entries=1)
    for n in range(4):
        cache.store(f"Question {n}?", str(n))
        for _ in range(3):
            assert cache.lookup(f"Question {n}?")
    assert [entry.response for entry in cache.entries()] == ["3"]


def test_a_lowered_cap_is_reached_step_by_step(make_cache: MakeCache) -> None:
    """After the cap was lowered, each store removes a bounded number more than it adds."""
    roomy, tight = make_cache(), make_cache(max_entries=5)
    for n in range(40):
        roomy.store(f"Question {n}?", str(n))
    for n in range(3):
        tight.store(f"Another question {n}?", str(n))
    assert tight.stats().entries == 5


def test_what_expired_leaves_no_keys(make_cache: MakeCache, redis: redis_py.Redis, clock: Clock) -> None:
    """After expiry only the scope's own few keys are left: no entry, index, group or vector of any of thirty."""
    cache = make_cache(ttl=10, learn="inline")
    for n in range(30):
        miss = cache.lookup(f"What is written in clause {n} of the contract?")
        assert isinstance(miss, Miss)
        cache.store(
            f"What is written in clause {n} of the contract?", str(n), tags=[f"t{n}"], sources={f"d{n}": 1}, miss=miss
        )
    clock.advance(10)
    assert sweep(redis, cache.scope.namespace, replay_clock=clock) == 30
    left = {key.decode().rpartition(":")[2] for key in redis.scan_iter(f"*{cache.scope.id}*", count=10_000)}
    assert left <= {"scope", "counters", "rows", "served", "sums", "words", "pairs", "model", "repeats", "noted"}
