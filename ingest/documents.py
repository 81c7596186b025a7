"""Handler of documents: new versions and deletes go into the knowledge base, and what was answered from them goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import redis

from ingest.events import MAX_TEXT_BYTES, DocumentDeleted, DocumentUpserted
from ingest.handlers import Incoming, WithoutTexts
from ingest.outcome import Outcome
from ingest.records import Record
from semcache.cache.lineage import invalidate_source
from semcache.embed.protocol import Embedder, Vectors
from semcache.knowledge import KnowledgeBase
from semcache.knowledge.plan import Batch
from semcache.knowledge.types import Change, Delete, Upsert
from semcache.store import keys
from semcache.store.connect import guarded

Outdated = Callable[[int, float], None]
"""Told of each document event how many answers it removed, and how long after the event's time (s)."""


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
    """Document events with a version. `planner` and `writer` are Redis clients, one for the thread of each."""

    def __init__(
        self,
        planner: redis.Redis,
        writer: redis.Redis,
        embedder: Embedder,
        *,
        max_text_bytes: int,
        outdated: Outdated,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = writer
        self._planning = _bases(planner, embedder, max_text_bytes)
        self._writing = _bases(writer, embedder, max_text_bytes)
        self._outdated = outdated
        self._clock = clock

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[Any] = ()) -> DocumentPlan:
        by_namespace: dict[str, list[int]] = {}
        for place, arrival in enumerate(arrivals):
            by_namespace.setdefault(arrival.event.namespace, []).append(place)
        shares = [
            Share(name, tuple(places), self._planning(name).plan([_change(arrivals[p].event) for p in places]))
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
                event: Any = plan.arrivals[place].event
                outcomes[place] = _outcome(outcome.applied, same=abs(outcome.version) == event.version)
                # Also where nothing was applied: a crash may have come between the change and this.
                removed = _outdate(self._redis, share.namespace, outcome.document, outcome.version)
                self._outdated(removed, self._clock() - event.seconds)
        return [outcomes[place] for place in range(len(plan.arrivals))]


class Tombstones:
    """Deletes without a version, like a null value on the knowledge topic: they end whatever came before them.

    A document's version alone cannot tell a repeated one from a new one: the place in the log can. The delete keeps
    the document's version, so that whoever numbers documents can go on counting.
    """

    def __init__(
        self,
        writer: redis.Redis,
        embedder: Embedder,
        *,
        outdated: Outdated,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = writer
        self._base = _bases(writer, embedder, MAX_TEXT_BYTES)
        self._outdated = outdated
        self._clock = clock

    def plan(self, arrivals: Sequence[Incoming], *, after: Sequence[Any] = ()) -> WithoutTexts:
        return WithoutTexts(tuple(arrivals))

    def write(self, plan: WithoutTexts, vectors: Vectors) -> Sequence[Outcome]:
        return [self._apply(arrival) for arrival in plan.arrivals]

    @guarded()
    def _apply(self, arrival: Incoming) -> Outcome:
        event: Any = arrival.event
        key = keys.DOCUMENT_TOMBSTONES.build(namespace=event.namespace)
        found: Any = self._redis.hget(key, event.document)
        if found is not None and _came_before(arrival.record, found.decode()):
            return Outcome.DUPLICATE
        done = self._base(event.namespace).delete(event.document, keep_version=True)
        removed = _outdate(self._redis, event.namespace, event.document, done.version)
        self._outdated(removed, self._clock() - event.seconds)
        # Last: after a crash before this, the delete is done again, and nothing of later date has been applied yet.
        self._redis.hset(key, event.document, f"{arrival.record.position}:{arrival.record.timestamp_ms}")
        return _outcome(done.applied, same=False)


def _came_before(record: Record, applied: str) -> bool:
    """Whether a record stands at or before a place in the log; of another topic, or one made anew, it does not."""
    place, offset, at_ms = applied.rsplit(":", 2)
    same_log = place == f"{record.topic}:{record.partition}"
    return same_log and record.offset <= int(offset) and record.timestamp_ms <= int(at_ms)


def _bases(client: redis.Redis, embedder: Embedder, max_text_bytes: int) -> Callable[[str], KnowledgeBase]:
    """The knowledge base of a namespace, made once."""
    return lru_cache(maxsize=1000)(
        lambda namespace: KnowledgeBase(client, embedder=embedder, namespace=namespace, max_text_bytes=max_text_bytes)
    )


def _outcome(applied: bool, *, same: bool) -> Outcome:
    if applied:
        return Outcome.APPLIED
    return Outcome.DUPLICATE if same else Outcome.STALE


def _outdate(client: redis.Redis, namespace: str, document: str, version: int) -> int:
    """Removes the answers built from older versions, of a deleted document those from any."""
    before = abs(version) + 1 if version < 0 else version
    return invalidate_source(client, namespace, document, before_version=before)


def _change(event: Any) -> Change:
    if isinstance(event, DocumentUpserted):
        return Upsert(event.document, event.text, event.title, event.version, event.metadata, event.seconds)
    deleted: DocumentDeleted = event
    return Delete(deleted.document, deleted.version)
