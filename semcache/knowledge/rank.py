"""How passages rank: meaning and words in one score (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BM25_WEIGHT = 0.03


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage with its score: cosine + BM25_WEIGHT * BM25."""

    chunk_id: str
    score: float
    cosine: float
    bm25: float


def rank(cosines: Mapping[str, float], bm25: Mapping[str, float]) -> list[Ranked]:
    """All passages with a known cosine, best first; equal scores by id. A passage without BM25 shares no word."""
    found = [_scored(chunk_id, cosine, bm25.get(chunk_id, 0.0)) for chunk_id, cosine in cosines.items()]
    return sorted(found, key=lambda ranked: (-ranked.score, ranked.chunk_id))


def _scored(chunk_id: str, cosine: float, bm25: float) -> Ranked:
    return Ranked(chunk_id, cosine + BM25_WEIGHT * bm25, cosine, bm25)
