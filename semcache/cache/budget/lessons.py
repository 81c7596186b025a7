"""What one comparison of answers, one hit or one fit changes in the state of a scope (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcache.cache.budget import fit as fitting
from semcache.cache.budget.model import Model, Region
from semcache.cache.budget.rows import Rows, pack_row
from semcache.cache.budget.sums import Sums
from semcache.cache.budget.votes import RECORD_DECAY, Votes, probability

FIT_EVERY = 100
#: Requests of which the rows are kept after a change of subject. That many hold enough of what others ask: one asker
#: who feigns a change costs some checks, not what has been learned.
KEPT_AFTER_DRIFT = 1_000
#: Share of exact repeats answered anew, to measure the judge.
FLOOR_SHARE = 0.03
_SHADOW_DECAY = 0.99
_FIT_DECAY = 0.9
_FLOOR_DECAY = 0.9995
_DRIFT_LIMIT = 8.0
#: From this `Sums.novelty` on every would-be hit is checked: it is rare while what was learned holds, and is reached
#: after two or three questions of a new subject. It rises no higher than the second value: two right answers end it.
NOVEL, _MOST_NOVEL = 4.0, 6.0
#: Requests over which it is averaged how many are sure.
_USUAL_OVER = 200
#: How far checks that come right lower it: so much the longer it takes to the next alarm.
_TRUSTED = -3.0
#: Of a new subject: the share of wrong answers, and of what is so sure all the same, against the usual share.
_NOVEL_WRONG, _NOVEL_SURE = 0.5, 0.5
#: Would-be hits after which, from a fresh start, every second one is no longer checked.
_WARM_UP = 10.0


@dataclass(frozen=True, slots=True)
class CandidateEvidence:
    """What was known of a request's candidate when it was decided: kept until its answer is known.

    `error`: as calibrated, None without a model; `shadow`: it would have been served; `strict`: by the strict rule.
    """

    features: tuple[float, ...]
    group: str
    error: float | None
    shadow: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """What one comparison changes. `right`: the label, None if the judge could not tell.

    `row` is to be appended, `sums` and the group's `record` (agreed, labels) to be added. `drifted`: errors
    have become far more frequent than they were, so the subject has changed.
    """

    right: bool | None
    row: bytes
    sums: Sums
    record: tuple[float, float] = (0.0, 0.0)
    drifted: bool = False


def served(evidence: CandidateEvidence, sums: Sums) -> Sums:
    """To be added after a hit."""
    return Sums(would_serve=float(evidence.error is not None)) + _novelty(sums, evidence, sure=True)


def shadow_probability(error: float, region: Region, would_serve: float) -> float:
    """How likely a would-be hit is checked instead: often at first and where errors are likelier, .004 at least."""
    usual = min(0.3, max(0.004, 0.015 * error / max(region.error, 1e-4)))
    return max(usual, _WARM_UP / (_WARM_UP + would_serve))


def learn(evidence: CandidateEvidence, votes: Votes, *, sums: Sums, record: tuple[float, float] = (0.0, 0.0)) -> Update:
    """What to change after a miss or a shadow call whose answer has been compared with its neighbours'."""
    log_odds = votes.label(evidence.group)
    if log_odds is None:
        return Update(None, pack_row(evidence.features, None), Sums())
    right = log_odds > 0
    change = Sums(labels=1.0) + _novelty(sums, evidence, sure=evidence.shadow, log_odds=log_odds)
    if evidence.shadow and evidence.error is not None:
        change += Sums(would_serve=1.0) + _shadow(sums, evidence.error, right)
    if evidence.strict:
        change += Sums(strict_checks=1.0, strict_wrong=float(not right))
    drift = max(0.0, sums.drift + _drift(sums, evidence.error, log_odds))
    drifted = drift > _DRIFT_LIMIT
    change += (
        Sums(drift=-sums.drift, would_serve=-sums.would_serve - change.would_serve)
        if drifted
        else Sums(drift=drift - sums.drift)
    )
    agreed, labels = record
    forgotten = RECORD_DECAY - 1
    record = (agreed * forgotten + probability(log_odds), labels * forgotten + 1)
    return Update(right, pack_row(evidence.features, right), change, record, drifted)


