"""Handler of documents: new versions and deletes go into the knowledge base, and what was answered from them goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import redis

from ingest.events import DocumentDeleted, DocumentUpserted
from ingest.handlers import Incoming
from ingest.outcome import Outcome
from semcache.cache.lineage import invalidate_source
from semcache.embed.protocol import Embedder, Vectors
from semcache.knowledge import KnowledgeBase
from semcache.knowledge.plan import Batch
from semcache.knowledge.types import Change, Delete, Upsert


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
        invalidated: Callable[[int], None],
    ) -> None:
        def bases(client: redis.Redis) -> Callable[[str], KnowledgeBase]:
            return lru_cache(maxsize=1000)(
                lambda namespace: KnowledgeBase(
                    client, embedder=embedder, namespace=namespace, max_text_bytes=max_text_bytes
                )
            )

        self._redis = writer
        self._planning, self._writing = bases(planner), bases(writer)
        self._invalidated = invalidated

    def plan(self, arrivals: Sequence[Incoming], *, after: Any = None) -> DocumentPlan:
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
                outcomes[place] = Outcome.APPLIED if outcome.applied else Outcome.STALE
                self._invalidate(share.namespace, outcome.document, outcome.version)
        return [outcomes[place] for place in range(len(plan.arrivals))]

    def _invalidate(self, namespace: str, document: str, version: int) -> None:
        """Also where the change was stale: a crash may have come between the change and this."""
        before = abs(version) + 1 if version < 0 else version
        self._invalidated(invalidate_source(self._redis, namespace, document, before_version=before))


def _change(event: Any) -> Change:
    if isinstance(event, DocumentUpserted):
        return Upsert(event.document, event.text, event.title, event.version, event.metadata, event.seconds)
    deleted: DocumentDeleted = event
    return Delete(deleted.document, deleted.version)
