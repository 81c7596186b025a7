"""Handler of documents: new versions and deletes go into the knowledge base, and what was answered from them goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import redis

from semcache.cache.scopes.invalidation import invalidate_source
from semcache.embed.protocol import Embedder, Vectors
from semcache.knowledge import KnowledgeBase
from semcache.knowledge.order import Verdict
from semcache.knowledge.plan import Batch
from semcache.knowledge.types import Change, Delete, Upsert
from semcache.knowledge.types import Outcome as Done
from semcache_ingest.events import DocumentDeleted, DocumentUpserted
from semcache_ingest.handlers.plan import Incoming
from semcache_ingest.records import Outcome, Record

Outdated = Callable[[int, float], None]
"""Told of each document event how many answers it removed, and how long after the event's time (s)."""


_OUTCOMES = {
    Verdict.APPLIED: Outcome.APPLIED,
    Verdict.DUPLICATE: Outcome.DUPLICATE,
    Verdict.STALE: Outcome.STALE,
    Verdict.CONFLICT: Outcome.CONFLICT,
}
_log = logging.getLogger("semcache.ingest")


@dataclass(frozen=True, slots=True)
class Share:
    """The changes of one namespace in a run; `places` are their indices in it."""

    namespace: str
    places: tuple[int, ...]
    batch: Batch


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """What a run of document events will change."""

    arrivals: tuple[Incoming, ...]
    shares: tuple[Share, ...]

    @property
    def texts(self) -> Sequence[str]:
        return [text for share in self.shares for text in share.batch.texts]


class Documents:
    """Document events. `planner` and `writer` are Redis clients, one for the thread of each."""

    def __init__(
        self,
        planner: redis.Redis,
        writer: redis.Redis,
        embedder: Embedder,
        *,
        max_text_bytes: int,
        outdated: Outdated,
        fallen: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = writer
        self._fallen = Fallen(fallen)
        self._planning = _bases(planner, embedder, max_text_bytes)
        self._writing = _bases(writer, embedder, max_text_bytes)
        self._outdated = outdated
        self._clock = clock

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[DocumentPlan] = ()) -> DocumentPlan:
        by_namespace: dict[str, list[int]] = {}
        for place, arrival in enumerate(arrivals):
            by_namespace.setdefault(arrival.event.namespace, []).append(place)
        shares = [
            Share(name, tuple(places), self._planning(name).plan([_change(arrivals[p]) for p in places]))
            for name, places in by_namespace.items()
        ]
        return DocumentPlan(tuple(arrivals), tuple(shares))

    def write(self, plan: DocumentPlan, vectors: Vectors) -> Sequence[Outcome]:
        outcomes: dict[int, Outcome] = {}
        start = 0
        for share in plan.shares:
            end = start + len(share.batch.texts)
            done = self._writing(share.namespace).commit(share.batch, np.asarray(vectors[start:end]))
            start = end
            for place, outcome in zip(share.places, done, strict=True):
                arrival = plan.arrivals[place]
                outcomes[place] = self._noted(arrival, outcome)
                # Also where nothing was applied: a crash may have come between the change and this.
                removed = _outdate(self._redis, share.namespace, outcome.document, outcome.version)
                self._outdated(removed, self._clock() - arrival.event.seconds)
        return [outcomes[place] for place in range(len(plan.arrivals))]

    def _noted(self, arrival: Incoming, done: Done) -> Outcome:
        """The outcome of an event; what somebody has to know of it is logged."""
        if done.fell and arrival.place:
            self._fallen.told(arrival.record, arrival.place.axis)
        if done.verdict is Verdict.CONFLICT:
            _log.warning(
                "%s: document %r has another text at version %d already: nothing is changed; raise the version",
                arrival.record.position,
                done.document,
                abs(done.version),
            )
        return _OUTCOMES[done.verdict]


class Fallen:
    """Tells once of each source, by topic and axis, that it has begun to number its log anew; counts all changes."""

    def __init__(self, count: Callable[[], object]) -> None:
        self._count = count
        self._told: set[tuple[str, str]] = set()

    def told(self, record: Record, axis: str) -> None:
        self._count()
        if (record.topic, axis) not in self._told:
            self._told.add((record.topic, axis))
            _log.warning(
                "%s: the source's numbers (%s) have fallen, with a later time: a new epoch, as after a fail-over; "
                "changes are applied in the order of the log",
                record.position,
                axis,
            )


def _bases(client: redis.Redis, embedder: Embedder, max_text_bytes: int) -> Callable[[str], KnowledgeBase]:
    """The knowledge base of a namespace, made once."""
    return lru_cache(maxsize=1000)(
        lambda namespace: KnowledgeBase(client, embedder=embedder, namespace=namespace, max_text_bytes=max_text_bytes)
    )


def _outdate(client: redis.Redis, namespace: str, document: str, version: int) -> int:
    """Removes the answers built from older versions, of a deleted document those from any."""
    before = abs(version) + 1 if version < 0 else version
    return invalidate_source(client, namespace, document, before_version=before)


def _change(arrival: Incoming) -> Change:
    event: Any = arrival.event
    if isinstance(event, DocumentUpserted):
        return Upsert(
            event.document, event.text, event.title, event.version, event.metadata, event.seconds, arrival.place
        )
    deleted: DocumentDeleted = event
    return Delete(deleted.document, deleted.version, arrival.place)
