"""Fitting the score of a scope: ridge logistic regression, out-of-fold calibration, and the prefix that may be served.

Ridge logistic by Newton's method with step halving; Platt scaling as the prior of 28 bins, made monotone by pooling
adjacent violators; the served region is the largest prefix of the rows, by score, whose mean error stays within the
budget. While labels are few the mean has to stay within it by 1.64 standard deviations. All rows have mass, labelled
or not: served answers have no label, and leaving them out would judge the score by misses alone.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from semcache.cache.budget.evidence import FEATURES
from semcache.cache.budget.model import CURVE_POINTS, DENIALS, SUPPORT, Model
from semcache.cache.budget.rows import Rows

Array = NDArray[np.float64]
Calibration = tuple[Array, Array, Array, Array]

#: The last so many requests with a candidate say what is asked now. Labels reach further back: where most requests
#: are served, these hold too few.
RECENT = 4_000
#: Labels before the first fit; and how many of each kind it needs.
FIRST_FIT = 100
MIN_RIGHT = 20
MIN_WRONG = 10
#: Answers found right although one question denies or restricts what the other does not, before such a candidate is
#: served: "not" in one of them alone is rarely a matter of wording.
MIN_DENIED = 20
#: Share of the answers found right that lie below the support of the model, for each of its features.
UNSUPPORTED = 0.05
_RIDGE = 3.0
_FOLDS = 4
_PRIOR_STRENGTH = 3.0
#: Standard deviations that the served prefix must keep from the budget: 1.64 (one-sided 95 %) up to the first number of
#: labels, none from the second one on.
CAUTION = 1.64
CAUTIOUS = (1_000, 2_000)
#: From here on it is not the judge that errs when an exact repeat is answered differently.
MOST_FLOOR = 0.12
_SUPPORT_AT = [FEATURES.index(name) for name in SUPPORT]
_DENIALS_AT = [FEATURES.index(name) for name in DENIALS]
#: Bin edges as shares of all rows by falling score, fine at the top where serving is decided.
_EDGES = np.array(
    [0, 0.5, 1, 2, 3, 4.5, 6, 8, 10, 13, 16, 20, 24, 28, 32, 36, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100]
) / 100  # fmt: skip


def fit(rows: Rows, *, now: float, floor: float = 0.0, tightening: float = 1.0) -> Model | None:
    """The model of a scope's rows, or None while there are too few labels to learn from.

    Args:
        rows: what was compared (1 = the answers agreed, 0 = they did not) and what was served (nan).
        now: number of the last row.
        floor: share of equal answers that the judge calls different, subtracted from every error.
        tightening: factor >= 1 on the estimated error, from shadow calls that went worse than predicted.
    """
    features, labels = rows.features, rows.labels
    known = np.flatnonzero(~np.isnan(labels))
    truth = labels[known]
    if truth.sum() < MIN_RIGHT or (1 - truth).sum() < MIN_WRONG:
        return None
    recent = np.flatnonzero(rows.numbers > now - RECENT)
    if not len(recent):
        recent = known
    used = np.union1d(known, recent)
    mean, scale = features[used].mean(0), features[used].std(0) + 1e-3
    design = np.concatenate([np.ones((len(features), 1)), (features - mean) / scale], axis=1)
    beta = logistic(design[known], truth, ridge=_RIDGE)
    scores = _out_of_fold(design, known, truth)
    platt = logistic(np.stack([np.ones(len(truth)), scores[known]], axis=1), truth, ridge=0.1)
    asked = -np.sort(-scores[recent])
    centres, errors, means, spread = _calibrate(asked, scores[known], truth, platt, floor)
    kept = np.unique(np.linspace(0, len(asked) - 1, min(CURVE_POINTS, len(asked))).round().astype(int))
    right = features[known][truth == 1]
    caution = float(np.interp(len(known), CAUTIOUS, (CAUTION, 0.0)))
    return Model(
        mean=mean,
        scale=scale,
        beta=beta,
        score_points=-centres,
        error_points=errors,
        curve_scores=asked[kept],
        curve_shares=(kept + 1) / len(asked),
        curve_errors=(means + caution * spread)[kept] * tightening,
        support=np.quantile(right[:, _SUPPORT_AT], UNSUPPORTED, axis=0),
        denials=(right[:, _DENIALS_AT] > 0).sum(0) / MIN_DENIED,
        floor=floor,
        labels=len(known),
        rows=len(asked),
    )


def logistic(design: Array, truth: Array, *, ridge: float, steps: int = 40) -> Array:
    """Ridge logistic regression by Newton's method from zero; the first column is the intercept, hardly penalised.

    Each step is halved until the penalised likelihood improves: without that a fit diverged now and then.
    """
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-3
    beta = np.zeros(design.shape[1])
    loss = _loss(design, truth, beta, penalty)
    for _ in range(steps):
        chance = _sigmoid(design @ beta)
        weight = np.maximum(chance * (1 - chance), 1e-6)
        hessian = design.T @ (design * weight[:, None]) + np.diag(penalty)
        direction = np.asarray(np.linalg.solve(hessian, design.T @ (truth - chance) - penalty * beta), np.float64)
        step, better = _halved(design, truth, beta, direction, penalty, loss)
        beta = beta + step * direction
        if loss - better < 1e-6 * max(1.0, abs(loss)):
            break
        loss = better
    return beta


def _halved(
    design: Array, truth: Array, beta: Array, direction: Array, penalty: Array, loss: float
) -> tuple[float, float]:
    """The longest of 1, 1/2, 1/4 ... that improves the loss, and the loss there; (0, loss) if none does."""
    step = 1.0
    while step > 1e-4:
        tried = _loss(design, truth, beta + step * direction, penalty)
        if tried < loss + 1e-12:
            return step, tried
        step /= 2
    return 0.0, loss


def _loss(design: Array, truth: Array, beta: Array, penalty: Array) -> float:
    z = design @ beta
    return float((np.logaddexp(0, z) - truth * z).sum() + 0.5 * (penalty * beta * beta).sum())


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def _out_of_fold(design: Array, known: NDArray[np.intp], truth: Array) -> Array:
    """(rows,) each row's score by a model that has not seen its label."""
    fold = np.arange(len(design)) % _FOLDS
    scores = np.empty(len(design))
    for k in range(_FOLDS):
        seen = fold[known] != k
        beta = logistic(design[known][seen], truth[seen], ridge=_RIDGE, steps=8)
        scores[fold == k] = design[fold == k] @ beta
    return scores


