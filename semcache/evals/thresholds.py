"""What static similarity thresholds would have done on the same stream, in hindsight. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semcache.evals.comparing.likelihood import Estimate, wrong_share
from semcache.evals.stats import share, with_estimate

THRESHOLDS = (*(t / 100 for t in range(60, 90, 2)), *(t / 100 for t in range(90, 100)), 0.995, 0.999)
BLOCK = 256

# Whether two requests, by position, have one answer; a number: the log odds of it; None if nothing can tell.
Same = Callable[[int, int], bool | float | None]


@dataclass(frozen=True, slots=True)
class StaticResult:
    """One threshold on one stream. A request below it is stored; one at or above it is served the nearest answer.

    `wrong_hits` has those of `estimate` in it, of the hits of which only odds are known.
    """

    threshold: float
    requests: int
    hits: int
    wrong_hits: int
    unjudged_hits: int = 0
    estimate: Estimate = field(default_factory=Estimate)

    @property
    def hit_rate(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    @property
    def judged_hits(self) -> int:
        return self.hits - self.unjudged_hits

    @property
    def wrong_hit_rate(self) -> float | None:
        """Of the judged hits; None where nothing was judged."""
        return share(self.wrong_hits, self.judged_hits)

    def row(self, name: str) -> dict[str, object]:
        return {
            "policy": name,
            "threshold": self.threshold,
            "hits": self.hits,
            "hit_rate": self.hit_rate,
            "judged_hits": self.judged_hits,
            "wrong_hits": self.wrong_hits,
            "wrong_hit_rate": self.wrong_hit_rate,
            "wrong_hit_interval": list(with_estimate(self.wrong_hits, self.judged_hits, self.estimate)),
        }


def replay_thresholds(
    vectors: NDArray[np.float32], answer_ids: Sequence[object], thresholds: Sequence[float] = THRESHOLDS
) -> list[StaticResult]:
    """Replays the stream once for every threshold. vectors: (n, dim) L2-normalised, in the order of the stream."""
    return replay_judged(vectors, lambda one, other: answer_ids[one] == answer_ids[other], thresholds)


def replay_judged(
    vectors: NDArray[np.float32],
    same: Same,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    partitions: Sequence[int] | None = None,
) -> list[StaticResult]:
    """The same, where `same(i, j)` says whether requests i and j have one answer, or None if nothing can tell.

    `partitions`: (n,) numbers; a request is served from its own partition alone.
    """
    n, k = len(vectors), len(thresholds)
    apart = np.asarray(partitions if partitions is not None else np.zeros(n), dtype=np.int64)
    stored = np.zeros((k, n), dtype=bool)
    hits, wrong, unjudged = (np.zeros(k, dtype=int) for _ in range(3))
    odds: list[list[float]] = [[] for _ in range(k)]
    kept = np.zeros(n, dtype=bool)  # what no threshold has stored is near to nothing
    limits = np.asarray(thresholds, dtype=np.float32)
    for i in range(n):
        if i % BLOCK == 0:
            block = vectors[i : i + BLOCK] @ vectors[: i + BLOCK].T
        row = block[i % BLOCK, :i]
        near = np.flatnonzero((row >= limits[0]) & kept[:i] & (apart[:i] == apart[i]))
        served = np.zeros(k, dtype=bool)
        for t, nearest in _nearest(row, near, stored, limits):
            served[t] = True
            right = same(i, nearest)
            wrong[t] += right is False
            unjudged[t] += right is None
            if isinstance(right, float):
                odds[t].append(right)
        hits += served
        stored[:, i] = ~served
        kept[i] = not served.all()
    estimates = [wrong_share(each) for each in odds]
    counts = zip(thresholds, hits.tolist(), wrong.tolist(), unjudged.tolist(), estimates, strict=True)
    return [StaticResult(t, n, h, w + e.wrong, u, e) for t, h, w, u, e in counts]


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
    within = [r for r in results if (rate := r.wrong_hit_rate) is not None and rate <= max_error_rate]
    return max(within, key=lambda r: r.hits, default=None)
