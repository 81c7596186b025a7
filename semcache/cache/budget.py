"""Learning which candidates may be served, within an error budget: the state of a scope and its updates (pure).

A scope keeps, shared by all processes:

- **rows**: a ring of the last 8,000 `pack_row(features, label)`, one for every request that had a candidate;
- **model**: the last `Model`, versioned; None until there are 300 labels with 20 right and 10 wrong ones;
- **sums**: `Sums`, changed only by adding the fields of another `Sums` (HINCRBYFLOAT);
- **groups**: the answer group of each entry, a record (agreed, labels) of each group, and the evidence of pairs.

The shell around it:

1. Lookup: `decide.decide(...)` with the model, the sums and a random number. It appends the evidence of a Hit as
   `pack_row(features, None)` and adds `served(scored)`.
2. Miss or shadow, once the new answer is there: `Votes.of(groups, verdicts)`, then `learn(...)`. The `Lesson` says
   what to append and add, and whether the subject has changed (`drifted`: keep `KEPT_AFTER_DRIFT` rows, refit now).
   The new entry joins the group `votes.joins`, or opens one of its own id; `votes.pairs()` names the pairs to read,
   `votes.merge(known)` what becomes of them.
3. When `fit_due(sums)`: one process, under a lease, reads rows (oldest first) and sums, calls `refit(rows, sums)`,
   stores the model (None: removes it) under the next version if the version is still the one it started from, and adds
   `after_fit(sums)`. The document frequencies (`evidence.Idf`) that all processes use are read anew with the model.
4. An exact repeat is answered anew for a share `FLOOR_SHARE` when its group has two entries or more; `floor_check`
   gives the sums to add. That measures the judge: the true answer is the same, so every 'different' is its error.
5. How often each question was served from another one's answer is counted and given to `decide` as `repeats`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from semcache.cache.evidence import FEATURES
from semcache.cache.model import Model, Region
from semcache.cache.refit import FIRST_FIT, MOST_FLOOR, WINDOW, floor_of
from semcache.cache.refit import refit as fit
from semcache.cache.votes import RECORD_DECAY, Votes, probability

ROW_BYTES = 2 * len(FEATURES) + 1
_UNKNOWN = 255
FIT_EVERY = 100
KEPT_AFTER_DRIFT = 300
#: Share of exact repeats answered anew, to measure the judge.
FLOOR_SHARE = 0.03
_SHADOW_DECAY = 0.99
_FIT_DECAY = 0.9
_FLOOR_DECAY = 0.9995
_DRIFT_LIMIT = 8.0
#: Would-be hits after which, from a fresh start, every second one is no longer checked.
_WARM_UP = 10.0


def pack_row(features: Sequence[float], label: bool | None) -> bytes:
    """55 bytes: the features as float16 and the label, None = unknown (it was served)."""
    known = _UNKNOWN if label is None else int(label)
    return np.asarray(features, "<f2").tobytes() + bytes((known,))


def unpack_rows(rows: Iterable[bytes]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows, features) and (rows,) labels, nan = unknown. Rows of another length, of another version, are left out."""
    whole = b"".join(row for row in rows if len(row) == ROW_BYTES)
    table = np.frombuffer(whole, np.uint8).reshape(-1, ROW_BYTES)
    features = np.ascontiguousarray(table[:, :-1]).view("<f2").astype(np.float64)
    labels = table[:, -1].astype(np.float64)
    labels[table[:, -1] == _UNKNOWN] = np.nan
    return features, labels


@dataclass(frozen=True, slots=True)
class Sums:
    """Running sums of a scope; every update is a `Sums` to add field by field.

    shadow_wrong, shadow_expected: errors found and predicted in shadow calls, decaying; would_serve: candidates above
    the threshold since the start or the last drift; drift: CUSUM; labels: ever given; fitted: `labels` at the last fit;
    floor_wrong, floor_checks: exact repeats judged different, and judged; strict_wrong, strict_checks: likewise of what
    the strict rule of the first 300 labels would serve.
    """

    shadow_wrong: float = 0.0
    shadow_expected: float = 0.0
    would_serve: float = 0.0
    drift: float = 0.0
    labels: float = 0.0
    fitted: float = 0.0
    floor_wrong: float = 0.0
    floor_checks: float = 0.0
    strict_wrong: float = 0.0
    strict_checks: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    @property
    def floor(self) -> float:
        """Share of equal answers that the judge calls different, cautiously low."""
        return floor_of(self.floor_wrong, self.floor_checks)

    @property
    def repeats_differ(self) -> float:
        """Share of exact repeats that were answered differently, where that is more than a judge can be wrong in."""
        share = self.floor_wrong / (self.floor_checks + 1)
        return share if self.floor_checks >= 20 and share > MOST_FLOOR and self.floor == 0 else 0.0

    def trusts_strict_rule(self, max_error_rate: float) -> bool:
        """Whether the strict rule has not been seen to break the budget; it starts as if 10 checks had kept it."""
        expected = min(max_error_rate, 0.02)
        share = (self.strict_wrong + 10 * expected) / (self.strict_checks + 10)
        return 0 < share <= max_error_rate

    @property
    def tightening(self) -> float:
        """1..4: how much worse shadow calls went than predicted. It never loosens: that overshot."""
        return min(4.0, max(1.0, (max(0.0, self.shadow_wrong) + 1) / (self.shadow_expected + 1)))


