"""Everything that a scope puts into Redis has an end: by a sweep, by an erasure, or else by itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import redis as redis_py

from semcache.cache import Hit, Miss, SemanticCache, invalidate_source
from semcache.cache.entries import Entries
from semcache.cache.entries.registration import SLACK_MS
from semcache.cache.learning.judge import equal_text
from semcache.cache.learning.state import LearningState
from semcache.cache.scope import Scope
from semcache.cache.scopes.erasure import erase_answers_of
from semcache.embed import CachedEmbedder, Kind, Vectors
from semcache.errors import ConfigurationError
from semcache.store import keys
from semcache.store.expiry import GRACE_MS, Sweeper, entry_prefix, sweep
from tests.cache.conftest import MakeCache
from tests.cache.test_learning import fill_rows
from tests.conftest import Clock
from tests.waiting import wait_until

QUESTION = "How do I treat my infection at home?"
NEIGHBOUR = "How can I avoid an infection while travelling?"
IDLE_S = 1_000.0


def own_keys(redis: redis_py.Redis, cache: SemanticCache) -> dict[str, int]:
    """The keys of a scope, and what each has left, ms."""
    found = redis.scan_iter(f"sc:{{c:{cache.scope.id}}}*", count=1000)
    return {key.decode().partition("}:")[2]: redis.pttl(key) for key in found}


def catalogue(redis: redis_py.Redis, namespace: str) -> list[str]:
    return [id.decode() for id in redis.hkeys(keys.CACHE_SCOPES.build(namespace=namespace))]


def ask(cache: SemanticCache, prompt: str, answer: str, **options: Any) -> None:
    """A miss that is answered, so that it teaches."""
    missed = cache.lookup(prompt)
    assert isinstance(missed, Miss)
    cache.store(prompt, answer, miss=missed, **options)


# -- what nobody sweeps


def test_every_key_of_a_scope_ends_by_itself(make_cache: MakeCache, redis: redis_py.Redis, namespace: str) -> None:
    """Answers, indexes, statistics, learning, dependants, catalogue: each has a lifetime, no longer than needed."""
    cache = make_cache(ttl=100, learn="inline", idle_ttl=IDLE_S, max_error_rate=0.2)
    for n in range(4):
        ask(cache, f"How do I renew contract {n}?", f"In chapter {n}.", sources={f"d{n}": 1}, tags=["t"])
    fill_rows(LearningState(redis, cache.scope.id, idle_s=IDLE_S), right=200, wrong=150)
    assert cache._parts.learner.fit()
    left = own_keys(redis, cache)
    answers_ms, idle_ms = 100_000 + GRACE_MS, IDLE_S * 1000
    assert {"counters", "rows", "sums", "words", "model", "use", "expiry", "vectors", "tag:t"} <= left.keys()
    for name, left_ms in left.items():
        longest = idle_ms if name in ("counters", "rows", "sums", "words", "pairs", "model") else answers_ms
        longest += idle_ms if name == "noted" else 0  # on a cluster, where it lives as long as the catalogue's line
        assert 0 < left_ms <= longest, name
    for n in range(4):
        key = keys.CACHE_DEPENDANTS.build(namespace=namespace, source=f"d{n}")
        assert 100_000 < redis.hpttl(key, cache.scope.id)[0] <= 100_000 + SLACK_MS
    (listed_ms,) = redis.hpttl(keys.CACHE_SCOPES.build(namespace=namespace), cache.scope.id)
    assert answers_ms < listed_ms <= answers_ms + idle_ms


def test_answers_that_never_expire_keep_their_scope(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """With ttl=None entries, vectors, dependants and the line of the catalogue stay; unused, learning still ends."""
    cache = make_cache(ttl=None, learn="inline", idle_ttl=IDLE_S)
    cache.store(QUESTION, "By rest.", sources={"d": 1}, ttl=50)
    ask(cache, NEIGHBOUR, "With a doctor.", sources={"d": 1})
    cache.store("When are you open?", "Always.", sources={"d": 1}, ttl=50)
    left = own_keys(redis, cache)
    assert [left[name] for name in ("use", "vectors", "source:d")] == [-1, -1, -1]
    assert 0 < left["counters"] <= IDLE_S * 1000
    for key in (
        keys.CACHE_SCOPES.build(namespace=namespace),
        keys.CACHE_DEPENDANTS.build(namespace=namespace, source="d"),
    ):
        assert redis.hpttl(key, cache.scope.id) == [-1]


def test_use_starts_the_lifetime_again(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A hit renews what counts and all that was learned, the model too."""
    cache = make_cache(learn="inline", idle_ttl=IDLE_S)
    ask(cache, QUESTION, "By rest.")
    ask(cache, NEIGHBOUR, "By rest.")
    cache._parts.learner.fit()
    names = [name for name in ("counters", "rows", "sums", "words", "model") if name in own_keys(redis, cache)]
    for name in names:
        redis.expire(f"sc:{{c:{cache.scope.id}}}:{name}", 5)
    assert isinstance(cache.lookup(QUESTION), Hit)
    left = own_keys(redis, cache)
    assert min(left[name] for name in names) > 5_000


