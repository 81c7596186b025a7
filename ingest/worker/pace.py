"""How many records to take at once."""

from __future__ import annotations


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
