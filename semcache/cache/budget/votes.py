"""Votes of an imperfect judge: what a new answer's comparisons with its neighbours say of labels and answer groups.

One comparison is wrong now and then, and a wrong one must neither label a good candidate bad nor glue two answers
together. So each comparison is evidence, in log odds; a label takes all of them, and two groups are merged only when
two new answers, net, have agreed with both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Log odds of one comparison by a judge that calls 3 % of equal answers different and 1 % of different ones equal.
SAME = math.log(0.97 / 0.01)
DIFFERENT = math.log(0.99 / 0.03)
_SURE = 0.9 * SAME
#: Two net agreements; a single one reaches 4.57.
_MERGE_ABOVE = 5.0
_PAIR_FLOOR = -12.0
#: A group's record forgets: half of it after 34 labels.
RECORD_DECAY = 0.98

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Votes:
    """Evidence by answer group that a new answer is that group's answer, in log odds."""

    evidence: Mapping[str, float]

    @classmethod
    def of(cls, groups: Sequence[str], verdicts: Sequence[bool | None]) -> Votes:
        """`groups`: of the neighbours; `verdicts`: whether the new answer agrees with theirs, None = cannot tell."""
        evidence: dict[str, float] = {}
        for group, agrees in zip(groups, verdicts, strict=True):
            if agrees is not None:
                evidence[group] = evidence.get(group, 0.0) + (SAME if agrees else -DIFFERENT)
        return cls(evidence)

    def label(self, group: str) -> float | None:
        """Log odds that this group's answer is right, against every other group and none; None without a verdict."""
        if group not in self.evidence:
            return None
        others = [value for other, value in self.evidence.items() if other != group]
        top = max([0.0, *others])
        return self.evidence[group] - (top + math.log(math.exp(-top) + sum(math.exp(value - top) for value in others)))

    @property
    def joins(self) -> str | None:
        """The group that the new answer belongs to; None if it opens one."""
        best = max(self.evidence, key=self.evidence.__getitem__, default=None)
        return best if best is not None and self.evidence[best] > 0 else None

    def pairs(self) -> list[Pair]:
        """The pairs of groups on which this answer is evidence: read what is known of them, then `merge`."""
        winner = self.joins
        if winner is None or self.evidence[winner] < _SURE:
            return []
        return [pair_of(winner, other) for other in self.evidence if other != winner]

    def merge(self, known: Mapping[Pair, float]) -> tuple[dict[Pair, float], list[str]]:
        """The pairs' evidence after this answer, and the groups that are now one with `joins` (their pairs vanish)."""
        winner = self.joins
        changed: dict[Pair, float] = {}
        merged: list[str] = []
        for pair in self.pairs():
            other = pair[0] if pair[1] == winner else pair[1]
            now = max(_PAIR_FLOOR, known.get(pair, 0.0) + max(-DIFFERENT, min(SAME, self.evidence[other])))
            if now > _MERGE_ABOVE:
                merged.append(other)
            else:
                changed[pair] = now
        return changed, merged


def pair_of(first: str, second: str) -> Pair:
    """The same key whichever group comes first."""
    return (first, second) if first <= second else (second, first)


def probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
