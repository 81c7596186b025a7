"""Work off the request's path: one daemon thread a process, a bounded queue, nothing lost silently."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from semcache.errors import SemcacheError

Task = Callable[[], None]
_LONGEST = 1_000

_log = logging.getLogger(__name__)


class Background:
    """Runs tasks one after the other in a thread that starts with the first one.

    A task that fails with an error of ours is logged. When the queue is full, or the process ends, tasks are dropped:
    they may only do what may be left undone.
    """

    def __init__(self) -> None:
        self._tasks: queue.Queue[Task] = queue.Queue(_LONGEST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, task: Task) -> bool:
        """Queues a task; False if it is dropped because too many wait."""
        self._start()
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            _log.warning("too much is waiting to be learned: one lesson is dropped")
            return False
        return True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Returns when all that was queued is done, or after so long; whether it is done."""
        done = self._tasks.all_tasks_done
        with done:
            return done.wait_for(lambda: not self._tasks.unfinished_tasks, timeout_s)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="semcache-background", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                task()
            except SemcacheError as error:
                _log.warning("a lesson is lost: %s", error)
            except Exception:  # noqa: BLE001  the top of the loop: one bad lesson must not end all learning
                _log.exception("a lesson is lost")
            finally:
                self._tasks.task_done()


BACKGROUND = Background()
