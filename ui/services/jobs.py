"""Long work in the background: with progress, and an end at any time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from semcache.errors import SemcacheError

T = TypeVar("T")
State = Literal["running", "done", "failed", "cancelled"]
Progress = Callable[[str, int, int], None]
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
        self._work = work
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._status: Status[T] = Status("running")
        self._thread = threading.Thread(target=self._run, daemon=True)
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

    def _run(self) -> None:
        try:
            self._note(Status("done", result=self._work(self._progress)))
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
