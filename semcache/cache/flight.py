"""Single flight: of many callers who miss the same question at once, one computes the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from semcache.store.lease import Lease

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25


@dataclass(slots=True)
class Flight:
    """One computation under way in this process. Its end is an answer, an error, or neither: it was abandoned."""

    leader: int = field(default_factory=threading.get_ident)
    over: threading.Event = field(default_factory=threading.Event)
    answer: str | None = None
    note: str = ""
    error: Exception | None = None

    @property
    def abandoned(self) -> bool:
        """Over without an answer or an error: whoever computed it stopped listening."""
        return self.over.is_set() and self.answer is None

    def wait(self, timeout_s: float) -> str | None:
        """The answer, once it is there; None if the flight was abandoned or takes longer. Raises the leader's error."""
        if self.leader == threading.get_ident():
            return None  # the computation asks its own question: waiting for itself would never end
        self.over.wait(max(0.0, timeout_s))
        if self.error is not None:
            raise self.error
        return self.answer


class Flights:
    """The flights of this process, by what is asked."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}
        self._lock = threading.Lock()

    @contextmanager
    def join(self, asked: str) -> Iterator[tuple[Flight, bool]]:
        """The flight for `asked` and whether the caller leads it; a leader's flight is over when the context ends."""
        with self._lock:
            flight = self._under_way.get(asked)
            leading = flight is None
            if flight is None:
                flight = self._under_way[asked] = Flight()
        if not leading:
            yield flight, False
            return
        try:
            yield flight, True
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._under_way[asked]
            flight.over.set()


def take_off(lease: Lease, *, wait_s: float) -> bool:
    """Waits until no other process holds the lease and takes it; False if that lasts longer than `wait_s` seconds."""
    deadline = time.monotonic() + wait_s
    nothing = threading.Event()
    pause = _FIRST_PAUSE_S
    while not lease.acquire():
        if time.monotonic() >= deadline:
            return False
        nothing.wait(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
    return True
