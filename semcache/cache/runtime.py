"""What works behind the requests of one owner, and how it ends: queues of small tasks, computations, producers."""

from __future__ import annotations

import threading
import time
import weakref
from contextvars import copy_context
from types import TracebackType

from semcache.background import Task, Worker
from semcache.cache.flight import Flights
from semcache.cache.types import DecisionSink
from semcache.forking import reset_in_child


class Runtime:
    """Owned by an `App`, which all its caches share, or by one `SemanticCache`.

    `counts`: what was served; `lessons`: what is learned, which may take a language model's time; `loads`: models that
    others have fitted; `flights`: which answers are being computed. Threads are started by the first work. After
    `close` it can be used again. `decisions` is told of each look-up and of each check of an answer.
    """

    def __init__(self, *, decisions: DecisionSink | None = None) -> None:
        self.decisions = decisions
        self.counts = Worker("the count of a hit or a miss", end_s=2.0, linger_s=0.02)
        self.lessons = Worker("a lesson", end_s=5.0)
        self.loads = Worker("the load of a new model", end_s=0.0)
        self.flights = Flights()
        self._forget_producers()
        reset_in_child(self._forget_producers)

    def _forget_producers(self) -> None:
        self._producers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._lock = threading.Lock()

    def produce(self, work: Task) -> None:
        """Runs `work`, which raises nothing, in a thread of its own and in a copy of the caller's context."""
        thread = threading.Thread(target=copy_context().run, args=(work,), name="semcache-stream", daemon=True)
        with self._lock:
            self._producers.add(thread)
        thread.start()

    def counted(self) -> None:
        """Waits until what was served before this call is counted, 5 s at most: for whoever reads the counts."""
        self.counts.flush(5.0)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Waits until what was queued before this call is counted and learned; whether it is."""
        deadline = time.monotonic() + timeout_s
        counted = self.counts.flush(timeout_s)
        return self.lessons.flush(max(0.0, deadline - time.monotonic())) and counted

    def close(self, timeout_s: float = 5.0) -> None:
        """Waits for streams, counts and lessons, `timeout_s` in all at most; logs what is given up."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            producers = list(self._producers)
        for producer in producers:
            producer.join(max(0.0, deadline - time.monotonic()))
        for worker in (self.counts, self.lessons):
            worker.end(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Runtime:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
