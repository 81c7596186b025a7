"""What a lookup found, which of it may be served, and what the rule makes of the rest (pure)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from semcache.cache.deciding.decide import Decision, Rule
from semcache.cache.entries.lineage import outdated
from semcache.cache.entries.records import NearEntry, Progress, StoredAnswer
from semcache.cache.inputs import Question
from semcache.cache.types import Candidate, Reason

NEIGHBOURS = 10
_NOTHING_STORED = Decision(None, "nothing is stored to compare with", Reason.EMPTY)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything a lookup has fetched and decided. `vector` is None if no embedding was needed.

    `exact`: the entry of the very same question; `near`: best first; `unservable`: the decision not to serve some of
    them whatever the question, by id. `progress` of the scope's learning; `answers` that came with the entries, by id;
    `beyond_window`: the model does not read the whole question; `now`: when they were found, s, by Redis' clock.
    `recheck`: an exact match is answered anew.
    """

    question: Question
    exact: NearEntry | None = None
    near: tuple[NearEntry, ...] = ()
    unservable: Mapping[str, Decision] = field(default_factory=dict)
    vector: NDArray[np.float32] | None = None
    progress: Progress = field(default_factory=Progress)
    answers: Mapping[str, StoredAnswer] = field(default_factory=dict)
    now: float = 0.0
    beyond_window: bool = False
    decision: Decision = _NOTHING_STORED
    recheck: bool = False

    def without(self, entry: NearEntry) -> Findings:
        """The same, after an entry has vanished."""
        left = tuple(near for near in self.near if near.entry_id != entry.entry_id)
        exact = self.exact if self.exact is not None and self.exact.entry_id != entry.entry_id else None
        return replace(self, exact=exact, near=left)

    def unservable_for(self, reason: Reason) -> list[str]:
        """Ids of what may not be served for this reason."""
        return [id for id, decision in self.unservable.items() if decision.reason is reason]

    @property
    def servable(self) -> list[NearEntry]:
        """The candidates a rule may choose from, at most ten."""
        return [near for near in self.near if near.entry_id not in self.unservable][:NEIGHBOURS]

    def decided(self, rule: Rule) -> Findings:
        """With the rule's decision; a miss is explained by the unservable entry that would have been served."""
        decision = same_question(self.exact, self.unservable) or rule(self.question.prompt, self.servable)
        return replace(self, decision=decision if decision.chosen else self._explained(decision, rule))

    def _explained(self, decision: Decision, rule: Rule) -> Decision:
        if self.exact is not None:
            return replace(self.unservable[self.exact.entry_id], notes=decision.notes)
        if self.beyond_window:
            detail = "longer than the embedding model reads: only the same question, word for word, is a hit"
            return Decision(None, detail, Reason.NOT_SIMILAR)
        if not self.near:
            return _NOTHING_STORED
        if not self.unservable:
            return decision
        known = [near for near in self.near if not near.gone]
        would_be = rule(self.question.prompt, known[:NEIGHBOURS]).chosen
        return replace(self.unservable[would_be.entry_id], notes=decision.notes) if would_be else decision

    def candidates(self) -> tuple[Candidate, ...]:
        """What was near, for people: with what speaks against each."""
        shown = {near.entry_id: near for near in ((self.exact,) if self.exact else ()) + self.near}
        notes = {**self.decision.notes, **{id: against.detail for id, against in self.unservable.items()}}
        return tuple(
            Candidate(near.entry_id, near.prompt, near.similarity, notes.get(near.entry_id, ""))
            for near in shown.values()
        )


def same_question(exact: NearEntry | None, unservable: Container[str]) -> Decision | None:
    """The decision to serve the answer of the very same question; None if there is none that may be served."""
    if exact is None or exact.entry_id in unservable:
        return None
    return Decision(exact, "the same question", confidence=1.0)


def unservable(near: Sequence[NearEntry], *, now: float, versions: Mapping[str, int]) -> dict[str, Decision]:
    """Which of the candidates are expired, rejected or built from a source that has changed since."""
    found: dict[str, Decision] = {}
    for entry in near:
        if entry.expired(now):
            found[entry.entry_id] = Decision(None, "the stored answer has expired", Reason.EXPIRED)
        elif changed := outdated(entry.sources or {}, versions):
            found[entry.entry_id] = Decision(None, changed, Reason.STALE_SOURCE)
        elif entry.rejected:
            found[entry.entry_id] = Decision(None, "a user rejected the stored answer", Reason.GUARD)
    return found
