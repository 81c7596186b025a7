"""The running sums of a scope's learning (pure)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from semcache.cache.budget.fit import MOST_FLOOR, floor_of


@dataclass(frozen=True, slots=True)
class Sums:
    """Running sums of a scope; every update is a `Sums` to add field by field.

    shadow_wrong, shadow_expected: errors found and predicted in shadow calls, decaying; would_serve: candidates above
    the threshold since the start or the last drift; drift: CUSUM; labels: ever given; fitted: `labels` at the last fit;
    floor_wrong, floor_checks: exact repeats judged different, and judged; strict_wrong, strict_checks: likewise of what
    the strict rule, before the first model, would serve; number: of the last row, set by whoever writes it; novelty:
    CUSUM of signs that what is asked now is not what was learned from; sure: share of the candidates that would be
    served, decaying.
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
    number: float = 0.0
    novelty: float = 0.0
    sure: float = 0.0

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
