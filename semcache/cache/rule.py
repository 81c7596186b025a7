"""Which candidate is served: the rule of a scope, as the lookup calls it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from semcache.cache.budget import Scored
from semcache.cache.decide import Learned, decide
from semcache.cache.record import Near
from semcache.cache.types import Reason


@dataclass(frozen=True, slots=True)
class Decision:
    """The entry to serve, or why none is.

    `confidence`: 1 - estimated probability that it is wrong; `notes`: what speaks against an entry, by id; `scored`:
    the evidence on `candidate`, to be learned from.
    """

    chosen: Near | None
    detail: str
    reason: Reason | None = None
    confidence: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)
    candidate: Near | None = None
    scored: Scored | None = None


# Decides on a prompt and the entries near it that may be served at all, best first.
Rule = Callable[[str, Sequence[Near]], Decision]


def learned_rule(learned: Learned, *, max_error_rate: float, draw: float, repeats: int) -> Rule:
    """The rule of what a scope has learned; `draw` is a random number in 0..1, `repeats` as in `decide`."""

    def rule(prompt: str, candidates: Sequence[Near]) -> Decision:
        found = decide(prompt, candidates, learned=learned, max_error_rate=max_error_rate, draw=draw, repeats=repeats)
        return Decision(
            chosen=None if found.chosen is None else candidates[found.chosen],
            detail=found.detail,
            reason=found.reason,
            confidence=found.confidence,
            notes={candidates[at].entry_id: note for at, note in found.notes.items()},
            candidate=None if found.candidate is None else candidates[found.candidate],
            scored=found.scored,
        )

    return rule
