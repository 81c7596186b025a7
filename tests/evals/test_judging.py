"""Judging the hits of a log without ids, and what the judge's own errors do to the interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.cache.learning.state import AnswerRecord
from semcache.embed import CachedEmbedder
from semcache.evals.comparing.judging import JudgeErrors, clear_judge, judge_errors
from semcache.evals.log import Log, Request
from semcache.evals.stats import wilson

LONG = (
    "Open the settings, choose the tab for accounts, and press the button beside your name; after a minute or two the "
    "change is visible to everyone, {} you are asked for the password again, and the old name stays in the archive."
)


def verdict(embedder: CachedEmbedder, one: str, other: str) -> bool | None:
    (said,) = clear_judge(embedder)(answer(one), [answer(other)])
    return said


def answer(text: str) -> AnswerRecord:
    return AnswerRecord("", "", text, {}, "")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Yes, dogs are welcome on board.", "yes, dogs are welcome on board", True),
        ("Dogs on a lead are welcome on deck 7.", "Sure! Dogs on a lead are welcome on deck 7.", True),
        ("You have 30 days from delivery.", "You have 14 days from delivery.", False),
        ("Yes, you can bring a dog on board.", "No, you cannot bring a dog on board.", False),
        ("The shop opens at nine.", "Chlorophyll absorbs red and blue light.", False),
        (LONG.format("then"), "It took me 3 tries, but the 2nd page of the manual never said not to do it. " * 3, None),
    ],
)
def test_only_what_is_clear_is_told(embedder: CachedEmbedder, one: str, other: str, expected: bool | None) -> None:
    """Other words are the same, a contradiction or another subject is different; long texts of two people stay open."""
    assert verdict(embedder, one, other) is expected


def test_the_judge_is_measured_on_the_log(embedder: CachedEmbedder) -> None:
    """A repeated question answered in other words is a known same; questions on other subjects are known different."""
    asked = [("How do I pay?", "By card or bank transfer."), ("How do I pay?", "You pay by card, or by bank transfer.")]
    asked += [("Why is the sky blue?", "Light is scattered by air."), ("Do bees sleep?", "Bees rest at night.")]
    log = Log(tuple(Request(prompt, said, None) for prompt, said in asked), "responses")
    strict = judge_errors(log, lambda one, other: False, embedder)
    assert (strict.same, strict.false_different, strict.false_same) == (1, 1, 0)
    assert strict.compared == strict.different > 0
    silent = judge_errors(log, lambda one, other: None, embedder)
    assert (silent.same, silent.different) == (0, 0)
    assert silent.compared == strict.compared


COUNTS = st.integers(0, 300)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_interval_holds_the_observed_share(wrong: int, right: int, by_meaning: int, untold: int) -> None:
    """Whatever was counted, the interval is one, lies within 0 and 1, and holds the share that was observed."""
    judged = wrong + right
    low, high = JudgeErrors(50, 3, 40, 2, 60).interval(wrong, judged, by_meaning=min(by_meaning, judged), untold=untold)
    assert 0 <= low <= (wrong / judged if judged else 0) <= high <= 1


@given(st.integers(0, 100), st.integers(1, 100))
def test_a_judge_that_was_not_needed_changes_nothing(wrong: int, right: int) -> None:
    """By ids, labels or equal text the interval is Wilson's."""
    assert JudgeErrors(9, 9, 9, 9, 9).interval(wrong, wrong + right, by_meaning=0, untold=0) == wilson(
        wrong, wrong + right
    )


def test_errors_and_silence_widen_the_interval() -> None:
    """A judge that calls the same different explains wrong hits away; one that is silent may have missed some."""
    good, bad = JudgeErrors(200, 0, 200, 0, 200), JudgeErrors(200, 40, 200, 0, 200)
    assert bad.interval(10, 100, by_meaning=100, untold=0)[0] == 0.0
    assert good.interval(10, 100, by_meaning=100, untold=0)[0] > 0.02
    assert good.interval(0, 100, by_meaning=100, untold=900)[1] <= 0.05
    blind = JudgeErrors(200, 0, 4, 0, 200)
    assert blind.interval(0, 100, by_meaning=100, untold=900)[1] > 0.05
