"""What static similarity thresholds would have done on the same stream, in hindsight. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.evals.stats import wilson

THRESHOLDS = (*(t / 100 for t in range(60, 90, 2)), *(t / 100 for t in range(90, 100)), 0.995, 0.999)
BLOCK = 256


@dataclass(frozen=True, slots=True)
class StaticResult:
    """One threshold on one stream. A request below it is stored; one at or above it is served the nearest answer."""

    threshold: float
    requests: int
    hits: int
    wrong_hits: int

    @property
    def hit_rate(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    @property
    def wrong_hit_rate(self) -> float:
        return self.wrong_hits / self.hits if self.hits else 0.0

    def row(self, name: str) -> dict[str, object]:
        return {
            "policy": name,
            "threshold": self.threshold,
            "hits": self.hits,
            "hit_rate": self.hit_rate,
            "wrong_hits": self.wrong_hits,
            "wrong_hit_rate": self.wrong_hit_rate,
            "wrong_hit_interval": list(wilson(self.wrong_hits, self.hits)),
        }


def replay_thresholds(
    vectors: NDArray[np.float32], answer_ids: Sequence[object], thresholds: Sequence[float] = THRESHOLDS
) -> list[StaticResult]:
    """Replays the stream once for every threshold. vectors: (n, dim) L2-normalised, in the order of the stream."""
    _, truth = np.unique(np.asarray([str(a) for a in answer_ids]), return_inverse=True)
    n, k = len(vectors), len(thresholds)
    stored = np.zeros((k, n), dtype=bool)
    hits, wrong = np.zeros(k, dtype=int), np.zeros(k, dtype=int)
    limits = np.asarray(thresholds, dtype=np.float32)
    for i in range(n):
        if i % BLOCK == 0:
            block = vectors[i : i + BLOCK] @ vectors[: i + BLOCK].T
        row = block[i % BLOCK, :i]
        near = np.flatnonzero(row >= limits[0])
        served = np.zeros(k, dtype=bool)
        for t, nearest in _nearest(row, near, stored, limits):
            served[t] = True
            wrong[t] += truth[nearest] != truth[i]
        hits += served
        stored[:, i] = ~served
    return [StaticResult(t, n, int(h), int(w)) for t, h, w in zip(thresholds, hits, wrong, strict=True)]


def _nearest(
    row: NDArray[np.float32], near: NDArray[np.intp], stored: NDArray[np.bool_], limits: NDArray[np.float32]
) -> list[tuple[int, int]]:
    """(threshold index, nearest stored request) for every threshold that serves."""
    found: list[tuple[int, int]] = []
    ranked = near[np.argsort(-row[near], kind="stable")]
    for t, limit in enumerate(limits):
        reachable = ranked[: int(np.searchsorted(-row[ranked], -limit, side="right"))]
        first = reachable[stored[t, reachable]][:1]
        if len(first):
            found.append((t, int(first[0])))
    return found


def best_within(results: Sequence[StaticResult], max_error_rate: float) -> StaticResult | None:
    """The threshold that serves most while its share of wrong hits stays within the budget; None if none does."""
    within = [r for r in results if r.hits and r.wrong_hit_rate <= max_error_rate]
    return max(within, key=lambda r: r.hits, default=None)
