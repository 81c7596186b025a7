"""Computing an answer that is not stored: once for all who ask, streamed to one of them, stored when complete."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Protocol, TypeVar

import redis

from semcache.cache import inputs
from semcache.cache.flight import Flight, Flights, take_off
from semcache.cache.inputs import Question
from semcache.cache.lookup import Lookup
from semcache.cache.types import Computed, Hit, Miss, StoreOptions
from semcache.errors import InvalidInput, SemcacheError
from semcache.store import keys
from semcache.store.lease import Lease

Pieces = Generator[str, None, "Outcome"]
Answer = str | Iterator[str]
Compute = Callable[[], Answer]
Function = TypeVar("Function", bound=Callable[[str], Any])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an answer came from: a hit, or computed here (`entry_id` if it was stored), or by somebody else.

    `note`: what the computation said about its answer (see `Computed`).
    """

    hit: Hit | None = None
    computed: bool = False
    entry_id: str | None = None
    note: str = ""


class Keep(Protocol):
    """Stores a computed answer."""

    def __call__(
        self, asked: Question, response: str, options: StoreOptions, miss: Miss | None = None
    ) -> str | None: ...


class Computing:
    """Computes what is not stored, with one flight a question in this process and, by a lease, in all processes."""

    def __init__(
        self, client: redis.Redis, scope: str, lookup: Lookup, keep: Keep, *, flights: Flights, lease_s: float
    ) -> None:
        self._redis = client
        self._scope = scope
        self._lookup = lookup
        self._keep = keep
        self._lease_s = lease_s
        self._flights = flights

    def pieces(
        self, asked: Question, compute: Compute, options: StoreOptions, *, wait_s: float, miss: Miss | None = None
    ) -> Pieces:
        """The answer: whole if it is stored or computed by somebody else, in pieces if computed here.

        With `miss`, the question has been looked up already. The generator's return value says where it came from.
        """
        found = self._lookup.look_up(asked) if miss is None else miss  # a miss is falsy
        if isinstance(found, Hit):
            return _served(found)
        return self._fly(asked, compute, options, found, time.monotonic() + wait_s)

    def _fly(self, asked: Question, compute: Compute, options: StoreOptions, miss: Miss, deadline: float) -> Pieces:
        while True:
            with self._flights.join(asked.asked) as (flight, leading):
                if leading:
                    return (yield from self._lead(flight, asked, compute, options, miss, deadline))
            answer = flight.wait(deadline - time.monotonic())
            if answer is not None:
                yield answer
                return Outcome(note=flight.note)
            if not flight.abandoned:
                yield from _pieces(compute())  # it takes too long, or it is our own
                return Outcome(computed=True)

    def _lead(
        self, flight: Flight, asked: Question, compute: Compute, options: StoreOptions, miss: Miss, deadline: float
    ) -> Pieces:
        key = keys.CACHE_FLIGHT.build(scope=self._scope, fingerprint=asked.asked)
        lease = Lease(self._redis, key, lease_s=self._lease_s)
        if not take_off(lease, wait_s=deadline - time.monotonic()):
            return (yield from self._computed(flight, asked, compute, options, miss))
        with lease.kept():
            # Another process may have stored it between the lookup and the lease.
            if stored := self._lookup.exactly(asked):
                flight.answer = stored.response
                return (yield from _served(stored))
            return (yield from self._computed(flight, asked, compute, options, miss))

    def _computed(self, flight: Flight, asked: Question, compute: Compute, options: StoreOptions, miss: Miss) -> Pieces:
        started = time.perf_counter()
        collected: list[str] = []
        learned = yield from _collected(compute(), collected)
        answer = "".join(collected)
        entry_id = None
        if learned is None or learned.keep:
            entry_id = self._try_to_keep(asked, answer, learned or options, time.perf_counter() - started, miss)
        flight.note = learned.note if learned else ""
        flight.answer = answer
        return Outcome(computed=True, entry_id=entry_id, note=flight.note)

    def _try_to_keep(
        self, asked: Question, answer: str, options: StoreOptions, measured_s: float, miss: Miss
    ) -> str | None:
        """Stores the answer if it can be: it has been paid for, so whatever goes wrong here is logged, not raised."""
        try:
            checked = inputs.checked_options(options)
            if checked.compute_s is None:
                checked = replace(checked, compute_s=measured_s)
            return self._keep(asked, inputs.checked_response(answer), checked, miss)
        except SemcacheError as error:
            _log.warning("a computed answer is not stored: %s", error)
        except Exception:  # noqa: BLE001 - by whatever: the answer is there
            _log.warning("a computed answer is not stored", exc_info=True)
        return None


def unstored(compute: Compute) -> Pieces:
    """Computes for its asker alone: nothing is looked up, shared or stored."""
    learned = yield from _collected(compute(), [])
    return Outcome(computed=True, note=learned.note if learned else "")


def _served(hit: Hit) -> Pieces:
    yield hit.response
    return Outcome(hit=hit)


def _collected(answer: Answer, collected: list[str]) -> Generator[str, None, Computed | None]:
    """Yields the pieces and collects them; returns what the computation returned. Closed early, it closes that too."""
    pieces = _pieces(answer)
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                return end.value if isinstance(end.value, Computed) else None
            if not isinstance(piece, str):
                made = "" if isinstance(answer, Iterator) else f" (in {type(answer).__name__})"
                raise InvalidInput(f"compute() must yield strings, not {type(piece).__name__}{made}")
            collected.append(piece)
            yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _pieces(answer: Answer) -> Iterator[str]:
    if isinstance(answer, str):
        return iter((answer,))
    # Mappings, sets, records and tables can be iterated over too, but their items are no pieces of a text.
    data = hasattr(answer, "_fields") or (isinstance(answer, Sized) and not isinstance(answer, Iterator | list | tuple))
    if data or not isinstance(answer, Iterable):
        raise InvalidInput(
            f"compute() must return a string or an iterator of strings, not {type(answer).__name__}: "
            "store structured output as text, for example JSON"
        )
    return iter(answer)


class Remembers(Protocol):
    """What `remembered` needs of a cache."""

    def get_or_compute(self, prompt: str, compute: Compute) -> str: ...
    def stream(self, prompt: str, compute: Compute) -> Iterator[str]: ...


def remembered(cache: Remembers, function: Function) -> Function:
    """The function of a prompt, asked only for what the cache has not."""
    recall = cache.stream if inspect.isgeneratorfunction(function) else cache.get_or_compute

    @wraps(function)
    def asked(prompt: str) -> Answer:
        return recall(prompt, lambda: function(prompt))

    return asked  # type: ignore[return-value]
