"""Intervals and percentiles of measured rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from semcache.evals.comparing.likelihood import Estimate

#: Interval of a share, from how many of how many.
Told = Callable[[int, int], tuple[float, float]]


def share(part: int, whole: int) -> float | None:
    """part / whole; None of nothing."""
    return part / whole if whole else None


def wilson(successes: float, n: float, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a proportion (Wilson 1927), 95 % by default; (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    scale = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / scale
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale
    low, high = centre - half if successes else 0.0, centre + half
    return max(0.0, min(low, p)), min(1.0, max(high, p))  # rounding must not leave the share outside


def with_estimate(wrong: int, judged: int, estimate: Estimate, told: Told = wilson) -> tuple[float, float]:
    """Interval of a wrong share, those of the estimate among both numbers; `told`: the interval of the others."""
    others = judged - estimate.hits
    if not estimate.hits:
        return told(wrong, judged)
    low, high = told(max(0, wrong - estimate.wrong), others) if others else (0.0, 0.0)
    ends = [
        (end * others + bound * estimate.hits) / judged for end, bound in ((low, estimate.low), (high, estimate.high))
    ]
    return min(ends[0], wrong / judged), max(ends[1], wrong / judged)


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds; zeros when nothing was measured."""
    if not seconds:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    values = np.percentile(np.asarray(seconds) * 1000, [50, 95, 99])
    return {name: round(float(value), 3) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}
