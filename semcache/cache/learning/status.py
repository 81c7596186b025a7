"""How far a scope's learning is, in figures and in words (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from semcache.cache.budget import Sums
from semcache.cache.budget.fit import FIRST_FIT, MIN_RIGHT, MIN_WRONG
from semcache.cache.budget.model import Model, Region

# Budgets for which it is said what they would give.
BUDGETS = (0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class AtBudget:
    """What a budget gives: share of the requests with a candidate that is served, and the error among those.

    `error` is estimated from answers that were compared before, and corrected for the judge's own errors, so it is not
    the share that was judged wrong.
    """

    max_error_rate: float
    share: float
    error: float


@dataclass(frozen=True, slots=True)
class LearningStatus:
    """How far the learning of a scope is. `labels`: answers compared ever; `rows`: decisions kept to learn from."""

    summary: str
    labels: int
    labels_needed: int
    rows: int
    model_version: int
    serving: bool
    now: AtBudget | None
    others: tuple[AtBudget, ...]
    judge_error: float
    memory_bytes: int


def status_of(
    *, rows: int, sums: Sums, model: Model | None, version: int, memory_bytes: int, max_error_rate: float
) -> LearningStatus:
    """The status, given what Redis holds."""
    region = model.region(max_error_rate) if model else None
    return LearningStatus(
        summary=_summary(sums, model, region, max_error_rate),
        labels=int(sums.labels),
        labels_needed=FIRST_FIT,
        rows=rows,
        model_version=version,
        serving=region is not None and region.serves,
        now=_at(max_error_rate, region) if region else None,
        others=tuple(_at(budget, model.region(budget)) for budget in BUDGETS) if model else (),
        judge_error=sums.floor,
        memory_bytes=memory_bytes,
    )


def _at(budget: float, region: Region) -> AtBudget:
    return AtBudget(budget, region.share, region.error)


def _summary(sums: Sums, model: Model | None, region: Region | None, max_error_rate: float) -> str:
    if model is None or region is None:
        return f"{_learning(sums)}; {_strict(sums, max_error_rate)}"
    if sums.repeats_differ:
        return (
            f"the same question got another answer in {sums.repeats_differ:.0%} of the checks: put what the answer "
            f"depends on into the scope or the context; {_served(region, max_error_rate)}"
        )
    return _served(region, max_error_rate)


def _served(region: Region, max_error_rate: float) -> str:
    if region.serves:
        return (
            f"serving: {region.share:.0%} of the questions that have a neighbour, {region.error:.1%} of them wrong by "
            f"estimate, where {max_error_rate:.1%} are allowed"
        )
    return (
        f"serves nothing but the same question: even among the surest answers {region.error:.1%} may be wrong "
        f"where {max_error_rate:.1%} are allowed. Give it more traffic or a larger budget"
    )


def _learning(sums: Sums) -> str:
    if sums.labels < FIRST_FIT:
        return f"learning: {sums.labels:.0f} of {FIRST_FIT} answers compared"
    return (
        f"learning: {sums.labels:.0f} answers compared, but not yet {MIN_RIGHT} that agree with a neighbour's and "
        f"{MIN_WRONG} that do not"
    )


def _strict(sums: Sums, max_error_rate: float) -> str:
    if sums.trusts_strict_rule(max_error_rate):
        return "until then only the same question and nearly equal ones are served"
    return "until then only the same question is served"
