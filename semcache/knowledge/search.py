"""Searching passages: candidates by vector and by words, ranked, then read with their documents' versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.embed import Embedder
from semcache.errors import ConfigurationError
from semcache.knowledge.rank import Ranked, rank
from semcache.knowledge.records import Space
from semcache.knowledge.types import Found
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.vectors import VectorSet
from semcache.text.tokens import stems

_CANDIDATES = 200  # of each list
_FROM_WORDS = 20  # of those found by words alone, whose cosine is then computed
_SPARE = 5  # candidates that may vanish between the search and the reading


@dataclass(frozen=True, slots=True)
class Searcher:
    """Searches one namespace with one embedder."""

    redis: Redis
    space: Space
    embedder: Embedder

    def search(self, query: str, *, k: int) -> list[Found]:
        """The best `k` passages, best first."""
        vector = self.embedder.embed([query], kind="query")[0]
        ranked = self._candidates(query, vector, max(_CANDIDATES, 2 * k))
        return self._read(ranked[: k + _SPARE])[:k]

    def _candidates(self, query: str, vector: NDArray[np.float32], count: int) -> list[Ranked]:
        vectors = self.space.vector_set(self.redis, fingerprint=self.embedder.fingerprint, dim=len(vector))
        cosines = dict(vectors.search(vector, count=count))
        if not cosines:
            self._check_embedder(vectors)
            return []
        bm25 = dict(self.space.postings(self.redis).top(stems(query), count=count))
        by_words = [id for id in bm25 if id not in cosines][:_FROM_WORDS]
        known = zip(by_words, vectors.vectors(by_words), strict=True)
        farthest = min(cosines.values())
        return rank(cosines | {id: _cosine(vector, found, farthest) for id, found in known}, bm25)

    def _check_embedder(self, vectors: VectorSet) -> None:
        """That there are no passages without vectors; the first ones may have come since these were looked for."""
        if self.space.postings(self.redis).corpus().members and not vectors.size():
            raise ConfigurationError(
                f"the documents of namespace {self.space.namespace!r} were embedded by another model than "
                f"{self.embedder.fingerprint}: set that model again, or run `semcache kb reindex`"
            )

    def _read(self, ranked: Sequence[Ranked]) -> list[Found]:
        """The passages that are still there."""
        if not ranked:
            return []
        names = [self.space.versions, *(self.space.chunk(candidate.chunk_id) for candidate in ranked)]
        with guarded():
            replies = script("knowledge_fetch")(self.redis, names)
        return [_found(candidate, *reply) for candidate, reply in zip(ranked, replies, strict=True) if reply]


def _cosine(query: NDArray[np.float32], passage: NDArray[np.float32] | None, farthest: float) -> float:
    """A passage that only its words have found and that has no vector (another model embedded it) is taken for far."""
    return farthest if passage is None else float(query @ passage)


def _found(ranked: Ranked, document: Any, title: Any, context: Any, text: Any, version: Any) -> Found:
    return Found(
        document=document.decode(),
        title=title.decode() or document.decode(),
        chunk_id=ranked.chunk_id,
        text=text.decode(),
        score=ranked.score,
        version=int(version),
        context=context.decode(),
        parts={"cosine": ranked.cosine, "bm25": ranked.bm25},
    )
