"""Computing an answer that is not stored: once for all who ask, streamed to one of them, stored when complete."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from functools import wraps
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import redis

from semcache.cache import inputs
from semcache.cache.entries.refusals import Refusals
from semcache.cache.flight import CallerIsGone, Flight, take_off
from semcache.cache.inputs import Question
from semcache.cache.lookup import Lookup
from semcache.cache.runtime import Runtime
from semcache.cache.types import Computed, Hit, Miss, StoreOptions
from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable, SemcacheError
from semcache.store import keys
from semcache.store.lease import Lease

Pieces = Generator[str, None, "Outcome"]
Answer = str | Iterator[str]
Compute = Callable[[], Answer]
HandOver = Callable[[str], None]
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
        self, question: Question, response: str, options: StoreOptions, miss: Miss | None = None
    ) -> str | None: ...


class Computing:
    """Computes what is not stored, with one flight a question here and, by a lease, in all processes; `alone`: none."""

    def __init__(
        self,
        client: redis.Redis,
        scope: str,
        lookup: Lookup,
        keep: Keep,
        *,
        refusals: Refusals,
        runtime: Runtime,
        lease_s: float,
        alone: bool = False,
    ) -> None:
        self._redis = client
        self._scope = scope
        self._lookup = lookup
        self._keep = keep
        self._refusals = refusals
        self._lease_s = lease_s
        self._alone = alone
        self._runtime = runtime
        self._flights = runtime.flights

    def answer(self, question: Question, compute: Compute, options: StoreOptions, *, wait_s: float) -> str:
        """The answer: the stored one, or one computed here or by somebody else."""
        found = self._lookup.look_up(question)
        if isinstance(found, Hit):
            return found.response
        work = _Work(question, compute, options, found, time.monotonic() + wait_s)
        flight, leading = self._board(work)
        if leading:
            return self._lead(flight, work, ignored)[0]
        return "".join(_pieces(compute())) if flight.answer is None else flight.answer

    def pieces(
        self, question: Question, compute: Compute, options: StoreOptions, *, wait_s: float, miss: Miss | None = None
    ) -> Pieces:
        """The answer: whole if it is stored or computed by somebody else, in pieces if computed here.

        With `miss`, the question has been looked up already. The generator's return value says where it came from.
        What is computed here is computed by a thread that does not wait for the reader, until the generator is closed.
        """
        found = self._lookup.look_up(question) if miss is None else miss  # a miss is falsy
        if isinstance(found, Hit):
            return _served(found)
        return self._streamed(_Work(question, compute, options, found, time.monotonic() + wait_s))

    def _streamed(self, work: _Work) -> Pieces:
        flight, leading = self._board(work)
        if leading:
            return (yield from self._produced(flight, work))
        if flight.answer is None:
            return (yield from unstored(work.compute))
        yield flight.answer
        return Outcome(note=flight.note)

    def _board(self, work: _Work) -> tuple[Flight, bool]:
        """A flight, and whether it is ours to lead. If another's has no answer, its leader is slow or waits for us.

        A flight that was abandoned is followed by another, which the first of those who waited leads.
        """
        if self._alone:
            return Flight(), True
        while True:
            flight, leading = self._flights.join(self._flight_name(work))
            if leading:
                return flight, True
            answer = self._flights.wait(flight, work.deadline - time.monotonic())
            if answer is not None or not flight.abandoned:
                return flight, False

    def _flight_name(self, work: _Work) -> str:
        return f"{self._scope}:{work.question.fingerprint}"

    def _produced(self, flight: Flight, work: _Work) -> Pieces:
        """The pieces of a flight that a thread of its own computes. Closing this generator ends the computation."""
        produced: SimpleQueue[str | Outcome | BaseException] = SimpleQueue()
        closed = threading.Event()

        def hand_over(piece: str) -> None:
            produced.put(piece)
            if closed.is_set():
                raise CallerIsGone

        def produce() -> None:
            try:
                produced.put(self._lead(flight, work, hand_over)[1])
            except BaseException as error:  # noqa: BLE001  it is raised again, by the reader
                produced.put(error)

        self._runtime.produce(produce)
        try:
            while not isinstance(item := produced.get(), Outcome):
                if isinstance(item, BaseException):
                    raise item
                yield item
            return item
        finally:
            closed.set()

    def _lead(self, flight: Flight, work: _Work, hand_over: HandOver) -> tuple[str, Outcome]:
        if self._alone:
            return self._computed(flight, work, hand_over)
        with self._flights.leading(self._flight_name(work), flight):
            key = keys.CACHE_FLIGHT.build(scope=self._scope, fingerprint=work.question.fingerprint)
            lease = Lease(self._redis, key, lease_s=self._lease_s)
            if not self._take_off(lease, work):
                return self._computed(flight, work, hand_over)
            with lease.kept():
                # Another process may have stored it between the lookup and the lease.
                if stored := self._lookup.exactly(work.question):
                    flight.answer = stored.response
                    hand_over(stored.response)
                    return stored.response, Outcome(hit=stored)
                return self._computed(flight, work, hand_over)

    def _take_off(self, lease: Lease, work: _Work) -> bool:
        """Whether the lease is ours; not if another process is too slow, or if nothing can be written."""
        try:
            return take_off(lease, wait_s=work.deadline - time.monotonic())
        except (RedisUnavailable, ConfigurationError) as error:
            _log.warning("an answer is computed without a lease, others may compute it too: %s", error)
            return False

    def _computed(self, flight: Flight, work: _Work, hand_over: HandOver) -> tuple[str, Outcome]:
        started = time.perf_counter()
        answer, learned = _drained(work.compute(), hand_over)
        entry_id = None
        if learned is not None and not learned.keep:
            self._refusals.note(work.question, learned.note or "whoever computed it said so", warn=False)
        else:
            entry_id = self._try_to_keep(work, answer, learned or work.options, time.perf_counter() - started)
        flight.note = learned.note if learned else ""
        flight.answer = answer
        return answer, Outcome(computed=True, entry_id=entry_id, note=flight.note)

    def _try_to_keep(self, work: _Work, answer: str, options: StoreOptions, measured_s: float) -> str | None:
        """Stores the answer if it can be: it has been paid for, so whatever goes wrong here is logged, not raised."""
        try:
            checked = inputs.checked_options(options)
            if checked.compute_s is None:
                checked = replace(checked, compute_s=measured_s)
            return self._keep(work.question, inputs.checked_response(answer), checked, work.miss)
        except SemcacheError as error:
            _log.warning("a computed answer is not stored: %s", error)
        except Exception:  # noqa: BLE001 - by whatever: the answer is there
            _log.warning("a computed answer is not stored", exc_info=True)
        return None


def unstored(compute: Compute) -> Pieces:
    """Computes for its asker alone: nothing is looked up, shared or stored."""
    learned = yield from _checked(compute())
    return Outcome(computed=True, note=learned.note if learned else "")


@dataclass(frozen=True, slots=True)
class _Work:
    """A question to compute, what is to be stored with its answer, and until when others are waited for."""

    question: Question
    compute: Compute
    options: StoreOptions
    miss: Miss
    deadline: float


def ignored(piece: str) -> None:
    """For whoever takes the answer whole."""


def _served(hit: Hit) -> Pieces:
    yield hit.response
    return Outcome(hit=hit)


def _drained(answer: Answer, hand_over: HandOver) -> tuple[str, Computed | None]:
    """The whole answer and what the computation returned; each piece is handed over. A failure closes the generator."""
    pieces = _checked(answer)
    collected: list[str] = []
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                return "".join(collected), end.value
            collected.append(piece)
            hand_over(piece)
    finally:
        pieces.close()


def _checked(answer: Answer) -> Generator[str, None, Computed | None]:
    """The pieces of an answer; returns what the computation returned. Closing it closes the computation."""
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
