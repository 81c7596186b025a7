"""A value that is fetched in the background: whoever reads it never waits for a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_CLOSE_S = 10.0


class Refreshed(Generic[T]):
    """The last value of `fetch`, fetched again in a thread when it is older than `ttl_s`; None before the first.

    `fetch` turns its own failures into values: a page shows them.
    """

    def __init__(self, fetch: Callable[[], T], *, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._ttl_s = ttl_s
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._at = float("-inf")
        self._thread: threading.Thread | None = None

    def get(self) -> T | None:
        """The last value, at once."""
        with self._lock:
            idle = self._thread is None or not self._thread.is_alive()
            if idle and self._clock() - self._at > self._ttl_s:
                self._thread = threading.Thread(target=self._refresh, daemon=True)
                self._thread.start()
            return self._value

    def close(self) -> None:
        """Fetches no more; returns when nothing is being fetched."""
        with self._lock:
            self._at = float("inf")
        self._join(_CLOSE_S)

    def wait(self, timeout_s: float) -> T | None:
        """The last value; at first, waits for it so long at most."""
        if (value := self.get()) is None:
            self._join(timeout_s)
            return self._value
        return value

    def renew(self, timeout_s: float) -> None:
        """Something has just changed: fetches again, behind a fetch that may have missed it; waits so long at most."""
        deadline = self._clock() + timeout_s
        self._join(timeout_s)
        with self._lock:
            if self._at < float("inf"):
                self._at = float("-inf")
        self.get()
        self._join(max(0.0, deadline - self._clock()))

    def _join(self, timeout_s: float) -> None:
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _refresh(self) -> None:
        value = self._fetch()
        with self._lock:
            self._value, self._at = value, max(self._at, self._clock())
