"""What other error budgets would have given on the same log: the first requests, replayed in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semcache.evals.comparing.likelihood import wrong_share
from semcache.evals.log import Request
from semcache.evals.simulate import Judge, Run, SimulatedCache, Truth
from semcache.evals.stats import share, with_estimate

BUDGETS = (0.005, 0.01, 0.02, 0.05)
#: Requests that are replayed with each budget.
MOST_REQUESTS = 2_000
NEIGHBOURS = 10
_BLOCK = 256


@dataclass
class _Stream:
    """One budget: a cache for each partition, and which requests each holds."""

    open_cache: Callable[[], SimulatedCache]
    caches: dict[int, SimulatedCache] = field(default_factory=dict)
    stored: dict[int, list[int]] = field(default_factory=dict)

    def ask(self, at: int, request: Request, partition: int, similarities: NDArray[np.float32]) -> None:
        if partition not in self.caches:
            self.caches[partition], self.stored[partition] = self.open_cache(), []
        cache, stored = self.caches[partition], self.stored[partition]
        near = similarities[stored]
        best = np.argsort(-near, kind="stable")[:NEIGHBOURS]
        if not cache.ask(request.prompt, at, cache.near(best.tolist(), near[best].tolist())):
            stored.append(at)

    @property
    def runs(self) -> Sequence[Run]:
        return [cache.run for cache in self.caches.values()]


def replay_budgets(
    vectors: NDArray[np.float32],
    requests: Sequence[Request],
    partitions: Sequence[int],
    *,
    judge: Judge,
    truth: Truth,
    progress: Callable[[int], None] = lambda done: None,
) -> list[dict[str, object]]:
    """A row for each of BUDGETS. vectors: (n, dim) L2-normalised; `judge` teaches, `truth` counts, by positions."""
    streams = {
        budget: _Stream(lambda budget=budget: SimulatedCache(max_error_rate=budget, judge=judge, truth=truth))  # type: ignore[misc]
        for budget in BUDGETS
    }
    for at, request in enumerate(requests):
        if at % _BLOCK == 0:
            block = vectors[at : at + _BLOCK] @ vectors[: at + _BLOCK].T
        for stream in streams.values():
            stream.ask(at, request, partitions[at], block[at % _BLOCK])
        progress(at + 1)
    return [_row(budget, len(requests), stream.runs) for budget, stream in streams.items()]


def _row(budget: float, requests: int, runs: Sequence[Run]) -> dict[str, object]:
    hits = sum(sum(run.hits) for run in runs)
    estimate = wrong_share([odds for run in runs for odds in run.odds])
    wrong = sum(sum(run.wrong) for run in runs) + estimate.wrong
    judged = hits - sum(run.unjudged for run in runs)
    return {
        "budget": budget,
        "requests": requests,
        "hits": hits,
        "hit_rate": share(hits, requests) or 0.0,
        "judged_hits": judged,
        "wrong_hits": wrong,
        "wrong_hit_rate": share(wrong, judged),
        "wrong_hit_interval": list(with_estimate(wrong, judged, estimate)),
    }