def _shadow(sums: Sums, error: float, right: bool) -> Sums:
    floor, forgotten = sums.floor, _SHADOW_DECAY - 1
    return Sums(
        shadow_wrong=forgotten * sums.shadow_wrong + ((not right) - floor) / (1 - floor),
        shadow_expected=forgotten * sums.shadow_expected + error,
    )


def _drift(sums: Sums, error: float | None, log_odds: float) -> float:
    """Evidence that errors have become three times as likely (in odds) as calibrated; its sum is a CUSUM."""
    if error is None or error >= 0.5:
        return 0.0
    before = max(error, 0.005)
    odds = 3 * before / (1 - before)
    return _likelier(odds / (1 + odds), before, sums.floor, log_odds)


def _likelier(after: float, before: float, floor: float, log_odds: float) -> float:
    """Log likelihood ratio of a label, as log odds of being right, for one share of wrong answers over another."""
    evidence = math.exp(min(12.0, max(-12.0, log_odds)))
    after, before = floor + (1 - floor) * after, floor + (1 - floor) * before
    return math.log((after + (1 - after) * evidence) / (before + (1 - before) * evidence))


def _novelty(sums: Sums, evidence: CandidateEvidence, *, sure: bool, log_odds: float | None = None) -> Sums:
    """Change of the CUSUM that tells a new subject: fewer candidates are `sure` than usual, and those are wrong.

    Drift adds up how often candidates err; this one is faster and costs less: what it doubts is checked, not forgotten.
    """
    if evidence.error is None:
        return Sums()
    usual = min(0.95, max(0.05, sums.sure))
    step = math.log(_NOVEL_SURE if sure else (1 - _NOVEL_SURE * usual) / (1 - usual))
    if log_odds is not None:
        step += _likelier(_NOVEL_WRONG, min(0.99, max(0.01, evidence.error)), sums.floor, log_odds)
    least = _TRUSTED if sure and log_odds is not None else min(0.0, sums.novelty)
    novelty = min(_MOST_NOVEL, max(least, sums.novelty + step))
    return Sums(novelty=novelty - sums.novelty, sure=(sure - sums.sure) / _USUAL_OVER)


def floor_check(votes: Votes, group: str, sums: Sums) -> Sums:
    """What to add after an exact repeat was answered anew and compared like any other answer."""
    log_odds = votes.label(group)
    if log_odds is None:
        return Sums()
    forgotten = _FLOOR_DECAY - 1
    return Sums(
        floor_wrong=forgotten * sums.floor_wrong + (log_odds <= 0), floor_checks=forgotten * sums.floor_checks + 1
    )


def fit_due(sums: Sums) -> bool:
    """Whether there are enough new labels for a fit: 100 for the first, then every 50, from 300 on every 100."""
    every = FIT_EVERY if sums.labels >= 3 * fitting.FIRST_FIT else FIT_EVERY / 2
    return sums.labels >= (sums.fitted + every if sums.fitted else fitting.FIRST_FIT)


def refit(rows: Rows, sums: Sums) -> Model | None:
    """The model of the rows; None while there are too few labels of either kind: then the last one stays."""
    after = sums + after_fit(sums)
    return fitting.fit(rows, now=sums.number, floor=sums.floor, tightening=after.tightening)


def after_fit(sums: Sums) -> Sums:
    """To be added after a fit, whatever it gave: shadow feedback ages, the next fit is 100 labels away."""
    aged = _FIT_DECAY - 1
    return Sums(
        shadow_wrong=aged * sums.shadow_wrong,
        shadow_expected=aged * sums.shadow_expected,
        fitted=sums.labels - sums.fitted,
        novelty=-sums.novelty,
    )