def _calibrate(asked: Array, scores: Array, truth: Array, platt: Array, floor: float) -> Calibration:
    """Bin centres, bin errors, and for each prefix of `asked` its mean error and the standard deviation of it.

    Bins hold equal shares of what is `asked` (falling scores of the recent rows); their errors are those of the
    labelled rows, by `scores` and `truth`, that fall between the same scores.
    """
    rows = len(asked)
    edges = np.unique(np.round(rows * _EDGES).astype(int))
    bins = len(edges) - 1
    bin_of = np.minimum(np.searchsorted(edges, np.arange(rows), side="right") - 1, bins - 1)
    mass = np.diff(edges).astype(float)
    prior = np.bincount(bin_of, _sigmoid(-(platt[0] + platt[1] * asked)), minlength=bins) / mass
    centres = np.bincount(bin_of, asked, minlength=bins) / mass
    labelled = np.searchsorted(-asked[edges[1:-1]], -scores, side="right")
    counted = np.bincount(labelled, minlength=bins)
    wrong = np.bincount(labelled, 1 - truth, minlength=bins)
    weight = np.asarray(counted + _PRIOR_STRENGTH, np.float64)
    errors = non_decreasing((wrong + _PRIOR_STRENGTH * prior) / weight, weight)
    variance = np.maximum(errors, 1e-4) * (1 - errors) / (weight + 1)
    if floor:
        errors = np.maximum((errors - floor) / (1 - floor), 1e-4)
    size = np.arange(1, rows + 1)
    means = np.cumsum(np.interp(-asked, -centres, errors)) / size
    before = np.concatenate([[0.0], np.cumsum(mass**2 * variance)])
    spread = np.sqrt(before[bin_of] + (size - edges[bin_of]) ** 2 * variance[bin_of]) / size
    return centres, errors, means, spread


def non_decreasing(values: Array, weights: Array) -> Array:
    """The non-decreasing sequence nearest to the values by weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, wa, na), (b, wb, nb) = pools[-2], pools.pop()
            pools[-1] = ((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)
    return np.concatenate([np.full(count, value) for value, _, count in pools])


def floor_of(wrong: float, checks: float) -> float:
    """Share of equal answers that the judge calls different, less one standard deviation; 0 below 20 checks.

    0 as well above `MOST_FLOOR`: no judge errs so often, so the answers change, and those errors are real.
    """
    if checks < 20:
        return 0.0
    share = (wrong + 0.003) / (checks + 1)
    floor = max(0.0, share - math.sqrt(share * (1 - share) / (checks + 2)))
    return floor if floor <= MOST_FLOOR else 0.0
