"""Computing an answer that is not stored: once for all who ask, streamed to one of them, stored when complete."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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

Answer = str | Iterator[str]
Compute = Callable[[], Answer]
Sources = Mapping[str, int] | Callable[[], Mapping[str, int]]
Function = TypeVar("Function", bound=Callable[[str], Any])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept with an answer."""

    sources: Sources
    tags: tuple[str, ...]
    ttl_s: float | None
    metadata: str
    cost: float | None
    response_format: str

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

    def __init__(self, client: redis.Redis, scope: str, lookup: Lookup, keep: Keep, *, lease_s: float) -> None:
        self._redis = client
        self._scope = scope
        self._lookup = lookup
        self._keep = keep
        self._lease_s = lease_s
        self._flights = Flights()

    def pieces(self, asked: Question, compute: Compute, kept: Kept, *, wait_s: float) -> Iterator[str]:
        """The answer: whole if it is stored or computed by somebody else, in pieces if computed here."""
        found = self._lookup.look_up(asked)
        if isinstance(found, Hit):
            return iter((found.response,))
        return self._fly(asked, compute, kept, found, time.monotonic() + wait_s)

    def _fly(self, asked: Question, compute: Compute, kept: Kept, miss: Miss, deadline: float) -> Iterator[str]:
        while True:
            with self._flights.join(asked.asked) as (flight, leading):
                if leading:
                    yield from self._lead(flight, asked, compute, kept, miss, deadline)
                    return
            answer = flight.wait(deadline - time.monotonic())
            if answer is not None:
                yield answer
                return
            if not flight.abandoned:
                yield from _pieces(compute())  # it takes too long, or it is our own
                return

    def _lead(
        self, flight: Flight, asked: Question, compute: Compute, kept: Kept, miss: Miss, deadline: float
    ) -> Iterator[str]:
        key = keys.CACHE_FLIGHT.build(scope=self._scope, fingerprint=asked.asked)
        lease = Lease(self._redis, key, lease_s=self._lease_s)
        if not take_off(lease, wait_s=deadline - time.monotonic()):
            yield from self._computed(flight, asked, compute, kept, miss)
            return
        with lease.kept():
            # Another process may have stored it between the lookup and the lease.
            if stored := self._lookup.exactly(asked):
                flight.answer = stored.response
                yield stored.response
            else:
                yield from self._computed(flight, asked, compute, kept, miss)

    def _computed(self, flight: Flight, asked: Question, compute: Compute, kept: Kept, miss: Miss) -> Iterator[str]:
        started = time.perf_counter()
        collected: list[str] = []
        for piece in _pieces(compute()):
            collected.append(piece)
            yield piece
        answer = "".join(collected)
        self._try_to_keep(asked, answer, kept, time.perf_counter() - started, miss)
        flight.answer = answer

    def _try_to_keep(self, asked: Question, answer: str, kept: Kept, compute_s: float, miss: Miss) -> None:
        """Stores the answer if it can be: the caller has it already, and gets no error for what was done for others."""
        try:
            self._keep(asked, inputs.checked_response(answer), kept, compute_s, miss)
        except (RedisUnavailable, InvalidInput) as error:
            _log.warning("a computed answer is not stored: %s", error)


def _pieces(answer: Answer) -> Iterator[str]:
    return iter((answer,)) if isinstance(answer, str) else iter(answer)


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
