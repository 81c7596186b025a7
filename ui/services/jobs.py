"""Long work in the background: with progress, and an end at any time."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

from semcache.errors import SemcacheError

T = TypeVar("T")
State = Literal["running", "done", "failed", "cancelled"]
Progress = Callable[[str, int, int], None]
WAITING = "waiting for its turn"
_POLL_S = 0.2
_log = logging.getLogger("semcache.ui")


class Cancelled(SemcacheError):
    """Somebody has cancelled the work."""


@dataclass(frozen=True, slots=True)
class Status(Generic[T]):
    """How a job is. `step`, `done` and `total`: its progress; `error`: why it failed; `result`: once it is done."""

    state: State
    step: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    result: T | None = None

    @property
    def share(self) -> float:
        """Of the step, 0..1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Job(Generic[T]):
    """Runs `work(progress)` in a thread that starts at once; `progress` ends the work when it was cancelled."""

    def __init__(self, work: Callable[[Progress], T]) -> None:
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._status: Status[T] = Status("running")
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def status(self) -> Status[T]:
        with self._lock:
            return self._status

    def cancel(self) -> None:
        """Ends the work at its next step."""
        self._cancel.set()

    def wait(self, timeout_s: float) -> Status[T]:
        """The status once it is over, or after so long."""
        self._thread.join(timeout_s)
        return self.status

    def _run(self, work: Callable[[Progress], T]) -> None:
        try:
            self._note(Status("done", result=work(self._progress)))
        except Cancelled:
            self._note(Status("cancelled"))
        except SemcacheError as error:
            self._note(Status("failed", error=str(error)))
        except Exception:  # noqa: BLE001 -- the top of a thread: whoever waits must hear that it is over
            _log.exception("a job failed")
            self._note(Status("failed", error="something unexpected went wrong; the log has the details"))

    def _progress(self, step: str, done: int, total: int) -> None:
        if self._cancel.is_set():
            raise Cancelled("cancelled")
        self._note(Status("running", step, done, total))

    def _note(self, status: Status[T]) -> None:
        with self._lock:
            self._status = status


class Jobs(Generic[T]):
    """The jobs of all people: one for each at a time, `at_once` in all; the others wait. `kept`: of so many people."""

    def __init__(self, *, at_once: int, kept: int = 100) -> None:
        self._at_once = at_once
        self._kept = kept
        self._turn = threading.Condition()
        self._at_work: set[str] = set()
        self._jobs: OrderedDict[str, Job[T]] = OrderedDict()

    def of(self, user: str) -> Job[T] | None:
        """The last job of a person."""
        with self._turn:
            return self._jobs.get(user)

    def start(self, user: str, work: Callable[[Progress], T]) -> Job[T]:
        """Starts a job in place of the person's last one, which is cancelled."""
        self.drop(user)
        with self._turn:
            self._jobs[user] = job = Job(partial(self._in_turn, user, work))
            while len(self._jobs) > self._kept:
                self._jobs.popitem(last=False)[1].cancel()
        return job

    def drop(self, user: str) -> None:
        """Cancels the person's job, and forgets its result."""
        with self._turn:
            job = self._jobs.pop(user, None)
        if job is not None:
            job.cancel()

    def _in_turn(self, user: str, work: Callable[[Progress], T], progress: Progress) -> T:
        with self._turn:
            while user in self._at_work or len(self._at_work) >= self._at_once:
                progress(WAITING, 0, 1)
                self._turn.wait(_POLL_S)
            self._at_work.add(user)
        try:
            return work(progress)
        finally:
            with self._turn:
                self._at_work.discard(user)
                self._turn.notify_all()
