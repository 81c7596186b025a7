"""The cache's decisions and learning in memory, without Redis: for streams too long, or too many, for a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from semcache.cache.budget import (
    FLOOR_SHARE,
    KEPT_AFTER_DRIFT,
    RING,
    Sums,
    Update,
    after_fit,
    fit_due,
    floor_check,
    learn,
    pack_row,
    refit,
    served,
    unpack_rows,
)
from semcache.cache.budget.evidence import Idf
from semcache.cache.budget.model import Model
from semcache.cache.budget.votes import Pair, Votes
from semcache.cache.deciding.decide import Decision, Learned, decide, text_of
from semcache.cache.entries.records import NearEntry
from semcache.cache.types import Reason
from semcache.text import fingerprint

#: Whether a new answer agrees with a stored one, by their ids; it may be wrong, or not know (None).
Judge = Callable[[int, int], bool | None]
#: The same for the figures alone; a number: the log odds of it.
Truth = Callable[[int, int], bool | float | None]


def equal_ids(new: int, stored: int) -> bool | None:
    """The truth where an id stands for an answer."""
    return new == stored


@dataclass(slots=True)
class Entry:
    """A stored question. `group`: its answer group when it was stored; groups may have merged since."""

    entry_id: str
    prompt: str
    answer: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(NearEntry):
    """A stored entry near a question, with the id of its answer."""

    answer: int


@dataclass(slots=True)
class Run:
    """What came of a stream: `hits` and `wrong`, one element a request; counts of the rest.

    Hits that nobody can judge count among `unjudged`, not as wrong; `odds`: log odds of those with nothing more known.
    """

    hits: list[bool] = field(default_factory=list)
    wrong: list[bool] = field(default_factory=list)
    unjudged: int = 0
    odds: list[float] = field(default_factory=list)
    shadows: int = 0
    checks: int = 0
    fits: int = 0
    drifts: int = 0

    @property
    def hit_rate(self) -> float:
        return sum(self.hits) / max(len(self.hits), 1)

    @property
    def wrong_rate(self) -> float:
        """Of the hits, those with another answer than the right one."""
        return sum(self.wrong) / max(sum(self.hits), 1)


@dataclass(slots=True)
class Groups:
    """Answer groups: which became one, their records and sizes, and the evidence of pairs."""

    parents: dict[str, str] = field(default_factory=dict)
    records: dict[str, tuple[float, float]] = field(default_factory=dict)
    sizes: Counter[str] = field(default_factory=Counter)
    pairs: dict[Pair, float] = field(default_factory=dict)

    def root(self, group: str) -> str:
        while group in self.parents:
            group = self.parents[group]
        return group

    def add_to_record(self, group: str, change: tuple[float, float]) -> None:
        agreed, labels = self.records.get(group, (0.0, 0.0))
        self.records[group] = (agreed + change[0], labels + change[1])

    def join(self, votes: Votes, entry_id: str) -> str:
        """The group of a new entry, after the merges that its votes allow."""
        group = votes.joins or entry_id
        changed, merged = votes.merge({pair: self.pairs[pair] for pair in votes.pairs() if pair in self.pairs})
        self.pairs.update(changed)
        for other in merged:
            self.parents[other] = group
            self.add_to_record(group, self.records.pop(other, (0.0, 0.0)))
            self.sizes[group] += self.sizes.pop(other, 0)
            self.pairs = {pair: value for pair, value in self.pairs.items() if other not in pair}
        self.sizes[group] += 1
        return group


class SimulatedCache:
    """One scope. The caller finds the neighbours, as Redis would: `near(...)` of the entries' positions, then `ask`.

    `exact`: the very same question is served without a decision; off, when only given neighbours are to be considered.
    `truth`: whether what was served was right, for the figures alone.
    """

    def __init__(
        self,
        *,
        max_error_rate: float,
        judge: Judge,
        seed: int = 0,
        hard_guards: bool = False,
        exact: bool = True,
        truth: Truth = equal_ids,
    ) -> None:
        self._budget = max_error_rate
        self._judge = judge
        self._truth = truth
        self._random = np.random.default_rng(seed)
        self._hard_guards = hard_guards
        self._serves_exact = exact
        self._rows: tuple[list[bytes], list[bytes]] = [], []  # compared, served
        self._groups = Groups()
        self._words: Counter[str] = Counter()
        self._idf = Idf()
        self.model: Model | None = None
        self.sums = Sums()
        self.entries: list[Entry] = []
        self._exact: dict[str, int] = {}
        self._repeats: Counter[str] = Counter()
        self.run = Run()

    def near(self, positions: Sequence[int], similarities: Sequence[float]) -> list[Near]:
        """Neighbours by their place in `entries`, best first."""
        return [
            self._near(self.entries[at], float(similarity))
            for at, similarity in zip(positions, similarities, strict=True)
        ]

    def _near(self, entry: Entry, similarity: float) -> Near:
        group = self._groups.root(entry.group)
        record = self._groups.records.get(group, (0.0, 0.0))
        return Near(entry.entry_id, similarity, entry.prompt, group=group, record=record, answer=entry.answer)

    def ask(self, prompt: str, answer: int, near: Sequence[Near]) -> bool:
        """One request whose right answer is `answer`: serves it (True) or computes it, and learns."""
        form = fingerprint(prompt)
        known = self._exact.get(form) if self._serves_exact else None
        if known is not None:
            self._count_hit(answer, self.entries[known].answer)
            self._repeat(self.entries[known], near)
            return True
        learned = Learned(self.model, self.sums, self._idf, self._hard_guards)
        decision = decide(
            prompt,
            near,
            learned=learned,
            max_error_rate=self._budget,
            draw=float(self._random.random()),
            repeats=self._repeats[form],
        )
        self.run.shadows += decision.reason is Reason.SHADOW
        if decision.chosen is not None:
            self._count_hit(answer, next(entry.answer for entry in near if entry is decision.chosen))
            self._repeats[form] += 1
            self._serve(decision)
        else:
            self._count_miss()
            self._compute(prompt, answer, near, decision)
            self._exact[form] = len(self.entries) - 1
        self._words.update(text_of(prompt).bag)
        return decision.chosen is not None

    def check_judge(self, position: int, near: Sequence[Near]) -> None:
        """A stored question asked again, with its neighbours (itself among them), where a stream has no repeats."""
        self._repeat(self.entries[position], near)

    def _repeat(self, entry: Entry, near: Sequence[Near]) -> None:
        """A share of the exact repeats is answered anew, to measure the judge."""
        group = self._groups.root(entry.group)
        if self._groups.sizes[group] >= 2 and self._random.random() < FLOOR_SHARE:
            self.sums += floor_check(self._votes(entry.answer, near), group, self.sums)
            self.run.checks += 1

    def _count_hit(self, answer: int, served: int) -> None:
        right = self._truth(answer, served)
        self.run.hits.append(True)
        self.run.wrong.append(right is False)
        self.run.unjudged += right is None
        if isinstance(right, float):
            self.run.odds.append(right)

    def _count_miss(self) -> None:
        self.run.hits.append(False)
        self.run.wrong.append(False)

    def _serve(self, decision: Decision) -> None:
        if decision.evidence:
            self._append(decision.evidence.features, None)
            self.sums += served(decision.evidence, self.sums)

    def _compute(self, prompt: str, answer: int, near: Sequence[Near], decision: Decision) -> None:
        entry_id = str(len(self.run.hits))
        votes = self._votes(answer, near)
        if decision.evidence:
            group = decision.evidence.group
            record = self._groups.records.get(group, (0.0, 0.0))
            update = learn(decision.evidence, votes, sums=self.sums, record=record)
            self._learn(update, decision.evidence.features, group)
        self.entries.append(Entry(entry_id, prompt, answer, self._groups.join(votes, entry_id)))

    def _votes(self, answer: int, near: Sequence[Near]) -> Votes:
        return Votes.of([entry.group for entry in near], [self._judge(answer, entry.answer) for entry in near])

    def _learn(self, update: Update, features: Sequence[float], group: str) -> None:
        self._append(features, update.right)
        self.sums += update.sums
        self._groups.add_to_record(group, update.record)
        if update.drifted:
            self._forget()
        if update.drifted or fit_due(self.sums):
            self._fit()

    def _forget(self) -> None:
        self.run.drifts += 1
        oldest = int(self.sums.number) - KEPT_AFTER_DRIFT
        for ring in self._rows:
            ring[:] = [row for row in ring if unpack_rows([row]).numbers[0] > oldest]

    def _fit(self) -> None:
        self.model = refit(unpack_rows([*self._rows[0], *self._rows[1]]), self.sums) or self.model
        self.sums += after_fit(self.sums)
        self._idf = Idf(len(self.run.hits), dict(self._words))
        self.run.fits += 1

    def _append(self, features: Sequence[float], label: bool | None) -> None:
        self.sums += Sums(number=1.0)
        ring = self._rows[label is None]
        ring.append(pack_row(features, label, int(self.sums.number)))
        del ring[:-RING]
