"""The error budget of a cache: how far its learning is, what other budgets would give, how well its odds come true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.app import App
from semcache.cache.budget import Rows
from semcache.cache.budget.model import Model, Region
from semcache.cache.learning.state import LearningState
from semcache.cache.learning.status import LearningStatus
from semcache.evals.stats import wilson

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Decisions with about the same odds: the error that was expected of them, and the one observed with its interval.

    `n` answers were compared.
    """

    expected: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    """What a share of the requests that have a neighbour would cost: the estimated error."""

    share: float
    error: float


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of a cache. `model` is None while too little has been compared; then `bins` and `curve` are empty."""

    status: LearningStatus
    max_error_rate: float
    model: Model | None
    bins: tuple[Bin, ...]
    curve: tuple[Point, ...]

    @property
    def progress(self) -> float:
        """Share of the labels that the first model needs, 0..1."""
        return min(1.0, self.status.labels / self.status.labels_needed)

    def would_give(self, max_error_rate: float) -> Region | None:
        """What another budget would let through; None without a model."""
        return self.model.region(max_error_rate) if self.model else None


def budget_of(app: App, user: str | None = None) -> Budget:
    """The budget of the shared cache or of a user's own.

    Raises:
        RedisUnavailable: Redis does not answer.
    """
    cache = app.engine.cache(user)
    state = LearningState(app.redis, cache.scope.id)
    model = state.learned().model
    _, rows, _ = state.rows()
    return Budget(
        status=cache.learning(),
        max_error_rate=cache.max_error_rate,
        model=model,
        bins=reliability(model, rows) if model else (),
        curve=_curve(model) if model else (),
    )


def reliability(model: Model, rows: Rows) -> tuple[Bin, ...]:
    """Labelled rows in ten groups of equal size, by the error that the model expects of them now."""
    known = ~np.isnan(rows.labels)
    if not known.any():
        return ()
    expected = np.array([model.error(model.score(row)) for row in rows.features[known]])
    wrong = 1 - rows.labels[known]
    order = np.argsort(expected)
    return tuple(_bin(expected[part], wrong[part]) for part in np.array_split(order, BINS) if len(part))


def _bin(expected: NDArray[np.float64], wrong: NDArray[np.float64]) -> Bin:
    low, high = wilson(int(wrong.sum()), len(wrong))
    return Bin(float(expected.mean()), float(wrong.mean()), low, high, len(wrong))


def _curve(model: Model) -> tuple[Point, ...]:
    columns = zip(model.curve_shares, model.curve_errors, strict=True)
    return tuple(Point(float(share), float(error)) for share, error in columns)
