"""Comparing the answers of a log: a judge that tells only what is clear, and how often it is wrong on that log."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from semcache.cache.learning.judge import (
    Answer,
    Judge,
    equal_text,
    evidence,
    first_to_tell,
    unrelated_cosine,
    weighed,
)
from semcache.embed import Embedder
from semcache.evals.log import Log, Request
from semcache.evals.stats import wilson
from semcache.text import normal_form

#: The judge's weights were fitted to answers of at most so many words. In longer ones figures, negations and antonyms
#: stand side by side by chance.
SHORT_WORDS = 25
#: "Different" is told of texts whose likeness is below the first number, because they are about other things, or at
#: least the second, because they are about one thing and contradict each other. Measured on pairs of short answers and
#: on several people's long answers to one question: 1 % of the same answers of either are called different.
_SHORT = (0.2, 0.4)
_LONG = (0.0, 0.9)
_CONTRADICTIONS = ("figures_conflict", "yes_against_no", "antonym", "negation")
#: Pairs compared to measure the judge, of each kind.
CHECKED_PAIRS = 200
#: What is believed of the judge before it is measured on the log: its errors on the pairs it was fitted to
#: (benchmarks/answer_judges.py), counted as so many pairs.
_BELIEVED_PAIRS = 20
_BELIEVED_FALSE_DIFFERENT = 0.02
_BELIEVED_FALSE_SAME = 0.11
_BELIEVED_FOUND = 0.38
#: Questions whose likeness is below this have nothing to do with each other.
_OTHER_SUBJECT = 0.25

Likeness = Callable[[Sequence[tuple[str, str]]], list[float]]


def clear_judge(embedder: Embedder) -> Judge:
    """Equal texts are the same; else the cache's own judge, but for what it calls different without being clear."""
    likeness = likeness_of(embedder)

    def judge(new: Answer, others: Sequence[Answer]) -> list[bool | None]:
        likenesses = likeness([(new.response, other.response) for other in others])
        return [_clear(new, other, value) for other, value in zip(others, likenesses, strict=True)]

    return first_to_tell(equal_text, judge)


def likeness_of(embedder: Embedder) -> Likeness:
    """Cosines of pairs of texts on a scale where 0 is unrelated and 1 equal. Loads the model when first asked."""
    baseline: list[float] = []

    def likeness(pairs: Sequence[tuple[str, str]]) -> list[float]:
        if not baseline:
            baseline.append(unrelated_cosine(embedder))
        first, second = (embedder.embed([pair[side] for pair in pairs]) for side in (0, 1))
        return [float((a @ b - baseline[0]) / (1 - baseline[0])) for a, b in zip(first, second, strict=True)]

    return likeness


def _clear(one: Answer, other: Answer, likeness: float) -> bool | None:
    verdict = weighed(one, other, likeness)
    if verdict is not False:
        return verdict
    short = max(len(one.response.split()), len(other.response.split())) <= SHORT_WORDS
    unrelated_below, alike_from = _SHORT if short else _LONG
    seen = evidence(one.response, other.response, likeness)
    contradict = likeness >= alike_from and any(seen[name] for name in _CONTRADICTIONS)
    return False if contradict or likeness < unrelated_below else None


@dataclass(frozen=True, slots=True)
class JudgeErrors:
    """What a judge said of pairs whose truth is known: of `same` and `different` ones that it told, how many wrongly.

    `compared`: the different ones including those that it could not tell.
    """

    same: int = 0
    false_different: int = 0
    different: int = 0
    false_same: int = 0
    compared: int = 0

    def interval(self, wrong: int, judged: int, *, by_meaning: int, untold: int) -> tuple[float, float]:
        """95 % interval of the true wrong share, if the judge judged `by_meaning` of the hits and left `untold` open.

        Rogan and Gladen 1978: the observed share is what is wrong and told, and what is right and called wrong. Each
        error rate is taken at the end of its own interval that makes ours wider. Where hits were left open, the upper
        end allows for wrong ones among them, by the share of different answers that the judge finds.
        """
        low, high = wilson(wrong, judged)
        if not by_meaning or not judged:
            return low, high
        different = _bounds(self.false_different, self.same, _BELIEVED_FALSE_DIFFERENT)
        same = _bounds(self.false_same, self.different, _BELIEVED_FALSE_SAME)
        false_different, false_same = ([by_meaning / judged * end for end in ends] for ends in (different, same))
        least = _true_share(low, false_different[1], false_same[0])
        most = _true_share(high, false_different[0], false_same[1])
        if untold:
            most = max(most, self._passed_over(wrong, by_meaning, untold) / (judged + untold))
        return min(least, wrong / judged), max(most, wrong / judged)

    def _passed_over(self, wrong: int, by_meaning: int, untold: int) -> float:
        """How many hits may be wrong at most, the untold ones among them."""
        found = _bounds(self.different - self.false_same, self.compared, _BELIEVED_FOUND)[0]
        looked_at = by_meaning + untold
        return min(wilson(min(wrong, looked_at), looked_at)[1] / found * looked_at, wrong + untold)

    def row(self) -> dict[str, int]:
        return {
            "same_pairs": self.same,
            "called_different": self.false_different,
            "different_pairs": self.compared,
            "told_different": self.different - self.false_same,
            "called_same": self.false_same,
        }


def _bounds(wrong: int, told: int, believed: float) -> tuple[float, float]:
    return wilson(wrong + believed * _BELIEVED_PAIRS, told + _BELIEVED_PAIRS)


def _true_share(observed: float, false_different: float, false_same: float) -> float:
    told = 1 - false_same - false_different
    return min(1.0, max(0.0, (observed - false_different) / told)) if told > 0 else 1.0


def judge_errors(
    log: Log, judged: Callable[[Request, Request], bool | None], embedder: Embedder, *, seed: int = 0
) -> JudgeErrors:
    """Measures a judge on pairs of the log: one question answered in two texts is taken as the same answer, the answers
    of questions on other subjects as different.
    """
    same = [judged(*pair) for pair in islice(_repeats(log.requests), CHECKED_PAIRS)]
    different = [judged(*pair) for pair in _strangers(log.requests, likeness_of(embedder), random.Random(seed))]
    return JudgeErrors(
        sum(verdict is not None for verdict in same),
        sum(verdict is False for verdict in same),
        sum(verdict is not None for verdict in different),
        sum(verdict is True for verdict in different),
        len(different),
    )


def _repeats(requests: Iterable[Request]) -> Iterator[tuple[Request, Request]]:
    """The same question within its scope and context, answered in other words than last time."""
    last: dict[tuple[str, str, tuple[str, ...]], Request] = {}
    seen: set[tuple[str, str]] = set()
    for request in requests:
        before = last.get(key := (normal_form(request.prompt), request.scope, request.context))
        last[key] = request
        if before is None or normal_form(before.response) == normal_form(request.response):
            continue
        if (texts := (before.response, request.response)) not in seen:
            seen.add(texts)
            yield before, request


def _strangers(
    requests: Sequence[Request], likeness: Likeness, draw: random.Random
) -> Iterator[tuple[Request, Request]]:
    """Requests drawn in pairs, if their questions have nothing to do with each other."""
    if len(requests) < 2:
        return
    pairs = [(draw.choice(requests), draw.choice(requests)) for _ in range(CHECKED_PAIRS)]
    for pair, alike in zip(pairs, likeness([(one.prompt, other.prompt) for one, other in pairs]), strict=True):
        if alike < _OTHER_SUBJECT:
            yield pair
