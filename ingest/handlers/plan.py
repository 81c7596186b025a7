"""Handlers: how a run of events of one kind is planned, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from semcache.embed.protocol import Vectors
from semcache.knowledge.order import Place
from semcache_ingest.events import Event, routing_key
from semcache_ingest.records import Outcome, Record


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event, the record that it came in, and, of a document, where the change stands in the order of its sources."""

    event: Event
    record: Record
    place: Place | None = None


class Plan(Protocol):
    """What a run of events will write; its texts have to be embedded first (kind "passage")."""

    @property
    def texts(self) -> Sequence[str]: ...


PlanT = TypeVar("PlanT", bound=Plan)


class Handler(Protocol[PlanT]):
    """Applies events of some types. Both methods bear being repeated, on the same events and on any part of them."""

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[PlanT] = ()) -> PlanT:
        """What will be written. `after`: plans that are being written meanwhile, whose effects are not yet seen."""
        ...

    def write(self, plan: PlanT, vectors: Vectors) -> Sequence[Outcome]:
        """Writes a plan with the vectors of its texts, (len(texts), dim) float32; an outcome for each event."""
        ...


@dataclass(frozen=True, slots=True)
class Run(Generic[PlanT]):
    """Events that one handler applies together; `places` are their indices in the batch."""

    handler: Handler[PlanT]
    arrivals: list[Incoming] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WithoutTexts:
    """A plan of events that have nothing to embed."""

    arrivals: tuple[Incoming, ...]

    @property
    def texts(self) -> Sequence[str]:
        return ()


def runs(arrivals: Sequence[tuple[int, Incoming]], handlers: Mapping[str, Handler[Any]]) -> list[Run[Any]]:
    """Events gathered by handler, as few runs as the order allows: what has one key is applied in its order.

    An event may join an earlier run of its handler unless an event of its key stands in a later run.
    """
    made: list[Run[Any]] = []
    last_of_key: dict[tuple[str, str], int] = {}
    for place, arrival in arrivals:
        event = arrival.event
        handler, key = handlers[event.type], (event.namespace, routing_key(event))
        index = _run_for(made, handler, last_of_key.get(key, 0))
        made[index].arrivals.append(arrival)
        made[index].places.append(place)
        last_of_key[key] = index
    return made


def _run_for(made: list[Run[Any]], handler: Handler[Any], earliest: int) -> int:
    for index in range(earliest, len(made)):
        if made[index].handler is handler:
            return index
    made.append(Run(handler))
    return len(made) - 1


def no_vectors(dim: int) -> Vectors:
    return np.empty((0, dim), np.float32)
