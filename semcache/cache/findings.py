"""What a lookup found, which of it may be served, and what the rule makes of the rest (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from semcache.cache.inputs import Question
from semcache.cache.lineage import outdated
from semcache.cache.record import Near, Progress, Served
from semcache.cache.rule import Decision, Rule
from semcache.cache.types import Candidate, Reason

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a stored answer may not be served whatever the question."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a lookup learns. `near`: best first; `unfit`: which of them, by id; no vector: none was needed.

    `progress` of the scope's learning; `exact_group`: entries in the answer group of the exact match; `answers` that
    came with the entries, by id; `beyond_window`: the model does not read the whole question; `now`: when they were
    found, s, by Redis' clock.
    """

    question: Question
    exact: Near | None
    near: tuple[Near, ...]
    unfit: Mapping[str, Unfit]
    vector: NDArray[np.float32] | None = None
    progress: Progress = field(default_factory=Progress)
    exact_group: int = 0
    answers: Mapping[str, Served] = field(default_factory=dict)
    now: float = 0.0
    beyond_window: bool = False

    @property
    def exact_fit(self) -> bool:
        """Whether the very same question has an answer that may be served."""
        return self.exact is not None and self.exact.entry_id not in self.unfit

    def without(self, entry: Near) -> Findings:
        """The same, after an entry has vanished."""
        left = tuple(near for near in self.near if near.entry_id != entry.entry_id)
        exact = self.exact if self.exact is not None and self.exact.entry_id != entry.entry_id else None
        return replace(self, exact=exact, near=left)

    def unfit_for(self, reason: Reason) -> list[str]:
        """Ids of what may not be served for this reason."""
        return [id for id, because in self.unfit.items() if because.reason is reason]

    @property
    def fit(self) -> list[Near]:
        """The candidates a rule may choose from, at most ten."""
        return [near for near in self.near if near.entry_id not in self.unfit][:NEIGHBOURS]


def unfit(near: Sequence[Near], *, now: float, versions: Mapping[str, int]) -> dict[str, Unfit]:
    """Which of the candidates are expired, rejected or built from a source that has changed since."""
    found: dict[str, Unfit] = {}
    for entry in near:
        if entry.expired(now):
            found[entry.entry_id] = Unfit(Reason.EXPIRED, "the stored answer has expired")
        elif changed := outdated(entry.sources or {}, versions):
            found[entry.entry_id] = Unfit(Reason.STALE_SOURCE, changed)
        elif entry.rejected:
            found[entry.entry_id] = Unfit(Reason.GUARD, "a user rejected the stored answer")
    return found


def judge(findings: Findings, rule: Rule) -> Decision:
    """The rule's decision among the fit; a miss is explained by the unfit entry that would have been served."""
    if findings.exact_fit:
        return Decision(findings.exact, "the same question", confidence=1.0)
    decision = rule(findings.question.prompt, findings.fit)
    return decision if decision.chosen else _explained(findings, decision, rule)


def _explained(findings: Findings, decision: Decision, rule: Rule) -> Decision:
    if findings.exact is not None:
        return _missed(decision, findings.unfit[findings.exact.entry_id])
    if findings.beyond_window:
        detail = "longer than the embedding model reads: only the same question, word for word, is a hit"
        return Decision(None, detail, Reason.NOT_SIMILAR)
    if not findings.near:
        return Decision(None, "nothing is stored to compare with", Reason.EMPTY)
    known = [near for near in findings.near if not near.gone]
    would_be = rule(findings.question.prompt, known[:NEIGHBOURS]).chosen
    return _missed(decision, findings.unfit[would_be.entry_id]) if would_be else decision


def _missed(decision: Decision, because: Unfit) -> Decision:
    return Decision(None, because.detail, because.reason, notes=decision.notes)


def candidates(findings: Findings, decision: Decision) -> tuple[Candidate, ...]:
    """What was near, for people: with what speaks against each."""
    shown = {near.entry_id: near for near in ([findings.exact] if findings.exact else []) + list(findings.near)}
    return tuple(
        Candidate(near.entry_id, near.prompt, near.similarity, _note(near, findings, decision))
        for near in shown.values()
    )


def _note(near: Near, findings: Findings, decision: Decision) -> str:
    because = findings.unfit.get(near.entry_id)
    return because.detail if because else decision.notes.get(near.entry_id, "")


@dataclass(frozen=True, slots=True)
class Work:
    """What a lookup has found out, for whoever stores the answer. `recheck`: an exact match is answered anew."""

    findings: Findings
    decision: Decision
    recheck: bool = False
