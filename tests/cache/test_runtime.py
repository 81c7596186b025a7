"""What works behind the requests: who owns it, how it ends; no computation waits for a reader or for itself."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis as redis_py

from semcache.background import LONGEST_QUEUE, Worker
from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.runtime import Runtime
from semcache.embed import CachedEmbedder
from semcache.store import keys
from tests.cache.conftest import MakeCache
from tests.test_forking import in_child
from tests.waiting import wait_until

QUESTION = "How do I reset my password?"
OTHER = "When does the library open?"


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("a task", end_s=5.0)
    yield made
    made.end(5.0)


# -- queues


def test_tasks_are_done_in_their_order_and_a_failure_ends_nothing(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """One that raises is logged as lost; those behind it are done."""
    done: list[int] = []
    worker.submit(lambda: done.append(1))
    worker.submit(lambda: done.append(1 // 0))
    worker.submit(lambda: done.append(2))
    assert worker.flush(20)
    assert done == [1, 2]
    assert "a task is lost" in caplog.text


def test_a_flush_waits_for_what_was_queued_before_it(worker: Worker) -> None:
    """While others queue without pause, whoever flushes gets through."""
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            worker.submit(lambda: None)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert all(worker.flush(20) for _ in range(20))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_full_queue_says_so(worker: Worker) -> None:
    """The task that is one too many is not taken."""
    gate = threading.Event()
    begun = threading.Event()
    worker.submit(begun.set)
    worker.submit(lambda: gate.wait(20) and None)
    assert begun.wait(20)
    assert not all(worker.submit(lambda: None) for _ in range(LONGEST_QUEUE + 1))
    gate.set()


def test_what_is_given_up_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The end waits for as long as it is told, then says how many tasks were not done."""
    worker = Worker("a lesson", end_s=5.0)
    gate = threading.Event()
    for _ in range(3):
        worker.submit(lambda: gate.wait(20) and None)
    worker.end(0.05)
    assert "a lesson is lost, 3 times" in caplog.text
    assert worker.flush(5)
    gate.set()


def test_a_thread_is_there_only_while_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends when it has been idle, and the next task starts another."""
    monkeypatch.setattr("semcache.background.IDLE_S", 0.01)
    worker = Worker("a task", end_s=5.0)
    for _ in range(2):
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(20)
        wait_until("the thread has ended", lambda: worker._thread is None)


def test_a_child_starts_with_an_empty_queue(worker: Worker) -> None:
    """What the parent has queued is the parent's; a task of the child's is done there."""
    gate = threading.Event()
    worker.submit(lambda: gate.wait(30) and None)

    def work() -> None:
        done = threading.Event()
        worker.submit(done.set)
        assert worker.flush(10)
        assert done.is_set()

    in_child(work)
    gate.set()


def test_closing_a_cache_waits_for_what_it_has_to_write(
    redis: redis_py.Redis, embedder: CachedEmbedder, namespace: str
) -> None:
    """After the `with` every hit is counted and no thread of the cache works; the client that was given stays open."""
    with SemanticCache(redis, embedder=embedder, namespace=namespace) as cache:
        cache.store(QUESTION, "Use the link.")
        for _ in range(50):
            assert cache.lookup(QUESTION)
    assert redis.hget(keys.CACHE_COUNTERS.build(scope=cache.scope.id), "hits_exact") == b"50"
    assert cache.lookup(QUESTION), "it can be used again"
    cache.drop()


LESSON_AT_EXIT = """
import sys, threading
from semcache.cache import CacheOptions, SemanticCache
url, namespace = sys.argv[1:3]
def judge(new, others):
    threading.Event().wait(.5)
    return [False] * len(others)
