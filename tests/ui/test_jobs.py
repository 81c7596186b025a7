"""Work in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable

from semcache.errors import InvalidInput
from semcache_ui.services.jobs import WAITING, Job, Jobs, Progress
from semcache_ui.services.watching.refreshed import Refreshed
from tests.waiting import wait_until


def test_a_job_tells_its_progress_and_its_result() -> None:
    """While it runs the step and its share are known; afterwards the result."""
    go = threading.Event()

    def work(progress: Progress) -> str:
        progress("counting", 3, 4)
        assert go.wait(10)
        return "four"

    job = Job(work)
    wait_until("progress is told", lambda: job.status.share == 0.75)
    assert (job.status.state, job.status.step) == ("running", "counting")
    go.set()
    assert (job.wait(10).state, job.status.result) == ("done", "four")


def test_a_cancelled_job_ends_at_its_next_step() -> None:
    """Cancelling leaves no result, and the work does not go on."""
    steps: list[int] = []
    started, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        for step in range(100):
            progress("step", step, 100)
            steps.append(step)
            started.set()
            assert go.wait(10)

    job = Job(work)
    assert started.wait(10)
    job.cancel()
    go.set()
    assert job.wait(10).state == "cancelled"
    assert steps == [0]


def test_a_failed_job_says_why() -> None:
    """An error of ours is told as it is; any other one without its insides."""

    def mistaken(progress: Progress) -> None:
        raise InvalidInput("no such column")

    def broken(progress: Progress) -> None:
        raise ZeroDivisionError("secret")

    assert Job(mistaken).wait(10).error == "no such column"
    failed = Job(broken).wait(10)
    assert failed.state == "failed"
    assert "secret" not in failed.error


def test_a_person_has_one_job_and_all_have_a_few() -> None:
    """A second job of a person waits for the end of the first, a third person for a place; then both are done."""
    go: dict[str, threading.Event] = {name: threading.Event() for name in ("ann 1", "ann 2", "bob", "eve")}
    at_work: list[str] = []

    def work(name: str) -> Callable[[Progress], str]:
        def run(progress: Progress) -> str:
            at_work.append(name)
            assert go[name].wait(10)
            return name

        return run

    jobs: Jobs[str] = Jobs(at_once=2)
    jobs.start("ann", work("ann 1"))
    wait_until("the first is at work", lambda: at_work == ["ann 1"])
    again = jobs.start("ann", work("ann 2"))
    wait_until("her second waits for the first", lambda: again.status.step == WAITING)
    jobs.start("bob", work("bob"))
    wait_until("his is at work", lambda: at_work == ["ann 1", "bob"])
    third = jobs.start("eve", work("eve"))
    wait_until("two are enough", lambda: third.status.step == WAITING)
    for event in go.values():
        event.set()
    assert [job.wait(10).result for job in (again, third)] == ["ann 2", "eve"]
    assert jobs.of("ann") is again


def test_a_job_that_waits_can_be_cancelled() -> None:
    """Whoever waits for a place can leave, and what is dropped is forgotten."""
    go = threading.Event()
    jobs: Jobs[bool] = Jobs(at_once=1)
    at_work = threading.Event()

    def work(progress: Progress) -> bool:
        at_work.set()
        return go.wait(10)

    jobs.start("ann", work)
    assert at_work.wait(10)
    waiting = jobs.start("bob", lambda progress: True)
    jobs.drop("bob")
    assert waiting.wait(10).state == "cancelled"
    assert jobs.of("bob") is None
    go.set()


def test_a_refreshed_value_never_keeps_its_reader_waiting() -> None:
    """Reading gives the last value at once, and fetches a newer one behind it when it is too old."""
    now, go, fetched = [0.0], threading.Event(), iter(range(10))

    def fetch() -> int:
        assert go.wait(10)
        return next(fetched)

    value = Refreshed(fetch, ttl_s=5.0, clock=lambda: now[0])
    assert value.get() is None
    go.set()
    wait_until("the first value is there", lambda: value.get() == 0)
    now[0] = 5.1
    assert value.get() == 0
    wait_until("the next value is there", lambda: value.get() == 1)


def test_what_has_just_changed_is_fetched_again() -> None:
    """A fetch that began before the change does not stand for it; a closed one fetches no more."""
    said, slow = ["before"], threading.Event()

    def fetch() -> str:
        seen = said[-1]
        if seen == "before":
            assert slow.wait(10)
        return seen

    value = Refreshed(fetch, ttl_s=60.0)
    assert value.get() is None
    said.append("after")
    slow.set()
    value.renew(10)
    assert value.get() == "after"
    value.close()
    said.append("later")
    value.renew(10)
    assert value.get() == "after"
