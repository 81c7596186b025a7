"""Whether two requests have the same right answer: by the log's own ids, else by comparing their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from semcache.cache.learning.judge import Judge, default_judge
from semcache.cache.learning.state import AnswerRecord
from semcache.embed import Embedder
from semcache.evals.log import Log, Request
from semcache.text import normal_form


@dataclass(frozen=True)
class Truth:
    """What is known of a log's answers. `judge` compares those without an id, each pair once; None = cannot tell."""

    judge: Judge
    _judged: dict[tuple[str, str], bool | None] = field(default_factory=dict)

    @classmethod
    def of(cls, embedder: Embedder) -> Truth:
        """Compares answers as the cache does."""
        return cls(default_judge(embedder))

    def same(self, one: Request, other: Request) -> bool | None:
        """Whether the answer of one is right for the other; None if nothing can tell."""
        if one.answer_id is not None and other.answer_id is not None:
            return one.answer_id == other.answer_id
        if normal_form(one.response) == normal_form(other.response):
            return True
        pair = (one.response, other.response)
        if pair not in self._judged:
            (self._judged[pair],) = self.judge(_answered(one), [_answered(other)])
        return self._judged[pair]

    def of_log(self, log: Log) -> Judge:
        """The judge that a replayed cache learns from: right by the log's ids, and as fallible as ever without."""
        if log.kind == "responses":
            return self.judge
        ids = {(request.prompt, request.response): request.answer_id for request in log.requests}

        def request(answer: AnswerRecord) -> Request:
            return Request(answer.prompt, answer.response, ids.get((answer.prompt, answer.response)))

        def judge(new: AnswerRecord, others: Sequence[AnswerRecord]) -> list[bool | None]:
            return [self.same(request(new), request(other)) for other in others]

        return cast(Judge, judge)


def _answered(request: Request) -> AnswerRecord:
    return AnswerRecord("", request.prompt, request.response, {}, "")
