"""Learning what may be served: applies what was learned to lookups, and teaches what new answers show.

Lookups never wait for it: lessons and fits are done behind the request's path, and a new model is taken up when it is
there. All state is in Redis, shared by the processes of a scope; one process fits, the others notice the new version.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from semcache.cache.budget import (
    FLOOR_SHARE,
    KEPT_AFTER_DRIFT,
    Scored,
    Sums,
    after_fit,
    fit_due,
    floor_check,
    learn,
    pack_row,
    refit,
    served,
    unpack_rows,
)
from semcache.cache.decide import Learned, text_of
from semcache.cache.evidence import Idf
from semcache.cache.findings import Work
from semcache.cache.inputs import Question
from semcache.cache.judge import Judge
from semcache.cache.labelled import LabelledRow
from semcache.cache.model import Model
from semcache.cache.record import Near, NewEntry, Noted, Progress, Verdict
from semcache.cache.rule import Decision, Rule, learned_rule
from semcache.cache.runtime import Worker
from semcache.cache.state import Answered, LearningState, Note, nonzero
from semcache.cache.status import LearningStatus
from semcache.cache.votes import DIFFERENT, SAME, Votes

# A number in 0..1 for the question with this fingerprint that was served that often from another's answer.
Draw = Callable[[str, int], float]
When = Literal["background", "inline", "off"]
_ROWS_AT_ONCE = 200

_log = logging.getLogger(__name__)


def draw_of(asked: str, repeats: int) -> float:
    """A pseudo-random number of the question itself: asked again in the same state, it gets the same decision."""
    digest = hashlib.blake2b(f"{asked}:{repeats}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known when the answer to a question is there.

    `near`: ids of the neighbours, `candidate` the one that was judged. `recheck`: the question is an exact repeat, made
    again to measure the judge; the neighbours' answers as they were before it was stored, the one it replaced included.
    """

    entry_id: str
    prompt: str
    response: str
    sources: dict[str, int]
    near: tuple[str, ...]
    candidate: str | None
    scored: Scored | None
    recheck: tuple[Answered, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Copy:
    """This process's copy of the model."""

    version: int
    model: Model | None
    idf: Idf


class Learning:
    """The learning of one scope as one process sees it."""

    def __init__(
        self,
        state: LearningState,
        *,
        judge: Judge,
        max_error_rate: float,
        when: When,
        draw: Draw,
        lessons: Worker | None = None,
    ) -> None:
        self._lessons = lessons
        self._state = state
        self._judge = judge
        self._max_error_rate = max_error_rate
        self._when = when
        self._draw = draw
        self._copy: _Copy | None = None

    # -- lookups

    def rule(self, asked: str, progress: Progress, near: Sequence[Near]) -> Rule:
        """The rule in force for a question, given what was fetched with its neighbours."""
        copy = self._current(progress.version)
        learned = Learned(
            model=copy.model,
            sums=Sums(
                labels=progress.labels,
                would_serve=progress.would_serve,
                strict_wrong=progress.strict_wrong,
                strict_checks=progress.strict_checks,
            ),
            idf=copy.idf,
            records={entry.group: entry.record for entry in near},
        )
        draw = self._draw(asked, progress.repeats)
        return learned_rule(learned, max_error_rate=self._max_error_rate, draw=draw, repeats=progress.repeats)

    def rechecks(self, asked: str, progress: Progress, group_size: int) -> bool:
        """Whether an exact repeat is answered anew: a small share, of groups whose other entries can vote."""
        if self._when == "off" or progress.version == 0 or group_size < 2:
            return False
        return self._draw(f"recheck:{asked}", progress.version) < FLOOR_SHARE

    def _current(self, version: int) -> _Copy:
        copy = self._copy
        if copy is None or (copy.version != version and self._when == "inline"):
            return self._load()
        if copy.version != version:
            self._later(self._load_if_behind(version))
        return copy

    def _load(self) -> _Copy:
        self._copy = _Copy(*self._state.model())
        return self._copy

    def _load_if_behind(self, version: int) -> Callable[[], None]:
        def load() -> None:
            if self._copy is None or self._copy.version != version:
                self._load()

        return load

    # -- lessons

    def note(self, asked: Question, decision: Decision) -> Noted | None:
        """What is written when the decision is to serve: its evidence, with the label unknown."""
        scored = decision.scored
        if scored is None or self._when == "off":
            return None
        return Noted(pack_row(scored.features, None), nonzero(served(scored)), words_of(asked.prompt), asked.asked)

    def teach(self, lesson: Lesson) -> None:
        """Learns from a new answer, in the background unless told otherwise."""
        if self._when != "off":
            self._later(lambda: self._teach(lesson))

    def _later(self, task: Callable[[], None]) -> None:
        if self._when == "inline" or self._lessons is None:
            task()
        elif not self._lessons.submit(task):
            _log.warning("too much is waiting to be learned: one lesson is dropped")

    def _teach(self, lesson: Lesson) -> None:
        others = lesson.recheck or [a for a in self.answers(lesson.near) if a.entry_id != lesson.entry_id]
        new = Answered(lesson.entry_id, lesson.prompt, lesson.response, lesson.sources, "")
        votes = Votes.of([answer.group for answer in others], self._judge(new, others))
        if lesson.recheck is None:
            self._learn(lesson, votes, others)
        else:
            self._recheck(lesson, votes, others)

    def answers(self, ids: Sequence[str]) -> list[Answered]:
        """The stored answers that are still there."""
        return [answer for answer in self._state.answers(ids) if answer is not None]

    def _learn(self, lesson: Lesson, votes: Votes, others: Sequence[Answered]) -> None:
        scored = lesson.scored
        group = _group_of(lesson.candidate, others) or (scored.group if scored else "")
        sums, record, evidence = self._state.known(group, votes.pairs())
        changed, merged = votes.merge(evidence)
        note = Note(
            words=words_of(lesson.prompt),
            entry_id=lesson.entry_id,
            joins=votes.joins or "",
            merged=tuple(merged),
            pairs=changed,
        )
        if scored is None:
            self._state.write([note])
        else:
            self._write(note, replace(scored, group=group), votes, sums, record)

    def _write(self, note: Note, scored: Scored, votes: Votes, sums: Sums, record: tuple[float, float]) -> None:
        """Writes a note with the lesson of a scored decision, and fits if it is time."""
        learned = learn(scored, votes, sums=sums, record=record)
        keep = KEPT_AFTER_DRIFT if learned.drifted else 0
        self._state.write(
            [replace(note, row=learned.row, sums=learned.sums, group=scored.group, record=learned.record, keep=keep)]
        )
        if learned.drifted or fit_due(sums + learned.sums):
            self.fit()

    def _recheck(self, lesson: Lesson, votes: Votes, others: Sequence[Answered]) -> None:
        group = _group_of(lesson.candidate, others)
        if group is not None:
            sums = floor_check(votes, group, self._state.sums())
            self._state.write([Note(sums=sums, entry_id=lesson.entry_id, joins=votes.joins or "")])

    def take_verdict(self, verdict: Verdict, *, correct: bool) -> None:
        """Learns from a user's verdict on the answer that was served last from an entry."""
        if self._when != "off" and verdict.news and verdict.last:
            self._later(lambda: self._take_verdict(verdict, correct))

    def _take_verdict(self, verdict: Verdict, correct: bool) -> None:
        features, _ = unpack_rows([verdict.last])
        if not len(features):
            return  # of another version of the evidence
        model = self._current(self._copy.version if self._copy else 0).model
        values = tuple(features[0].tolist())
        scored = Scored(values, verdict.group, model.error(model.score(values)) if model else None)
        votes = Votes({verdict.group: SAME if correct else -DIFFERENT})
        self._write(Note(), scored, votes, self._state.sums(), verdict.record)

    def add_labelled(self, rows: Iterable[LabelledRow]) -> int:
        """Learns from labelled evidence, then fits; how many rows."""
        added = 0
        remaining = iter(rows)
        while batch := list(islice(remaining, _ROWS_AT_ONCE)):
            self._state.write(
                Note(row=pack_row(row.features, row.right), sums=Sums(labels=1.0), words=words_of(row.prompt))
                for row in batch
            )
            added += len(batch)
        if added:
            self.fit()
        return added

    def status(self) -> LearningStatus:
        """How far the learning is."""
        return self._state.status(self._max_error_rate)

    def forget(self) -> None:
        """Starts again as if nothing had been learned."""
        self._state.forget()
        self._copy = None

    # -- fits

    def fit(self) -> bool:
        """Fits the score to the last rows, if nobody else does at this moment; whether it was replaced."""
        lease = self._state.fit_lease()
        if not lease.acquire():
            return False
        try:
            version, rows, sums = self._state.rows()
            model = refit(rows, sums)
            return self._state.put_model(model, after=version, add=after_fit(sums))
        finally:
            lease.release()


def words_of(prompt: str) -> tuple[str, ...]:
    """The stems of a question, each once: what document frequencies count."""
    return tuple(sorted(text_of(prompt).bag))


def lesson_of(entry: NewEntry, work: Work, replaced: tuple[Answered, ...] | None) -> Lesson:
    """What a stored answer teaches, given the lookup that missed; `replaced`: what a recheck is compared with."""
    candidate = work.decision.candidate
    return Lesson(
        entry_id=entry.entry_id,
        prompt=entry.question.prompt,
        response=entry.response,
        sources=entry.sources,
        near=neighbours_of(work),
        candidate=candidate.entry_id if candidate else None,
        scored=work.decision.scored,
        recheck=replaced,
    )


def neighbours_of(work: Work) -> tuple[str, ...]:
    """Ids of the entries that a lookup could choose from."""
    return tuple(near.entry_id for near in work.findings.fit)


def _group_of(entry_id: str | None, answers: Sequence[Answered]) -> str | None:
    return next((answer.group for answer in answers if answer.entry_id == entry_id), None)
