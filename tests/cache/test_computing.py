"""get_or_compute, stream and cached: one computes for all, and only what is complete is stored."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import redis as redis_py

from semcache.cache import SemanticCache, StoreOptions
from semcache.cache.flight import Flights
from semcache.embed import default_embedder
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import connect
from semcache.store.lease import Lease
from semcache.text import fingerprint
from tests.cache.conftest import MakeCache
from tests.cache.test_lineage import set_version
from tests.waiting import wait_until

PASSWORD = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


class Counted:
    """A computation that counts its calls, and may wait for a signal before it answers."""

    def __init__(self, answer: str = "computed", *, gate: threading.Event | None = None) -> None:
        self.calls = 0
        self._answer = answer
        self._gate = gate
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self.calls += 1
        if self._gate is not None:
            assert self._gate.wait(20)
        return self._answer


def flight_key(cache: SemanticCache, prompt: str = PASSWORD) -> str:
    return keys.CACHE_FLIGHT.build(scope=cache.scope.id, fingerprint=fingerprint(prompt))


def test_a_miss_is_computed_once_and_stored(cache: SemanticCache) -> None:
    """The first call computes; the same question and its paraphrase are served from then on."""
    compute = Counted()
    assert [cache.get_or_compute(p, compute) for p in (PASSWORD, PASSWORD, PARAPHRASE)] == ["computed"] * 3
    assert compute.calls == 1
    assert cache.stats().seconds_saved > 0


def test_what_is_kept_with_the_answer(cache: SemanticCache) -> None:
    """Options reach the entry, those by name before the others; sources may be asked when the answer is there."""
    sources: dict[str, int] = {}

    def compute() -> str:
        sources["faq"] = 7
        return "answer"

    cache.get_or_compute(
        PASSWORD,
        compute,
        sources=lambda: sources,
        tags=["t"],
        ttl=50,
        options=StoreOptions(metadata={"k": 1}, cost=0.1, response_format="md", ttl=7),
    )
    (entry,) = cache.entries()
    assert (entry.sources, entry.tags, entry.metadata, entry.cost) == ({"faq": 7}, ("t",), {"k": 1}, 0.1)
    assert (entry.expires_at - entry.created_at, entry.response_format) == (50, "md")


def test_threads_share_one_flight(cache: SemanticCache) -> None:
    """Twelve threads that miss at once cost one computation, and all get its answer."""
    gate = threading.Event()
    compute = Counted(gate=gate)
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(cache.get_or_compute, PASSWORD, compute) for _ in range(12)]
        wait_until("all have missed", lambda: cache.stats().lookups == 12)
        gate.set()
        assert {answer.result(20) for answer in answers} == {"computed"}
    assert compute.calls == 1


def test_caches_of_one_scope_share_one_flight(make_cache: MakeCache) -> None:
    """Separate cache objects, as in separate processes, wait for each other through Redis."""
    gate = threading.Event()
    compute = Counted(gate=gate)
    caches = [make_cache() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(cache.get_or_compute, PASSWORD, compute) for cache in caches]
        wait_until("all have missed", lambda: caches[0].stats().lookups == 4)
        gate.set()
        assert {answer.result(20) for answer in answers} == {"computed"}
    assert compute.calls == 1


def _ask(redis_url: str, namespace: str, calls: str) -> None:
    client = connect(redis_url)

    def compute() -> str:
        client.incr(calls)
        wait_until("the others have missed", lambda: SemanticCache(client, namespace=namespace).stats().lookups >= 3)
        return "computed"

    assert (
        SemanticCache(client, embedder=default_embedder(), namespace=namespace).get_or_compute(PASSWORD, compute)
        == "computed"
    )


def test_processes_share_one_flight(redis: redis_py.Redis, redis_url: str, namespace: str) -> None:
    """Three processes that miss at once cost one computation."""
    calls = f"{namespace}:calls"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_ask, args=(redis_url, namespace, calls)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert redis.getdel(calls) == b"1"


def test_a_crashed_leader_is_succeeded(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A lease that nobody renews lapses, and a waiter takes over."""
    cache = make_cache(lease_s=0.3)
    assert Lease(redis, flight_key(cache), lease_s=0.3).acquire(), "a process that dies now"
    compute = Counted()
    assert cache.get_or_compute(PASSWORD, compute) == "computed"
    assert compute.calls == 1


