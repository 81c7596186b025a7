"""A replay in figures: counted as it goes, in memory that does not grow with the log."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args

from semcache.evals.comparing.judging import JudgeErrors
from semcache.evals.comparing.likelihood import Estimate, wrong_share
from semcache.evals.comparing.truth import ComparedBy
from semcache.evals.replay import Outcome, Prices
from semcache.evals.stats import percentiles_ms, share, with_estimate

EXAMPLES = 10
SAMPLE = 20_000
PARTS = 100
MOST_SCOPES = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a replay. `parts`: (requests, hits) of each hundredth of the stream.

    Of `unjudged_hits` nobody can tell whether they were right; the wrong share is one of the others. `wrong_hits` has
    those of `estimate` in it, of the hits of which only odds are known.
    """

    requests: int
    hits: int
    wrong_hits: int
    unjudged_hits: int
    exact_hits: int
    wrong_exact_hits: int
    shadow_calls: int
    compared_by: Mapping[str, int]
    latency_ms: Mapping[str, Mapping[str, float]]
    saved: Mapping[str, float]
    parts: tuple[tuple[int, int], ...]
    scopes: tuple[Mapping[str, Any], ...]
    examples: Mapping[str, list[dict[str, Any]]]
    errors: JudgeErrors = field(default_factory=JudgeErrors)
    estimate: Estimate = field(default_factory=Estimate)

    @property
    def hit_rate(self) -> float:
        return share(self.hits, self.requests) or 0.0

    @property
    def judged_hits(self) -> int:
        return self.hits - self.unjudged_hits

    @property
    def wrong_hit_rate(self) -> float | None:
        """Of the judged hits; None where nothing was judged."""
        return share(self.wrong_hits, self.judged_hits)

    @property
    def wrong_hit_interval(self) -> tuple[float, float]:
        """95 % interval of the wrong share, with the judge's own errors taken in where it judged."""
        by = self.compared_by
        untold = by.get("nothing", 0) if by.get("meaning") else 0
        told = partial(self.errors.interval, by_meaning=by.get("meaning", 0), untold=untold)
        return with_estimate(self.wrong_hits, self.judged_hits, self.estimate, told)

    @property
    def growth(self) -> tuple[float, ...]:
        """Hit rate of each tenth of the stream."""
        tenths = [self.parts[start : start + PARTS // 10] for start in range(0, PARTS, PARTS // 10)]
        return tuple(round(share(sum(h for _, h in tenth), sum(n for n, _ in tenth)) or 0.0, 4) for tenth in tenths)


@dataclass
class Tally:
    """Counts outcomes. `total`: how many are to come; of them `sampled` holds an even sample, at most SAMPLE."""

    total: int
    sampled: list[Outcome] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _compared: Counter[str] = field(default_factory=Counter)
    _scopes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _parts: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in range(PARTS)])
    _examples: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    _seen: Counter[str] = field(default_factory=Counter)
    _draw: random.Random = field(default_factory=lambda: random.Random(0))
    _lookup_s: float = 0.0
    _odds: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Counts one outcome, in the order of the stream."""
        at = self._counts["requests"]
        if at % max(1, -(-self.total // SAMPLE)) == 0:
            self.sampled.append(outcome)
        part = self._parts[min(PARTS - 1, at * PARTS // max(1, self.total))]
        part[0] += 1
        part[1] += outcome.hit
        found = _counted(outcome)
        self._counts.update(found)
        self._scopes[outcome.request.scope].update(found)
        if outcome.hit:
            self._compared[outcome.compared_by] += 1
            self._lookup_s += outcome.lookup_s
            self._example(outcome)
            self._note_odds(outcome.odds)

    def summary(self, prices: Prices | None = None, errors: JudgeErrors | None = None) -> Summary:
        """The figures of what was counted."""
        count, estimate = self._counts, wrong_share(self._odds, self._compared["likelihood"])
        return Summary(
            requests=count["requests"],
            hits=count["hits"],
            wrong_hits=count["wrong"] + estimate.wrong,
            unjudged_hits=count["unjudged"],
            exact_hits=count["exact"],
            wrong_exact_hits=count["wrong_exact"],
            shadow_calls=count["shadow"],
            compared_by={by: self._compared[by] for by in get_args(ComparedBy)},
            latency_ms={
                kind: percentiles_ms([o.lookup_s for o in self.sampled if o.hit is (kind == "hit")])
                for kind in ("hit", "miss")
            },
            saved=self._saved(prices or Prices()),
            parts=tuple((n, hits) for n, hits in self._parts),
            scopes=tuple(self._by_scope()),
            examples={"wrong": self._shown("wrong"), "right": self._shown("right")},
            errors=errors or JudgeErrors(),
            estimate=estimate,
        )

    def _note_odds(self, odds: float | None) -> None:
        """Keeps a fair draw of them."""
        if odds is None:
            return
        if len(self._odds) < SAMPLE:
            self._odds.append(odds)
        elif (at := self._draw.randrange(self._compared["likelihood"])) < SAMPLE:
            self._odds[at] = odds

    def _example(self, outcome: Outcome) -> None:
        """Keeps a fair draw of each kind (reservoir sampling, Vitter 1985)."""
        if outcome.wrong is None:
            return
        kind = "wrong" if outcome.wrong else "exact" if outcome.exact else "right"
        self._seen[kind] += 1
        kept = self._examples[kind]
        if len(kept) < EXAMPLES:
            kept.append(outcome)
        elif (at := self._draw.randrange(self._seen[kind])) < EXAMPLES:
            kept[at] = outcome

    def _shown(self, kind: str) -> list[dict[str, Any]]:
        """Hits by meaning first: those of the same question say little."""
        found = self._examples[kind] + (self._examples["exact"] if kind == "right" else [])
        return [example(outcome) for outcome in found[:EXAMPLES]]

    def _saved(self, prices: Prices) -> dict[str, float]:
        count = self._counts
        return {
            "calls": count["hits"],
            "tokens": count["tokens_in"] + count["tokens_out"],
            "usd": round((count["tokens_in"] * prices.input_usd + count["tokens_out"] * prices.output_usd) / 1e6, 6),
            "seconds": round(count["hits"] * prices.call_s - self._lookup_s, 3),
        }

    def _by_scope(self) -> list[dict[str, Any]]:
        most = sorted(self._scopes.items(), key=lambda item: -item[1]["requests"])[:MOST_SCOPES]
        return [
            {
                "scope": scope,
                "requests": count["requests"],
                "hits": count["hits"],
                "hit_rate": share(count["hits"], count["requests"]),
                "judged_hits": count["hits"] - count["unjudged"],
                "wrong_hits": count["wrong"],
                "wrong_hit_rate": share(count["wrong"], count["hits"] - count["unjudged"]),
            }
            for scope, count in most
        ]


def _counted(outcome: Outcome) -> dict[str, int]:
    if not outcome.hit:
        return {"requests": 1, "shadow": outcome.shadow}
    wrong = outcome.wrong is True
    return {
        "requests": 1,
        "hits": 1,
        "wrong": wrong,
        "unjudged": outcome.wrong is None and outcome.odds is None,
        "exact": outcome.exact,
        "wrong_exact": wrong and outcome.exact,
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
    }


def example(outcome: Outcome) -> dict[str, Any]:
    """A hit, as one looks at it: both questions and both answers side by side."""
    stored = outcome.stored
    return {
        "asked": outcome.request.prompt,
        "stored": stored.prompt if stored else None,
        "served": stored.response if stored else None,
        "log_answer": outcome.request.response,
        "asked_id": outcome.request.answer_id,
        "stored_id": stored.answer_id if stored else None,
        "similarity": round(outcome.similarity, 4),
        "compared_by": outcome.compared_by,
        "exact": outcome.exact,
    }
