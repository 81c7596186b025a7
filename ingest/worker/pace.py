"""How fast a worker goes: how many records it takes at once, and how its process's interpreter is set."""

from __future__ import annotations

import gc
import sys


class Pace:
    """How many records to take at once, so that a batch takes no longer than a target."""

    SMALLEST = 16
    _FADING = 0.8

    def __init__(self, largest: int, target_s: float) -> None:
        self._largest = largest
        self._target_s = target_s
        self._seconds_each: float | None = None

    @property
    def size(self) -> int:
        if self._seconds_each is None:
            return min(self._largest, 4 * self.SMALLEST)
        return max(1, min(self._largest, max(self.SMALLEST, int(self._target_s / max(self._seconds_each, 1e-6)))))

    def saw(self, records: int, seconds: float) -> None:
        """A batch of so many records took so long in its slowest stage."""
        if records >= self.SMALLEST or self._seconds_each is None:
            each = seconds / records
            before = self._seconds_each if self._seconds_each is not None else each
            self._seconds_each = self._FADING * before + (1 - self._FADING) * each


SWITCH_INTERVAL_S = 0.0002
GARBAGE_THRESHOLD = 20_000
"""Objects made before they are looked through for cycles: a batch of 500 events makes about as many, without any."""


def set_up_interpreter() -> None:
    """Call it once, when all is loaded, in a process that is a worker's own.

    The thread that writes gets Redis's replies in dozens of pieces a batch, and for each waits until the thread that
    prepares the next batch lets go of the interpreter: much less than the usual 5 ms. What is loaded by now stays, and
    need not be looked through by the garbage collector again and again.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(GARBAGE_THRESHOLD)
    gc.collect()
    gc.freeze()