def wait_for_renewals(redis: redis_py.Redis, key: str, count: int) -> None:
    """Watches the key's remaining life rise again so many times."""
    seen: list[int] = [redis.pttl(key)]

    def renewed() -> bool:
        seen.append(redis.pttl(key))
        return sum(later > earlier for earlier, later in pairwise(seen)) >= count

    wait_until(f"{key} was renewed {count} times", renewed)


def test_a_living_leader_keeps_its_lease(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """A computation longer than the lease is not repeated: the lease is renewed meanwhile."""
    one, other = make_cache(lease_s=0.2), make_cache(lease_s=0.2)
    gate = threading.Event()
    slow, impatient = Counted(gate=gate), Counted("repeated")
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(one.get_or_compute, PASSWORD, slow)
        wait_until("the leader computes", lambda: slow.calls == 1)
        waiter = pool.submit(other.get_or_compute, PASSWORD, impatient)
        wait_for_renewals(redis, flight_key(one), 4)
        gate.set()
        assert (leader.result(20), waiter.result(20)) == ("computed", "computed")
    assert impatient.calls == 0


def test_waiting_has_an_end(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """When another process holds the lease for longer than wait_s, the caller computes for itself."""
    cache = make_cache()
    Lease(redis, flight_key(cache), lease_s=60).acquire()
    assert cache.get_or_compute(PASSWORD, Counted(), wait_s=0.1) == "computed"
    redis.delete(flight_key(cache))


def test_an_error_reaches_the_leader_and_its_waiters(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """Whoever waits for a computation that fails gets its error at once; the next call computes again."""
    gate = threading.Event()

    def fail() -> str:
        assert gate.wait(20)
        raise ArithmeticError("no answer")

    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(cache.get_or_compute, PASSWORD, fail) for _ in range(5)]
        wait_until("all have missed", lambda: cache.stats().lookups == 5)
        gate.set()
        assert {type(answer.exception(20)) for answer in answers} == {ArithmeticError}
    assert not redis.exists(flight_key(cache))
    assert cache.get_or_compute(PASSWORD, Counted()) == "computed"


def test_an_error_in_another_process_makes_waiters_compute(make_cache: MakeCache) -> None:
    """Across caches the lease is released on failure, and a waiter computes with its own function."""
    one, other = make_cache(), make_cache()
    gate = threading.Event()

    def fail() -> str:
        assert gate.wait(20)
        raise ArithmeticError("no answer")

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(one.get_or_compute, PASSWORD, fail)
        wait_until("the leader has missed", lambda: one.stats().lookups == 1)
        wait_until("and holds the lease", lambda: bool(one._redis.exists(flight_key(one))))
        waiter = pool.submit(other.get_or_compute, PASSWORD, Counted("own"))
        gate.set()
        assert isinstance(leader.exception(20), ArithmeticError)
        assert waiter.result(20) == "own"


def pieces(*texts: str) -> Callable[[], Iterator[str]]:
    return lambda: iter(texts)


def gated(gate: threading.Event, first: str, *others: str) -> Callable[[], Iterator[str]]:
    """The first piece at once, the others after the signal."""

    def compute() -> Iterator[str]:
        yield first
        assert gate.wait(20)
        yield from others

    return compute


def test_a_stream_arrives_in_pieces_and_is_stored_whole(cache: SemanticCache) -> None:
    """The caller that computes gets each piece as it comes; others get the whole answer."""
    gate = threading.Event()
    stream = cache.stream(PASSWORD, gated(gate, "Use ", "the ", "link."))
    assert next(stream) == "Use "
    assert not list(cache.entries()), "nothing is stored before it is complete"
    gate.set()
    assert list(stream) == ["the ", "link."]
    assert list(cache.stream(PASSWORD, pieces("never"))) == ["Use the link."]
    assert cache.get_or_compute(PARAPHRASE, pieces("never")) == "Use the link."


def test_an_aborted_stream_stores_nothing(cache: SemanticCache, redis: redis_py.Redis) -> None:
    """A caller that stops listening, or a computation that breaks, leaves no entry and no lease."""

    def breaks() -> Iterator[str]:
        yield "Use "
        raise ArithmeticError("connection lost")

    gate = threading.Event()
    stream = cache.stream(PASSWORD, gated(gate, "Use ", "the link."))
    next(stream)
    stream.close()
    gate.set()
    wait_until("its lease is given up", lambda: not redis.exists(flight_key(cache)))
    with pytest.raises(ArithmeticError):
        list(cache.stream(PASSWORD, breaks))
    with pytest.raises(ArithmeticError):
        cache.get_or_compute(PASSWORD, breaks)
    assert not list(cache.entries())
    assert not redis.exists(flight_key(cache))
    assert not cache.lookup(PASSWORD)


def test_a_waiter_takes_over_from_an_aborted_stream(cache: SemanticCache) -> None:
    """When the one who computes goes away, the next in line computes instead of waiting for nothing."""
    gate = threading.Event()
    stream = cache.stream(PASSWORD, gated(gate, "Use ", "the link."))
    next(stream)
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(cache.get_or_compute, PASSWORD, Counted("own"))
        wait_until("the waiter has missed", lambda: cache.stats().lookups == 2)
        stream.close()
        gate.set()
        assert waiter.result(20) == "own"


def test_a_computation_may_ask_its_own_question(cache: SemanticCache) -> None:
    """Recursion does not wait for itself."""
    answer = cache.get_or_compute(PASSWORD, lambda: "outer " + cache.get_or_compute(PASSWORD, lambda: "inner"))
    assert answer == "outer inner"


def test_an_answer_from_a_document_that_changed_meanwhile_is_given_but_not_kept(
    cache: SemanticCache, redis: redis_py.Redis, namespace: str
) -> None:
    """The caller gets what was computed; the next one gets it computed from the new version."""

    def compute() -> str:
        set_version(redis, namespace, "faq", 4)
        return "from version 3"

    assert cache.get_or_compute(PASSWORD, compute, sources={"faq": 3}) == "from version 3"
    assert not cache.lookup(PASSWORD)
    assert cache.stats().refused == 1


def test_wrong_arguments_fail_before_anything_is_computed(cache: SemanticCache) -> None:
    """ttl=0 costs no computation, streamed or not."""
    compute = Counted()
    with pytest.raises(InvalidInput):
        cache.get_or_compute(PASSWORD, compute, ttl=0)
    with pytest.raises(InvalidInput):
        cache.stream(PASSWORD, compute, ttl=0)
    assert compute.calls == 0


def test_a_decorated_function_is_asked_once(cache: SemanticCache) -> None:
    """@cache.cached keeps name and docstring, and answers a paraphrase without a call."""
    asked: list[str] = []

    @cache.cached
    def answer(prompt: str) -> str:
        """Answers."""
        asked.append(prompt)
        return f"answer to {prompt}"

    assert answer(PASSWORD) == answer(PARAPHRASE) == f"answer to {PASSWORD}"
    assert asked == [PASSWORD]
    assert (answer.__name__, answer.__doc__) == ("answer", "Answers.")


def test_a_decorated_generator_streams(cache: SemanticCache) -> None:
    """A generator function stays one, and its answer is stored when it ends."""

    @cache.cached
    def answer(prompt: str) -> Iterator[str]:
        yield from ("an", "swer")

    assert list(answer(PASSWORD)) == ["an", "swer"]
    assert list(answer(PASSWORD)) == ["answer"]


def test_flights_leave_nothing_behind() -> None:
    """A process keeps nothing of a flight that is over."""
    flights = Flights()
    flight, leading = flights.join("x")
    assert leading
    with flights.leading("x", flight):
        assert flights.join("x") == (flight, False)
    later, leading = flights.join("x")
    assert (later is flight, leading) == (False, True)
    flights.land("x", later)
    assert not flights._under_way
