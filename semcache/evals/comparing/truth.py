"""Whether two requests have the same right answer: by the log's own ids or labels, else by comparing their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from cachetools import LRUCache

from semcache.cache.learning.judge import Judge, default_judge, same_text, unrelated_cosine
from semcache.cache.learning.state import AnswerRecord
from semcache.embed import Embedder
from semcache.evals.comparing.judging import SHORT_WORDS, JudgeErrors, clear_judge, judge_errors
from semcache.evals.comparing.likelihood import log_odds
from semcache.evals.log import Log, Request
from semcache.text import normal_form

ComparedBy = Literal["ids", "labels", "text", "meaning", "likelihood", "nothing"]
#: Whether two answers are the same; a number: only the log odds of it are known; None: nothing is.
Verdict = bool | float | None

#: So many comparisons of two answers are remembered.
_REMEMBERED = 100_000


@dataclass(frozen=True)
class Truth:
    """What is known of a log's answers. `judge` compares those without an id; None = cannot tell."""

    judge: Judge
    log: Log
    embedder: Embedder
    _judged: LRUCache[tuple[str, str], bool | None] = field(default_factory=lambda: LRUCache(_REMEMBERED))
    _unrelated: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, log: Log, embedder: Embedder) -> Truth:
        """Where the log does not say, answers are compared, and only what is clear is told."""
        return cls(clear_judge(embedder), log, embedder)

    def errors(self) -> JudgeErrors:
        """How often the judge is wrong on this log; measured if answers have to be compared at all."""
        if self.log.kind != "responses":
            return JudgeErrors()
        return judge_errors(self.log, lambda one, other: self._told(one, other)[0], self.embedder)

    def same(self, one: Request, other: Request) -> Verdict:
        """Whether the answer of one is right for the other."""
        return self.compared(one, other)[0]

    def compared(self, one: Request, other: Request) -> tuple[Verdict, ComparedBy]:
        """The same, with what said so."""
        right, by = self._told(one, other)
        if right is None and (odds := self._odds(one, other)) is not None:
            return odds, "likelihood"
        return right, by

    def _odds(self, one: Request, other: Request) -> float | None:
        """Log odds that two long answers to two questions are the same. Short ones turn on a figure or a "not"."""
        longest = max(len(request.response.split()) for request in (one, other))
        same_question = normal_form(one.prompt) == normal_form(other.prompt)
        if self.log.kind != "responses" or longest <= SHORT_WORDS or same_question:
            return None
        if not self._unrelated:
            self._unrelated.append(unrelated_cosine(self.embedder))
        found = self.embedder.embed([one.prompt, other.prompt, one.response, other.response])
        return log_odds(found[:2], found[2:], self._unrelated[0])

    def _told(self, one: Request, other: Request) -> tuple[bool | None, ComparedBy]:
        if one.answer_id is not None and other.answer_id is not None:
            return self._by_ids(one.answer_id, other.answer_id)
        if self.log.kind == "prompts":
            return None, "nothing"
        if same_text(one.response, other.response):
            return True, "text"
        right = self._by_meaning(one, other)
        return right, "meaning" if right is not None else "nothing"

    def _by_ids(self, one: str, other: str) -> tuple[bool | None, ComparedBy]:
        if self.log.kind != "pairs":
            return one == other, "ids"
        if one == other:
            return True, "labels"
        return (False, "labels") if (one, other) in self.log.different else (None, "nothing")

    def _by_meaning(self, one: Request, other: Request) -> bool | None:
        pair = (one.response, other.response)
        if pair not in self._judged:
            (self._judged[pair],) = self.judge(answered(one), [answered(other)])
        return self._judged[pair]

    def of_log(self) -> Judge:
        """The judge that a replayed cache learns from: right by the log's ids, and as fallible as ever without."""
        if self.log.kind == "responses":
            return default_judge(self.embedder)
        ids = {(request.prompt, request.response): request.answer_id for request in self.log.requests}

        def request(answer: AnswerRecord) -> Request:
            return Request(answer.prompt, answer.response, ids.get((answer.prompt, answer.response)))

        def judge(new: AnswerRecord, others: Sequence[AnswerRecord]) -> list[bool | None]:
            return [self._told(request(new), request(other))[0] for other in others]

        return cast(Judge, judge)


def answered(request: Request) -> AnswerRecord:
    """A request's answer as evidence for a judge."""
    return AnswerRecord("", request.prompt, request.response, {}, "")
