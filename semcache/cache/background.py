"""Work off the request's path: daemon threads with bounded queues, nothing lost silently."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

from semcache.errors import SemcacheError

Task = Callable[[], None]
_LONGEST = 1_000

_log = logging.getLogger(__name__)


class Background:
    """Runs tasks one after the other in a thread that starts with the first one.

    A task that fails or finds the queue full is logged: `what` is lost. At exit the process waits up to `end_s` seconds
    for queued tasks, and logs how many are dropped; a forked child starts with an empty queue.
    """

    def __init__(self, what: str, *, end_s: float) -> None:
        self._what = what
        self._end_s = end_s
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._tasks: queue.Queue[Task] = queue.Queue(_LONGEST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def submit(self, task: Task) -> bool:
        """Queues a task; False, and it is not done, if too many wait."""
        self._start()
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            self.dropped += 1
            if self.dropped & (self.dropped - 1) == 0:  # the first, second, fourth, eighth ...
                _log.warning("too much is waiting: %s is dropped (%d so far)", self._what, self.dropped)
            return False
        return True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Returns when all that was queued is done, or after so long; whether it is done."""
        done = self._tasks.all_tasks_done
        with done:
            return done.wait_for(lambda: not self._tasks.unfinished_tasks, timeout_s)

    def _end(self) -> None:
        if not self.wait(self._end_s):
            left = self._tasks.unfinished_tasks
            _log.warning(
                "the process ends: %s is dropped, %d times (%.0f s were waited)", self._what, left, self._end_s
            )

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="semcache-background", daemon=True)
                self._thread.start()
                # Not atexit: that is passed over at the end of a forked child of multiprocessing.
                Finalize(None, self._end, exitpriority=0)

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                task()
            except SemcacheError as error:
                _log.warning("%s is lost: %s", self._what, error)
            except Exception:  # noqa: BLE001  the top of the loop: one bad task must not end all others
                _log.exception("%s is lost", self._what)
            finally:
                self._tasks.task_done()


LESSONS = Background("a lesson", end_s=5.0)
LOADS = Background("the load of a new model", end_s=0.0)
COUNTS = Background("the count of a hit or a miss", end_s=2.0)


def all_counted() -> None:
    """Waits until what this process has served is counted, 5 s at most: for whoever reads the counts."""
    COUNTS.wait(5.0)
