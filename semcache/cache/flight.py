"""Single flight: of many callers who miss the same question at once, one computes the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from semcache.forking import reset_in_child
from semcache.store.lease import Lease

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25


@dataclass(eq=False, slots=True)
class Flight:
    """One computation under way in this process. Its end is an answer, an error, or neither: it was abandoned.

    `waits_for`: the flight whose answer it needs first.
    """

    over: threading.Event = field(default_factory=threading.Event)
    answer: str | None = None
    note: str = ""
    error: Exception | None = None
    waits_for: Flight | None = None

    @property
    def abandoned(self) -> bool:
        """Over without an answer or an error: whoever computed it stopped listening."""
        return self.over.is_set() and self.answer is None


class CallerIsGone(BaseException):
    """Ends a computation that nobody waits for any more: no error of anybody's, so the flight is abandoned."""


#: The flights that the running code computes: those of a computation that asks a question of its own, too.
_LED: ContextVar[tuple[Flight, ...]] = ContextVar("semcache_flights", default=())


class Flights:
    """The flights of this process, by what is asked. A forked child has none: its parent's threads are not there."""

    def __init__(self) -> None:
        self._start_anew()
        reset_in_child(self._start_anew)

    def _start_anew(self) -> None:
        self._under_way: dict[str, Flight] = {}
        self._lock = threading.Lock()

    def join(self, question: str) -> tuple[Flight, bool]:
        """The flight for a question, and whether the caller leads it: then it has to be run in `leading`."""
        with self._lock:
            flight = self._under_way.get(question)
            if flight is not None:
                return flight, False
            flight = self._under_way[question] = Flight()
            return flight, True

    @contextmanager
    def leading(self, question: str, flight: Flight) -> Iterator[None]:
        """While inside, the code computes the flight, in whichever thread; it is over when the context ends."""
        token = _LED.set((*_LED.get(), flight))
        try:
            yield
        except Exception as error:
            flight.error = error
            raise
        finally:
            _LED.reset(token)
            self.land(question, flight)

    def land(self, question: str, flight: Flight) -> None:
        """The flight is over; who asks from now on starts another."""
        with self._lock:
            if self._under_way.get(question) is flight:
                del self._under_way[question]
        flight.over.set()

    def wait(self, flight: Flight, timeout_s: float) -> str | None:
        """The answer, once it is there; None if the flight was abandoned, takes longer, or would wait for the caller.

        Raises the leader's error.
        """
        led = _LED.get()
        with self._lock:
            if _needs(flight, led):
                return None
            for mine in led:
                mine.waits_for = flight
        try:
            flight.over.wait(max(0.0, timeout_s))
        finally:
            for mine in led:
                mine.waits_for = None
        if flight.error is not None:
            raise flight.error
        return flight.answer


def _needs(flight: Flight | None, led: tuple[Flight, ...]) -> bool:
    """Whether a flight waits, through any number of others, for one of those: then waiting for it would never end."""
    while flight is not None:
        if flight in led:
            return True
        flight = flight.waits_for
    return False


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
