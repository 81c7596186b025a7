"""A queue of small tasks that are done behind the calls which submit them, in a thread that ends by itself."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing.util import Finalize

from semcache.errors import SemcacheError
from semcache.forking import reset_in_child

Task = Callable[[], None]
LONGEST_QUEUE = 1_000
IDLE_S = 5.0
"""A thread without work ends after that long; the next task starts another."""

_log = logging.getLogger(__name__)


class Worker:
    """Runs tasks one after the other in a thread of its own, which is there only while there is work.

    A task waits for `linger_s`, unless somebody flushes, so that there is more for it to do. One that fails is logged:
    `what` is lost. At exit the process waits up to `end_s` seconds for queued tasks
    and logs how many were not done; a forked child starts with an empty queue.
    """

    def __init__(self, what: str, *, end_s: float, linger_s: float = 0.0) -> None:
        self._what = what
        self._end_s = end_s
        self._linger_s = linger_s
        self._start_anew()
        reset_in_child(self._start_anew)

    def _start_anew(self) -> None:
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._queued = 0
        self._done = 0
        self._hurried = 0
        self._thread: threading.Thread | None = None

    def submit(self, task: Task) -> bool:
        """Queues a task; False, and it is not done, if too many wait."""
        with self._changed:
            if len(self._tasks) >= LONGEST_QUEUE:
                return False
            self._tasks.append(task)
            self._queued += 1
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="semcache-background", daemon=True)
                self._thread.start()
        return True

    def flush(self, timeout_s: float | None = None) -> bool:
        """Returns when what was queued before this call is done, or after so long; whether it is done."""
        with self._changed:
            ticket = self._hurried = self._queued
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= ticket, timeout_s)

    def end(self, timeout_s: float | None = None) -> None:
        """Waits for what is queued, `timeout_s` (None = `end_s`) at most; logs how many tasks were given up."""
        self.flush(self._end_s if timeout_s is None else timeout_s)
        with self._changed:
            given_up = self._queued - self._done
            self._tasks.clear()
            self._done = self._queued
        if given_up:
            _log.warning("%s is lost, %d times: there was no time left to wait for it", self._what, given_up)

    def _run(self) -> None:
        # Not atexit: that is passed over at the end of a forked child of multiprocessing.
        at_exit = Finalize(None, _end_of, (weakref.ref(self),), exitpriority=0)
        while (task := self._next()) is not None:
            try:
                task()
            except SemcacheError as error:
                _log.warning("%s is lost: %s", self._what, error)
            except Exception:  # noqa: BLE001  the top of the loop: one bad task must not end all others
                _log.exception("%s is lost", self._what)
            finally:
                del task
                with self._changed:
                    self._done = min(self._done + 1, self._queued)
                    self._changed.notify_all()
        at_exit.cancel()

    def _next(self) -> Task | None:
        """The next task; None, and the thread is no longer the one that works, after `IDLE_S` without any."""
        with self._changed:
            while self._changed.wait_for(lambda: bool(self._tasks), IDLE_S):
                self._changed.wait_for(lambda: self._hurried > self._done, self._linger_s)
                if self._tasks:
                    return self._tasks.popleft()
            self._thread = None
            return None


def _end_of(worker: weakref.ref[Worker]) -> None:
    if (alive := worker()) is not None:
        alive.end()