@dataclass(frozen=True, slots=True)
class Scored:
    """What was known of a request's candidate when it was decided: kept until its answer is known.

    `error`: as calibrated, None without a model; `shadow`: it would have been served; `strict`: by the strict rule.
    """

    features: tuple[float, ...]
    group: str
    error: float | None
    shadow: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one comparison teaches. `right`: the label, None if the judge could not tell.

    `row` is to be appended, `sums` and the group's `record` (agreed, labels) to be added.
    """

    right: bool | None
    row: bytes
    sums: Sums
    record: tuple[float, float]
    drifted: bool


def served(scored: Scored) -> Sums:
    """To be added after a hit."""
    return Sums(would_serve=float(scored.error is not None))


def shadow_probability(error: float, region: Region, would_serve: float) -> float:
    """How likely a would-be hit is checked instead: often at first and where errors are likelier, .004 at least."""
    usual = min(0.3, max(0.004, 0.015 * error / max(region.error, 1e-4)))
    return max(usual, _WARM_UP / (_WARM_UP + would_serve))


def learn(scored: Scored, votes: Votes, *, sums: Sums, record: tuple[float, float] = (0.0, 0.0)) -> Lesson:
    """The lesson of a miss or a shadow call whose answer has been compared with its neighbours'."""
    log_odds = votes.label(scored.group)
    if log_odds is None:
        return Lesson(None, pack_row(scored.features, None), Sums(), (0.0, 0.0), drifted=False)
    right = log_odds > 0
    change = Sums(labels=1.0)
    if scored.shadow and scored.error is not None:
        change += Sums(would_serve=1.0) + _shadow(sums, scored.error, right)
    if scored.strict:
        change += Sums(strict_checks=1.0, strict_wrong=float(not right))
    drift = _drift(sums, scored.error, log_odds)
    drifted = drift > _DRIFT_LIMIT
    change += (
        Sums(drift=-sums.drift, would_serve=-sums.would_serve - change.would_serve)
        if drifted
        else Sums(drift=drift - sums.drift)
    )
    agreed, labels = record
    forgotten = RECORD_DECAY - 1
    return Lesson(
        right,
        pack_row(scored.features, right),
        change,
        (agreed * forgotten + probability(log_odds), labels * forgotten + 1),
        drifted,
    )


def _shadow(sums: Sums, error: float, right: bool) -> Sums:
    floor, forgotten = sums.floor, _SHADOW_DECAY - 1
    return Sums(
        shadow_wrong=forgotten * sums.shadow_wrong + ((not right) - floor) / (1 - floor),
        shadow_expected=forgotten * sums.shadow_expected + error,
    )


def _drift(sums: Sums, error: float | None, log_odds: float) -> float:
    """CUSUM of the evidence that errors have become three times as likely (in odds) as the calibration says."""
    if error is None or error >= 0.5:
        return sums.drift
    floor, evidence = sums.floor, math.exp(min(12.0, max(-12.0, log_odds)))
    before = max(error, 0.005)
    odds = 3 * before / (1 - before)
    after = floor + (1 - floor) * odds / (1 + odds)
    before = floor + (1 - floor) * before
    return max(0.0, sums.drift + math.log((after + (1 - after) * evidence) / (before + (1 - before) * evidence)))


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
    """Whether there are enough new labels for a fit: 300 for the first, then every 100."""
    return sums.labels >= (sums.fitted + FIT_EVERY if sums.fitted else FIRST_FIT)


def refit(rows: Sequence[bytes], sums: Sums) -> Model | None:
    """The model of the last rows, oldest first; None while there are too few labels of either kind."""
    features, labels = unpack_rows(rows[-WINDOW:])
    after = sums + after_fit(sums)
    return fit(features, labels, floor=sums.floor, tightening=after.tightening)


def after_fit(sums: Sums) -> Sums:
    """To be added after a fit, whatever it gave: shadow feedback ages, the next fit is 100 labels away."""
    aged = _FIT_DECAY - 1
    return Sums(
        shadow_wrong=aged * sums.shadow_wrong,
        shadow_expected=aged * sums.shadow_expected,
        fitted=sums.labels - sums.fitted,
    )