def test_a_prolonged_answer_prolongs_what_leads_to_it(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """With refresh_ttl_on_hit a hit renews the line of the catalogue and the dependants of the answer's documents."""
    cache = make_cache(ttl=100, refresh_ttl_on_hit=True)
    cache.store(QUESTION, "By rest.", sources={"d": 1})
    notes = [
        keys.CACHE_SCOPES.build(namespace=namespace),
        keys.CACHE_DEPENDANTS.build(namespace=namespace, source="d"),
    ]
    for key in notes:
        redis.hpexpire(key, 5_000, cache.scope.id)
    assert cache.lookup(QUESTION)
    assert all(redis.hpttl(key, cache.scope.id)[0] > 90_000 for key in notes)


# -- sweeps


def test_an_empty_scope_leaves_the_catalogue(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, clock: Clock
) -> None:
    """A sweep takes scopes out that hold nothing and have learned nothing; a later sweep has nothing to do."""
    for n in range(250):
        make_cache(scope={"user": f"u{n}"}, ttl=10).store("Where is my order?", "On its way.")
    assert len(catalogue(redis, namespace)) == 250
    clock.advance(10)
    assert sweep(redis, namespace, replay_clock=clock) == 250
    assert catalogue(redis, namespace) == []
    assert not redis.exists(keys.CACHE_DUE.build(namespace=namespace))


def test_a_scope_that_has_learned_leaves_when_its_learning_ends(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, clock: Clock
) -> None:
    """It stays listed, so that an erasure finds what it learned, and is swept again when that has run out."""
    cache = make_cache(ttl=10, learn="inline", idle_ttl=IDLE_S)
    ask(cache, QUESTION, "By rest.")
    ask(cache, NEIGHBOUR, "By rest.")
    clock.advance(10)
    assert sweep(redis, namespace, replay_clock=clock) == 2
    assert catalogue(redis, namespace) == [cache.scope.id]
    due = redis.zscore(keys.CACHE_DUE.build(namespace=namespace), cache.scope.id)
    assert due is not None
    assert clock() + 0.9 * IDLE_S < due <= clock() + IDLE_S + 1
    cache._parts.learner.forget()  # as Redis does then
    clock.advance(IDLE_S + 2)
    sweep(redis, namespace, replay_clock=clock)
    assert catalogue(redis, namespace) == []


def test_many_sweepers_share_the_scopes(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, clock: Clock
) -> None:
    """Four sweep at once: each answer is removed once, each scope visited by one of them."""
    caches = [make_cache(scope={"user": f"u{n}"}, ttl=10) for n in range(40)]
    for cache in caches:
        cache.store("Where is my order?", "On its way.")
    clock.advance(10)
    swept: list[int] = []
    threads = [
        threading.Thread(target=lambda: swept.append(sweep(redis, namespace, replay_clock=clock))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(swept) == 40
    assert [cache.stats().expired for cache in caches] == [1] * 40


def test_one_broken_scope_stops_nothing_else(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A key of a wrong type is logged with its scope; the sweeper goes on, and the other scopes are swept."""
    broken, whole = (make_cache(scope={"t": t}, ttl=10) for t in "ab")
    for cache in (broken, whole):
        cache.store(QUESTION, "By rest.")
    key = keys.CACHE_EXPIRY.build(scope=broken.scope.id)
    redis.delete(key)
    redis.set(key, "no sorted set")
    clock.advance(10)
    with Sweeper(redis, namespace, interval_s=0.01, replay_clock=clock):
        wait_until("the whole scope is swept", lambda: whole.stats().expired == 1)
        whole.store(QUESTION, "By rest.", ttl=10)
        clock.advance(10)
        wait_until("and again", lambda: whole.stats().expired == 2)
    assert f"{broken.scope.id} cannot be swept" in caplog.text
    redis.delete(key)
    broken.drop()


@pytest.mark.parametrize("kind", [keys.CACHE_VECTORS, keys.CACHE_EXACT, keys.CACHE_MODEL, keys.CACHE_SUMS])
def test_a_key_of_another_program_is_said_to_be_one(
    make_cache: MakeCache, redis: redis_py.Redis, kind: keys.KeyKind
) -> None:
    """Where a key holds something else than the cache writes, the error says so and what finds it."""
    cache = make_cache()
    cache.store(QUESTION, "By rest.")
    key = kind.build(scope=cache.scope.id)
    redis.delete(key)
    redis.set(key, "of another program")
    with pytest.raises(ConfigurationError, match="semcache doctor"):
        cache.lookup("How is a cold treated, and by whom?")
    redis.delete(key)
    cache.drop()


@pytest.mark.parametrize("field", ["created", "tags"])
def test_an_entry_that_cannot_be_read_is_not_served_and_hides_no_other(
    make_cache: MakeCache, redis: redis_py.Redis, field: str
) -> None:
    """A broken entry counts as gone: questions near it are answered by others, its own by a new one."""
    cache = make_cache()
    broken, whole = cache.store(QUESTION, "By rest."), cache.store("How is a burn treated?", "By water.")
    redis.hset(entry_prefix(cache.scope.id) + str(broken), field, "no number")
    assert cache.get_or_compute(QUESTION, lambda: "By soup.") == "By soup."
    found = cache.lookup("How is a burn treated?")
    assert isinstance(found, Hit)
    assert found.entry_id == whole
    assert cache.get_or_compute(QUESTION, lambda: "anew") == "By soup."


# -- time


@pytest.mark.parametrize("off_s", [3_700.0, -3_700.0])
def test_a_host_whose_clock_is_wrong_changes_nothing_for_the_others(
    redis: redis_py.Redis,
    embedder: CachedEmbedder,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    off_s: float,
) -> None:
    """It stores, looks up and sweeps while an hour ahead or behind: all answers stay, none is served for longer."""
    cache = SemanticCache(redis, embedder=embedder, namespace=namespace, ttl=3_600)
    for n in range(5):
        cache.store(f"What is written in clause {n}?", "A.")
    cache.store(QUESTION, "By rest.", ttl=0.05)
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + off_s)
    wrong = SemanticCache(redis, embedder=embedder, namespace=namespace, ttl=3_600)
    wrong.store("One more question?", "A.")
    wait_until("the short-lived answer is not served", lambda: wrong.explain(QUESTION).served is None, timeout_s=5)
    assert isinstance(wrong.lookup("What is written in clause 2?"), Hit)
    sweep(redis, namespace)
    assert cache.stats().entries == 6
    (entry,) = [entry for entry in wrong.entries() if entry.prompt == "One more question?"]
    assert abs(entry.created_at - true()) < 60
    cache.drop()


# -- erasure


def slow_judge(begun: threading.Event, gate: threading.Event) -> Callable[..., list[bool | None]]:
    def judge(new: Any, others: Any) -> list[bool | None]:
        begun.set()
        assert gate.wait(20)
        return equal_text(new, others)

    return judge


def teaching(make_cache: MakeCache, gate: threading.Event) -> SemanticCache:
    """A user's cache of two answers, the judge of which waits at the gate."""
    begun = threading.Event()
    cache = make_cache(scope={"user": "pia"}, judge=slow_judge(begun, gate))
    cache.store(QUESTION, "By rest.")
    ask(cache, NEIGHBOUR, "By rest.")
    assert begun.wait(20)
    return cache


def test_a_lesson_under_way_brings_nothing_of_an_erased_user_back(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """The judge answers after the erasure: no row, no word, no key is written, and a second erasure finds nothing."""
    gate = threading.Event()
    cache = teaching(make_cache, gate)
    cache._runtime.counted()
    assert erase_answers_of(redis, namespace, "pia") == 2
    assert own_keys(redis, cache) == {}
    gate.set()
    assert cache._runtime.flush(20)
    assert own_keys(redis, cache) == {}
    assert erase_answers_of(redis, namespace, "pia") == 0


def test_a_lesson_of_before_is_not_learned_by_the_scope_of_after(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """The user comes back while the lesson is still under way: the words of the erased question stay away."""
    gate = threading.Event()
    cache = teaching(make_cache, gate)
    erase_answers_of(redis, namespace, "pia")
    cache.store("When are you open?", "Always.")
    gate.set()
    assert cache._runtime.flush(20)
    assert not {"words", "rows"} & own_keys(redis, cache).keys()


class _Interrupted:
    """An embedder during whose work something else happens."""

    def __init__(self, embedder: CachedEmbedder, meanwhile: Callable[[], object]) -> None:
        self.dim, self.fingerprint = embedder.dim, embedder.fingerprint
        self._embedder, self._meanwhile = embedder, meanwhile

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        self._meanwhile()
        return self._embedder.embed(texts, kind=kind)


PAIRS = [(QUESTION, NEIGHBOUR, True), ("When are you open?", "Where do I park?", False)]


def test_labelled_pairs_bring_nothing_of_an_erased_user_back(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, embedder: CachedEmbedder
) -> None:
    """The user is erased while their labelled pairs are read: no row and no word is written."""
    interrupted = _Interrupted(embedder, lambda: erase_answers_of(redis, namespace, "pia"))
    cache = make_cache(scope={"user": "pia"}, embedder=interrupted)
    cache.add_labelled(PAIRS)
    assert own_keys(redis, cache) == {}
    assert catalogue(redis, namespace) == []


def test_labelled_pairs_teach_a_scope_without_answers(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """A new scope learns from them, ends like any other, and an erasure finds it."""
    cache = make_cache(scope={"user": "pia"}, idle_ttl=IDLE_S)
    assert cache.add_labelled(PAIRS) == 2
    assert cache.learning().labels == 2
    assert {"rows", "sums", "words"} <= own_keys(redis, cache).keys()
    assert all(0 < redis.ttl(key) <= IDLE_S for key in redis.scan_iter(f"*{cache.scope.id}*"))
    erase_answers_of(redis, namespace, "pia")
    assert own_keys(redis, cache) == {}


@pytest.mark.parametrize("correct", [True, False])
def test_a_verdict_under_way_brings_nothing_of_an_erased_user_back(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, correct: bool
) -> None:
    """It was taken down before the erasure and is learned after it: nothing is written."""
    cache = make_cache(scope={"user": "pia"}, draw=lambda fingerprint, repeats: 1.0)
    cache.store(QUESTION, "By rest.")
    hit = cache.lookup(QUESTION.lower())
    assert hit, "the same question in other dress is served, and has evidence"
    cache._runtime.counted()
    gate = threading.Event()
    cache._runtime.lessons.submit(lambda: gate.wait(20) and None)
    assert cache.feedback(hit, correct=correct)
    assert erase_answers_of(redis, namespace, "pia") == 1
    gate.set()
    assert cache._runtime.flush(20)
    assert own_keys(redis, cache) == {}
    assert not cache.feedback(hit, correct=correct)
    assert own_keys(redis, cache) == {}


def test_a_hit_that_is_counted_after_the_erasure_writes_nothing(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """Neither its words nor its count come back."""
    cache = make_cache(scope={"user": "pia"})
    cache.store(QUESTION, "By rest.")
    gate = threading.Event()
    cache._runtime.counts.submit(lambda: gate.wait(20) and None)
    assert cache.lookup(QUESTION)
    assert erase_answers_of(redis, namespace, "pia") == 1
    gate.set()
    cache._runtime.counted()
    assert own_keys(redis, cache) == {}


def test_an_answer_is_never_stored_where_no_erasure_finds_it(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """Stores and erasures without pause, at once: in the end the catalogue lists whatever is left."""
    caches = [make_cache(scope={"user": "pia"}, learn="off") for _ in range(2)]
    stop = threading.Event()

    def store(cache: SemanticCache) -> None:
        n = 0
        while not stop.is_set():
            cache.store(f"Private question {n % 7}?", "A private answer.", sources={"d": 1})
            n += 1

    threads = [threading.Thread(target=store, args=(cache,)) for cache in caches]
    for thread in threads:
        thread.start()
    for _ in range(60):
        erase_answers_of(redis, namespace, "pia")
    stop.set()
    for thread in threads:
        thread.join()
    cache = caches[0]
    held = list(cache.entries())
    assert not held or catalogue(redis, namespace) == [cache.scope.id]
    assert erase_answers_of(redis, namespace, "pia") == len(held)
    cache._runtime.counted()
    assert not {name for name in own_keys(redis, cache) if name != "counters"}
    assert catalogue(redis, namespace) == []


def test_an_erasure_finds_scopes_of_a_former_format(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id under which a scope is stored counts, not the one that it would get today."""
    monkeypatch.setattr("semcache.cache.scope.FORMAT_VERSION", 0)
    former = make_cache(scope={"user": "pia"}, ttl=None)
    former.store(QUESTION, "By rest.")
    monkeypatch.undo()
    assert Scope(namespace, (("user", "pia"),), former.scope.embedder).id != former.scope.id
    assert erase_answers_of(redis, namespace, "pia") == 1
    assert own_keys(redis, former) == {}
    assert catalogue(redis, namespace) == []


# -- documents


def test_no_answer_is_stored_behind_the_back_of_a_change(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str
) -> None:
    """Answers are stored while their document changes without pause: the last change finds each one that is left."""
    cache = make_cache(learn="off")
    stop = threading.Event()

    def store() -> None:
        n = 0
        while not stop.is_set():
            cache.store(f"What does bike {n % 5} cost?", "90 euros.", sources={"price-list": 1})
            n += 1

    thread = threading.Thread(target=store)
    thread.start()
    for _ in range(200):
        invalidate_source(redis, namespace, "price-list")
    stop.set()
    thread.join()
    left = cache.stats().entries
    assert invalidate_source(redis, namespace, "price-list") == left
    assert cache.stats().entries == 0
    assert not redis.exists(keys.CACHE_DEPENDANTS.build(namespace=namespace, source="price-list"))


def test_an_answer_that_comes_between_the_reading_and_the_end_of_a_change_is_kept_in_mind(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that removes the last answer does not forget the scope of one that is stored at that moment."""
    cache = make_cache(learn="off")
    cache.store(QUESTION, "By rest.", sources={"d": 1})
    remove = Entries.remove

    def remove_then_store(self: Entries, *args: Any, **options: Any) -> int:
        removed = remove(self, *args, **options)
        monkeypatch.undo()
        cache.store(NEIGHBOUR, "By rest.", sources={"d": 1})
        return removed

    monkeypatch.setattr(Entries, "remove", remove_then_store)
    assert invalidate_source(redis, namespace, "d") == 1
    assert invalidate_source(redis, namespace, "d") == 1
    assert not cache.lookup(NEIGHBOUR)


# -- Redis that cannot be written


@pytest.fixture
def full(redis: redis_py.Redis) -> Iterator[Callable[[], None]]:
    """Makes the server full until the end of the test."""

    def fill() -> None:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", 1)

    yield fill
    redis.config_set("maxmemory", 0)


@pytest.mark.skipif(os.environ.get("TEST_REDIS") == "cluster", reason="maxmemory is set on one server of several")
def test_a_full_redis_still_answers(
    make_cache: MakeCache, redis: redis_py.Redis, full: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """What is stored is served; what is not is computed and returned, streamed or whole."""
    cache = make_cache(refresh_ttl_on_hit=True)
    cache.store(QUESTION, "By rest.")
    full()
    assert cache.get_or_compute(QUESTION, lambda: "never") == "By rest."
    assert cache.get_or_compute("When are you open?", lambda: "Always.") == "Always."
    assert list(cache.stream("Where are you?", lambda: iter(("In ", "Ghent.")))) == ["In ", "Ghent."]
    assert "not stored" in caplog.text
    redis.config_set("maxmemory", 0)
    assert [entry.prompt for entry in cache.entries()] == [QUESTION]


def test_a_vector_of_another_dimension_leaves_the_former_answer(
    make_cache: MakeCache, embedder: CachedEmbedder
) -> None:
    """An endpoint that suddenly gives other vectors under the same name is named; nothing is removed."""
    cache = make_cache()
    cache.store(QUESTION, "By rest.")
    cache.store(NEIGHBOUR, "By rest.")

    class Narrow:
        fingerprint, dim = embedder.fingerprint, 10

        def embed(self, texts: Any, *, kind: Any = "symmetric") -> Any:
            return embedder.embed(texts, kind=kind)[:, :10]

    narrow = make_cache(embedder=Narrow())
    with pytest.raises(Exception, match="dimensions"):
        narrow.store(QUESTION, "With a doctor.")
    entry = cache.get(QUESTION)
    assert entry is not None
    assert entry.response == "By rest."
    assert narrow.get_or_compute(QUESTION, lambda: "never") == "By rest."
