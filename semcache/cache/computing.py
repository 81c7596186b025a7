"""Computing an answer that is not stored: once for all who ask, streamed to one of them, stored when complete."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Protocol, TypeVar

import redis

from semcache.cache import inputs
from semcache.cache.flight import Flight, Flights, take_off
from semcache.cache.inputs import Question
from semcache.cache.lookup import Lookup
from semcache.cache.types import Hit, Miss
from semcache.errors import InvalidInput, RedisUnavailable
from semcache.store import keys
from semcache.store.lease import Lease

Pieces = Generator[str, None, "Outcome"]
Answer = str | Iterator[str]
Compute = Callable[[], Answer]
Sources = Mapping[str, int] | Callable[[], Mapping[str, int]]
Function = TypeVar("Function", bound=Callable[[str], Any])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Computed:
    """What is known about an answer only at its end: a generator given as `compute` may return it.

    It takes the place of what was given beforehand. `keep` False: the answer is not stored. `tokens`: what the answer
    took, prompt and answer (None = estimated).
    """

    keep: bool = True
    sources: Mapping[str, int] | None = None
    tags: tuple[str, ...] = ()
    ttl: float | None = None
    metadata: Mapping[str, object] | None = None
    cost: float | None = None
    tokens: int | None = None
    response_format: str = "text"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an answer came from: a hit, or computed here (`entry_id` if it was stored), or by somebody else."""

    hit: Hit | None = None
    computed: bool = False
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept with an answer."""

    sources: Sources
    tags: tuple[str, ...]
    ttl_s: float | None
    metadata: str
    cost: float | None
    response_format: str
    tokens: int | None = None

    @classmethod
    def checked(
        cls,
        *,
        sources: Sources | None,
        tags: Iterable[str],
        ttl: float | None,
        metadata: Mapping[str, object] | None,
        cost: float | None,
        response_format: str,
    ) -> Kept:
        """Raises InvalidInput if anything is out of its range."""
        return cls(
            sources=sources if callable(sources) else inputs.checked_sources(sources),
            tags=inputs.checked_tags(tags),
            ttl_s=inputs.checked_ttl(ttl),
            metadata=inputs.checked_metadata(metadata),
            cost=inputs.checked_amount("cost", cost),
            response_format=inputs.checked_text("response_format", response_format),
        )

    @classmethod
    def of(cls, computed: Computed) -> Kept:
        """What a computation returned, checked."""
        kept = cls.checked(
            sources=computed.sources,
            tags=computed.tags,
            ttl=computed.ttl,
            metadata=computed.metadata,
            cost=computed.cost,
            response_format=computed.response_format,
        )
        return replace(kept, tokens=computed.tokens)

    def current_sources(self) -> dict[str, int]:
        """Documents and versions, asked now if they are given as a callable."""
        return inputs.checked_sources(self.sources() if callable(self.sources) else self.sources)


class Keep(Protocol):
    """Stores a computed answer."""

    def __call__(
        self, asked: Question, response: str, kept: Kept, compute_s: float | None, miss: Miss | None = None
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
        self, asked: Question, compute: Compute, kept: Kept, *, wait_s: float, miss: Miss | None = None
    ) -> Pieces:
        """The answer: whole if it is stored or computed by somebody else, in pieces if computed here.

        With `miss`, the question has been looked up already. The generator's return value says where it came from.
        """
        found = self._lookup.look_up(asked) if miss is None else miss  # a miss is falsy
        if isinstance(found, Hit):
            return _served(found)
        return self._fly(asked, compute, kept, found, time.monotonic() + wait_s)

    def _fly(self, asked: Question, compute: Compute, kept: Kept, miss: Miss, deadline: float) -> Pieces:
        while True:
            with self._flights.join(asked.asked) as (flight, leading):
                if leading:
                    return (yield from self._lead(flight, asked, compute, kept, miss, deadline))
            answer = flight.wait(deadline - time.monotonic())
            if answer is not None:
                yield answer
                return Outcome()
            if not flight.abandoned:
                yield from _pieces(compute())  # it takes too long, or it is our own
                return Outcome(computed=True)

    def _lead(
        self, flight: Flight, asked: Question, compute: Compute, kept: Kept, miss: Miss, deadline: float
    ) -> Pieces:
        key = keys.CACHE_FLIGHT.build(scope=self._scope, fingerprint=asked.asked)
        lease = Lease(self._redis, key, lease_s=self._lease_s)
        if not take_off(lease, wait_s=deadline - time.monotonic()):
            return (yield from self._computed(flight, asked, compute, kept, miss))
        with lease.kept():
            # Another process may have stored it between the lookup and the lease.
            if stored := self._lookup.exactly(asked):
                flight.answer = stored.response
                return (yield from _served(stored))
            return (yield from self._computed(flight, asked, compute, kept, miss))

    def _computed(self, flight: Flight, asked: Question, compute: Compute, kept: Kept, miss: Miss) -> Pieces:
        started = time.perf_counter()
        collected: list[str] = []
        learned = yield from _collected(compute(), collected)
        answer = "".join(collected)
        entry_id = None
        if learned is None or learned.keep:
            entry_id = self._try_to_keep(asked, answer, learned or kept, time.perf_counter() - started, miss)
        flight.answer = answer
        return Outcome(computed=True, entry_id=entry_id)

    def _try_to_keep(
        self, asked: Question, answer: str, kept: Kept | Computed, compute_s: float, miss: Miss
    ) -> str | None:
        """Stores the answer if it can be: the caller has it already, and gets no error for what was done for others."""
        try:
            kept = Kept.of(kept) if isinstance(kept, Computed) else kept
            return self._keep(asked, inputs.checked_response(answer), kept, compute_s, miss)
        except (RedisUnavailable, InvalidInput) as error:
            _log.warning("a computed answer is not stored: %s", error)
            return None


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
                raise InvalidInput(f"compute() yields strings, not {type(piece).__name__}")
            collected.append(piece)
            yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _pieces(answer: Answer) -> Iterator[str]:
    if isinstance(answer, str):
        return iter((answer,))
    if isinstance(answer, bytes) or not isinstance(answer, Iterable):
        raise InvalidInput(f"compute() returns a string or an iterator of strings, not {type(answer).__name__}")
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
