"""What counts come to: rates, the estimated error, savings (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from semcache.evals.stats import share, wilson
from semcache_ingest.decisions.counting import LATENCY_US


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of some time and some scopes, by name."""

    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Mapping[str, int]]) -> Figures:
        """The sum of several."""
        total: dict[str, int] = {}
        for part in parts:
            for name, number in part.items():
                total[name] = total.get(name, 0) + number
        return cls(total)

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)

    @property
    def lookups(self) -> int:
        return self["lookups"]

    @property
    def hits(self) -> int:
        """What was served."""
        return self["hit.exact"] + self["hit.semantic"]

    @property
    def withheld(self) -> int:
        """What would have been served, and was answered anew to check it."""
        return self["shadow.exact"] + self["shadow.semantic"]

    @property
    def misses(self) -> dict[str, int]:
        """By reason, the most frequent first."""
        found = {n.removeprefix("miss."): number for n, number in self.counts.items() if n.startswith("miss.")}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def hit_rate(self) -> float | None:
        """Share of the look-ups that was served; None of none."""
        return share(self.hits, self.lookups)

    @property
    def potential(self) -> float | None:
        """Share of the look-ups that was or would have been served."""
        return share(self.hits + self.withheld, self.lookups)

    @property
    def judged(self) -> int:
        """Served or would-be served answers of which it is known whether they were right."""
        return self._checked("right") + self._checked("wrong")

    @property
    def error(self) -> float | None:
        """Share of the judged that was wrong. Doubtful ones are checked more often: rather too high than too low."""
        return share(self._checked("wrong"), self.judged)

    @property
    def error_interval(self) -> tuple[float, float]:
        """95 % interval of it."""
        return wilson(self._checked("wrong"), self.judged)

    def latency_ms(self, part: float) -> float | None:
        """The upper edge of the class in which that part of the look-ups was done; None without any, or beyond all."""
        passed = 0
        for edge in LATENCY_US:
            passed += self[f"took.{edge}"]
            if self.lookups and passed >= part * self.lookups:
                return edge / 1000
        return None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "lookups": self.lookups,
            "hits": self.hits,
            "exact_hits": self["hit.exact"],
            "withheld": self.withheld,
            "hit_rate": self.hit_rate,
            "potential_hit_rate": self.potential,
            "misses": self.misses,
            "judged": self.judged,
            "wrong": self._checked("wrong"),
            "unjudged_checks": self["unjudged.shadow"],
            "error": self.error,
            "error_interval": self.error_interval if self.judged else None,
            "saved_tokens": self["tokens"],
            "saved_money": self["cost_micros"] / 1e6,
            "saved_seconds": self["saved_ms"] / 1000,
            "p50_ms": self.latency_ms(0.5),
            "p95_ms": self.latency_ms(0.95),
            "late": self["late"],
            "too_late": self["too_late"],
            "lost": self["lost"],
        }

    def _checked(self, verdict: str) -> int:
        return self[f"{verdict}.shadow"] + self[f"{verdict}.feedback"]