cache = SemanticCache(url, namespace=namespace, judge=judge)
cache.store("How do I cancel my order?", "In your account.")
cache.store("How do I track my order?", "By the link.", miss=cache.lookup("How do I track my order?"))
"""


def test_a_process_that_ends_without_closing_has_learned(make_cache: MakeCache, redis_url: str) -> None:
    """The interpreter waits for the lesson under way, for a bounded time, and ends without a word."""
    cache = make_cache()
    ended = subprocess.run(
        [sys.executable, "-c", LESSON_AT_EXIT, redis_url, cache.scope.namespace],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert ended.stderr.strip() == ""
    assert cache.learning().labels == 1


# -- streams and flights


def two_pieces(calls: list[int]) -> Callable[[], Iterator[str]]:
    def compute() -> Iterator[str]:
        calls.append(1)
        yield "one "
        yield "two"

    return compute


def test_a_slow_reader_holds_nobody_up(make_cache: MakeCache) -> None:
    """One reads a piece and forgets the rest: others, in this process and elsewhere, get the answer, computed once."""
    calls: list[int] = []
    cache, elsewhere = make_cache(), make_cache()
    slow = cache.stream(QUESTION, two_pieces(calls))
    assert next(slow) == "one "
    assert cache.get_or_compute(QUESTION, lambda: "never", wait_s=20) == "one two"
    assert elsewhere.get_or_compute(QUESTION, lambda: "never", wait_s=20) == "one two"
    assert list(slow) == ["two"]
    assert calls == [1]


def test_streams_that_one_thread_pulls_share_a_flight(cache: SemanticCache) -> None:
    """Frameworks pull each piece in whatever thread of a pool is free: the question is computed once all the same."""
    calls: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        first, second = (cache.stream(QUESTION, two_pieces(calls), wait_s=20) for _ in range(2))
        assert pool.submit(next, first).result(20) == "one "
        assert "".join(pool.submit(list, second).result(20)) == "one two"
        assert pool.submit(list, first).result(20) == ["two"]
    assert calls == [1]


def test_a_streamed_computation_may_ask_its_own_question(cache: SemanticCache) -> None:
    """Its pieces are pulled by other threads each time; it does not wait for itself."""

    def nested() -> Iterator[str]:
        yield "first "
        yield cache.get_or_compute(QUESTION, lambda: "inner", wait_s=600)

    stream = cache.stream(QUESTION, nested)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        assert one.submit(next, stream).result(20) == "first "
        assert other.submit(list, stream).result(20) == ["inner"]


@pytest.mark.parametrize("length", [2, 3, 4])
def test_computations_that_need_each_other_do_not_wait_for_ever(cache: SemanticCache, length: int) -> None:
    """Each of a circle asks the next one's question while that is computed: one of them computes it for itself."""
    questions = ["When does the shop open?", "Who wrote Hamlet?", "How tall is K2?", "What is the price of tea?"][
        :length
    ]
    all_begun = threading.Barrier(length)

    def ask(at: int) -> str:
        def compute() -> str:
            all_begun.wait(20)
            return f"{at}" + cache.get_or_compute(questions[(at + 1) % length], lambda: "x", wait_s=600)

        return cache.get_or_compute(questions[at], compute, wait_s=600)

    with ThreadPoolExecutor(length) as pool:
        answers = [pool.submit(ask, at) for at in range(length)]
        assert all(answer.result(30).startswith(str(at)) for at, answer in enumerate(answers))


def test_an_error_of_a_stream_reaches_its_reader(cache: SemanticCache) -> None:
    """With the pieces before it, as the very exception that was raised; the next one who asks computes."""

    def breaks() -> Iterator[str]:
        yield "one "
        raise ArithmeticError("connection lost")

    stream = cache.stream(QUESTION, breaks)
    assert next(stream) == "one "
    with pytest.raises(ArithmeticError, match="connection lost"):
        next(stream)
    assert cache.get_or_compute(QUESTION, lambda: "whole") == "whole"


def test_a_closed_stream_ends_its_computation(cache: SemanticCache) -> None:
    """At its next piece, with the generator's own clean-up."""
    gate, cleaned = threading.Event(), threading.Event()

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "more "
                gate.wait(0.01)
        finally:
            cleaned.set()

    stream = cache.stream(QUESTION, endless)
    next(stream)
    stream.close()
    assert cleaned.wait(20)
    assert not list(cache.entries())


def test_closing_waits_for_a_stream_that_is_under_way(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """The answer is stored before the runtime is closed, though its reader never came back."""
    gate = threading.Event()
    with Runtime() as runtime:
        cache = make_cache(runtime=runtime)

        def compute() -> Iterator[str]:
            yield "one "
            gate.wait(20)
            yield "two"

        reader = cache.stream(QUESTION, compute)
        next(reader)
        threading.Timer(0.1, gate.set).start()
    assert [entry.response for entry in cache.entries()] == ["one two"]
    assert list(reader) == ["two"]


def test_a_child_does_not_wait_for_its_parents_flight(redis_url: str, embedder: CachedEmbedder, namespace: str) -> None:
    """A fork while a thread computes: the child waits for the lease at most, not for a thread that it lacks."""
    cache = SemanticCache(redis_url, embedder=embedder, namespace=namespace, options=CacheOptions(lease_s=0.5))
    begun, gate = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: cache.get_or_compute(QUESTION, lambda: (begun.set(), gate.wait(30), "parent")[2])
    )
    thread.start()
    assert begun.wait(20)
    parents = threading.Timer(0.5, gate.set)
    parents.start()

    def work() -> None:
        assert cache.get_or_compute(QUESTION, lambda: "child", wait_s=600) in ("parent", "child")
        assert cache.get_or_compute(OTHER, lambda: "child", wait_s=600) == "child"

    in_child(work)
    thread.join()
    cache.drop()
    cache.close()
