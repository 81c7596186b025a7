"""Learning what may be served: applies what was learned to lookups, and teaches what new answers show.

Lookups never wait for it: lessons and fits are done behind the request's path, and a new model is taken up when it is
there. All state is in Redis, shared by the processes of a scope; one process fits, the others notice the new version.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Literal

from redis.client import Pipeline

from semcache.cache.budget import (
    FLOOR_SHARE,
    KEPT_AFTER_DRIFT,
    CandidateEvidence,
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
from semcache.cache.budget.votes import DIFFERENT, SAME, Votes
from semcache.cache.deciding.decide import Decision, Learned, Rule, decide
from semcache.cache.entries.records import Progress, Verdict
from semcache.cache.inputs import Question
from semcache.cache.learning.judge import Judge, compared
from semcache.cache.learning.labelled import LabelledRow
from semcache.cache.learning.lessons import Lesson, group_of, words_of
from semcache.cache.learning.state import AnswerRecord, Before, LearningState, LessonWrite
from semcache.cache.learning.status import LearningStatus
from semcache.cache.runtime import Runtime

# A number in 0..1 for the question with this fingerprint that was served that often from another's answer.
Draw = Callable[[str, int], float]
When = Literal["background", "inline", "off"]
#: Told of an answer that was served, or would have been, and whether it was right; None: the judge cannot tell.
Checked = Callable[[Literal["shadow", "feedback"], bool | None], None]
_ROWS_AT_ONCE = 200

_log = logging.getLogger(__name__)


def draw_of(fingerprint: str, repeats: int) -> float:
    """A pseudo-random number of the question itself: asked again in the same state, it gets the same decision."""
    digest = hashlib.blake2b(f"{fingerprint}:{repeats}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def recheck_due(fingerprint: str, version: int, draw: Draw = draw_of) -> bool:
    """Whether a model of this version has exact repeats of a question answered anew, once other entries can vote."""
    return version > 0 and draw(f"recheck:{fingerprint}", version) < FLOOR_SHARE


def _untold(by: Literal["shadow", "feedback"], right: bool | None) -> None:
    """For whoever does not want to know."""


class Learner:
    """The learning of one scope as one process sees it."""

    def __init__(
        self,
        state: LearningState,
        *,
        judge: Judge,
        max_error_rate: float,
        when: When,
        draw: Draw,
        runtime: Runtime | None = None,
        checked: Checked | None = None,
    ) -> None:
        self._runtime = runtime
        self._checked = checked or _untold
        self._state = state
        self._judge = judge
        self._max_error_rate = max_error_rate
        self._when = when
        self._draw = draw
        self._learned: Learned | None = None
        self._loading = False
        self._dropped = 0

    # -- lookups

    def rule(self, question: Question, progress: Progress) -> Rule:
        """The rule in force for a question, given the progress that was fetched with its neighbours."""
        learned = replace(self._current(progress.version), sums=progress.sums)
        draw = self._draw(question.fingerprint, progress.repeats)
        return partial(
            decide, learned=learned, max_error_rate=self._max_error_rate, draw=draw, repeats=progress.repeats
        )

    def rechecks(self, question: Question, progress: Progress, group_size: int) -> bool:
        """Whether an exact repeat is answered anew: a small share, of groups whose other entries can vote."""
        if self._when == "off" or group_size < 2:
            return False
        return recheck_due(question.fingerprint, progress.version, self._draw)

    def _current(self, version: int) -> Learned:
        """This process's copy of what was learned, its sums aside."""
        learned = self._learned
        if learned is not None and learned.version == version:
            return learned
        if learned is None or self._when == "inline" or self._runtime is None:
            return self._load()
        if not self._loading:
            self._loading = self._runtime.loads.submit(self._catch_up)
        return learned

    def _catch_up(self) -> None:
        self._loading = False  # first: a version that comes while this one is read is another load
        self._load()

    def _load(self) -> Learned:
        self._learned = self._state.learned()
        return self._learned

    # -- lessons

    def lesson_of_hit(self, question: Question, decision: Decision, sums: Sums) -> Callable[[Pipeline], None] | None:
        """Queues what the decision to serve teaches, with the label unknown; called behind the answer."""
        if decision.evidence is None or decision.chosen is None or self._when == "off":
            return None
        return partial(self._queue_hit, question, decision.chosen.entry_id, decision.evidence, sums)

    def _queue_hit(
        self, question: Question, entry_id: str, evidence: CandidateEvidence, sums: Sums, pipe: Pipeline
    ) -> None:
        write = LessonWrite(
            row=pack_row(evidence.features, None),
            sums=served(evidence, sums),
            words=words_of(question.prompt),
            entry_id=entry_id,
            question=question.fingerprint,
        )
        self._state.queue(pipe, write)

    def teach(self, lesson: Lesson) -> None:
        """Learns from a new answer, in the background unless told otherwise."""
        if self._when != "off":
            self._later(lambda: self._teach(lesson))

    def _later(self, task: Callable[[], None]) -> None:
        if self._when == "inline" or self._runtime is None:
            task()
        elif not self._runtime.lessons.submit(task):
            self._dropped += 1
            if self._dropped & (self._dropped - 1) == 0:  # the first, second, fourth, eighth ...
                _log.warning("too much is waiting to be learned: a lesson is dropped (%d so far)", self._dropped)

    def _teach(self, lesson: Lesson) -> None:
        others = lesson.recheck or [a for a in self.answers(lesson.near) if a.entry_id != lesson.entry_id]
        new = AnswerRecord(lesson.entry_id, lesson.prompt, lesson.response, lesson.sources, "")
        votes = Votes.of([answer.group for answer in others], compared(self._judge, new, others))
        if lesson.recheck is None:
            self._learn(lesson, votes, others)
        else:
            self._recheck(lesson, votes, others)

    def answers(self, ids: Sequence[str]) -> list[AnswerRecord]:
        """The stored answers that are still there."""
        return [answer for answer in self._state.answers(ids) if answer is not None]

    def _learn(self, lesson: Lesson, votes: Votes, others: Sequence[AnswerRecord]) -> None:
        evidence = lesson.evidence
        group = group_of(lesson.candidate, others) or (evidence.group if evidence else "")
        before = self._state.before(group, votes.pairs())
        changed, merged = votes.merge(before.pairs)
        write = LessonWrite(
            words=words_of(lesson.prompt),
            entry_id=lesson.entry_id,
            joins=votes.joins or "",
            merged=tuple(merged),
            pairs=changed,
        )
        if evidence is None:
            self._state.write([write])
        else:
            self._write(write, replace(evidence, group=group), votes, before)

    def _write(self, write: LessonWrite, evidence: CandidateEvidence, votes: Votes, before: Before) -> None:
        """Writes the lesson of a decision on a candidate, and fits if it is time."""
        update = learn(evidence, votes, sums=before.sums, record=before.record)
        forget = KEPT_AFTER_DRIFT if update.drifted else 0
        write = replace(
            write,
            row=update.row,
            sums=update.sums,
            group=evidence.group,
            record=update.record,
            forget=forget,
        )
        self._state.write([write])
        if evidence.shadow:
            self._checked("shadow", update.right)
        if update.drifted or fit_due(before.sums + update.sums):
            self.fit()

    def _recheck(self, lesson: Lesson, votes: Votes, others: Sequence[AnswerRecord]) -> None:
        group = group_of(lesson.candidate, others)
        if group is not None:
            label = votes.label(group)
            self._checked("shadow", None if label is None else label > 0)
            sums = floor_check(votes, group, self._state.sums())
            self._state.write([LessonWrite(sums=sums, entry_id=lesson.entry_id, joins=votes.joins or "")])

    def take_verdict(self, entry_id: str, verdict: Verdict, *, correct: bool) -> None:
        """Learns from a user's verdict on the answer that was served last from an entry."""
        if verdict.news:
            self._checked("feedback", correct)
        if self._when != "off" and verdict.news and verdict.last:
            self._later(lambda: self._take_verdict(entry_id, verdict, correct))

    def _take_verdict(self, entry_id: str, verdict: Verdict, correct: bool) -> None:
        features = unpack_rows([verdict.last]).features
        if not len(features):
            return  # of another version of the evidence
        model = self._current(self._learned.version if self._learned else 0).model
        values = tuple(features[0].tolist())
        evidence = CandidateEvidence(values, verdict.group, model.error(model.score(values)) if model else None)
        votes = Votes({verdict.group: SAME if correct else -DIFFERENT})
        before = Before(self._state.sums(), verdict.record, {})
        self._write(LessonWrite(entry_id=entry_id), evidence, votes, before)

    def agrees(self, response: str, sources: Mapping[str, int], entry_id: str) -> bool | None:
        """What the judge says of an answer beside a stored one; None if it cannot tell, or the stored one is gone."""
        stored = self.answers([entry_id])
        return compared(self._judge, AnswerRecord("", "", response, sources, ""), stored)[0] if stored else None

    def open(self) -> None:
        """Before `add_labelled`: an erasure that comes between the two is not undone."""
        self._state.open()

    def add_labelled(self, rows: Iterable[LabelledRow]) -> int:
        """Learns from labelled evidence, then fits; how many rows."""
        added = 0
        remaining = iter(rows)
        while batch := list(islice(remaining, _ROWS_AT_ONCE)):
            self._state.write(
                LessonWrite(row=pack_row(row.features, row.right), sums=Sums(labels=1.0), words=words_of(row.prompt))
                for row in batch
            )
            added += len(batch)
        if added:
            self.fit()
        return added

    def status(self) -> LearningStatus:
        """How far the learning is."""
        return self._state.status(self._max_error_rate)

    def version(self) -> int:
        """The version of the model in force; 0 = none."""
        return self._state.version()

    def forget(self) -> None:
        """Starts again as if nothing had been learned."""
        self._state.forget()
        self._learned = None

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
