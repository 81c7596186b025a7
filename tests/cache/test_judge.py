"""Whether two answers agree: equal text, likeness, a language model over HTTP, and what each may get wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.cache.learning.judge import (
    Answer,
    compared,
    default_judge,
    equal_text,
    evidence,
    first_to_tell,
    likeness_judge,
    llm_judge,
    log_odds,
    read_reply,
)
from semcache.embed import Embedder
from semcache.errors import ConfigurationError, InvalidInput
from semcache.llm.extractive import ExtractiveLlm
from semcache.llm.openai import OpenAiLlm
from semcache.samples import questions
from semcache.settings import LlmSettings
from tests.llm.server import FakeOpenAi, Trouble, serving

PAIRS = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "answers.jsonl").read_text().splitlines()]


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as a judge sees it."""

    response: str
    sources: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


def _model(api: FakeOpenAi) -> OpenAiLlm:
    return OpenAiLlm(LlmSettings(model="test-model", base_url=api.base_url, max_retries=0))


def test_equal_texts_agree_whatever_they_cite() -> None:
    """Case, spaces and citations do not matter; another text may or may not agree."""
    new = Given("Refunds take five days [refunds, terms].")
    assert equal_text(new, [Given("refunds take  five days"), Given("Five days.")]) == [True, None]


CARRIES_MEANING = [
    ("Run `curl -I example.org`.", "Run `curl -i example.org`."),
    ("ls -a lists all files", "ls -A lists all files"),
    ("It draws 5 mW.", "It draws 5 MW."),
    ("Ask the IT department.", "Ask the it department."),
    ("Nutze tar -C ordner", "Nutze tar -c ordner"),
]
MERE_DRESS = [
    ("Yes.", "yes"),
    ("Open daily from nine", "Open Daily From Nine"),
    ("It takes five days [faq#1].", "it takes  five days"),
    ("Я дома.", "я дома"),
]


@pytest.mark.parametrize(("first", "second"), CARRIES_MEANING)
def test_the_case_of_code_makes_two_answers(embedder: Embedder, first: str, second: str) -> None:
    """Where case carries meaning the same letters are no proof, for equal text and likeness alike."""
    for judge in (equal_text, likeness_judge(embedder), default_judge(embedder)):
        assert judge(Given(first), [Given(second)]) == [None]
        assert judge(Given(second), [Given(first)]) == [None]
        assert judge(Given(first), [Given(first)]) == [True]


@pytest.mark.parametrize(("first", "second"), MERE_DRESS)
def test_dress_makes_no_other_answer(first: str, second: str) -> None:
    """The case of ordinary words, blanks, a final mark and citations are no difference."""
    assert equal_text(Given(first), [Given(second)]) == [True]


def _wrong(verdicts: Sequence[bool | None], kind: str) -> float:
    of_kind = [(v, pair["same"]) for v, pair in zip(verdicts, PAIRS, strict=True) if pair["kind"] == kind]
    assert len(of_kind) >= 60
    return sum(verdict is not None and verdict != same for verdict, same in of_kind) / len(of_kind)


def test_the_likeness_judge_is_seldom_wrong(embedder: Embedder) -> None:
    """On 360 pairs: paraphrases are rarely called different, answers on the same subject rarely the same."""
    judge = likeness_judge(embedder)
    verdicts = [judge(Given(pair["a"]), [Given(pair["b"])])[0] for pair in PAIRS]
    assert _wrong(verdicts, "paraphrase") <= 0.05
    assert _wrong(verdicts, "same subject") <= 0.05
    assert _wrong(verdicts, "near miss") <= 0.15
    assert sum(verdict is None for verdict in verdicts) <= 0.4 * len(PAIRS)


def test_different_answers_from_one_document_are_told_apart(embedder: Embedder) -> None:
    """In the sample world, answers from the same document to different questions are hardly ever taken for one."""
    known = {
        q.group: Given(q.answer, dict.fromkeys(q.sources, 1)) for q in questions() if q.kind in ("shared", "near_miss")
    }
    judge = likeness_judge(embedder)
    verdicts = []
    for answer in known.values():
        others = [other for other in known.values() if other.sources == answer.sources and other is not answer]
        verdicts += judge(answer, others)
    assert len(verdicts) >= 300
    assert sum(verdict is True for verdict in verdicts) <= 0.03 * len(verdicts)


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("Send it back within 30 days.", "You have thirty days to send it back.", True),
        ("Send it back within 30 days.", "Send it back within 60 days.", False),
        ("Yes, it is included.", "No, it is not included.", False),
        ("The fee is 5 euros.", "A leopard cannot change its spots.", False),
    ],
)
def test_plain_cases(embedder: Embedder, a: str, b: str, agree: bool) -> None:
    """Another figure, another yes or no and another subject are other answers; another wording is not."""
    assert list(likeness_judge(embedder)(Given(a), [Given(b)])) == [agree]


def test_sources_speak_for_and_against() -> None:
    """Answers from other documents are less likely one answer, those from the same versions more."""
    text = "It takes five days."
    alone = log_odds(Given(text), Given(text), 0.6)
    assert log_odds(Given(text, {"a": 1}), Given(text, {"a": 1}), 0.6) > alone
    assert log_odds(Given(text, {"a": 1}), Given(text, {"a": 2}), 0.6) == alone
    assert log_odds(Given(text, {"a": 1}), Given(text, {"b": 1}), 0.6) < alone


@given(st.sampled_from(PAIRS), st.floats(-1, 1))
def test_likeness_is_symmetric(pair: dict[str, str], likeness: float) -> None:
    """It does not matter which of two answers is the new one."""
    assert evidence(pair["a"], pair["b"], likeness) == evidence(pair["b"], pair["a"], likeness)


@pytest.mark.parametrize("said", [["no"], [0.2], [1], [True, False], []])
def test_what_is_no_verdict_is_not_taken_for_one(said: Sequence[Any]) -> None:
    """A judge of one's own that answers in words, shares or a wrong number of verdicts is named, not believed."""
    with pytest.raises(InvalidInput, match="a judge"):
        compared(lambda new, stored: said, Given("yes"), [Given("no")])


def test_verdicts_of_numpy_are_verdicts() -> None:
    """What numpy compares is as good as Python's own."""
    verdicts = compared(lambda new, stored: [np.bool_(True), None, False], Given("a"), [Given("b")] * 3)
    assert verdicts == [True, None, False]


def test_later_judges_are_asked_only_what_is_open() -> None:
    """A judge sees only the answers on which those before it could not tell."""
    asked: list[int] = []

    def second(new: Answer, others: Sequence[Answer]) -> list[bool | None]:
        asked.append(len(others))
        return [False] * len(others)

    judge = first_to_tell(equal_text, second)
    assert list(judge(Given("yes"), [Given("Yes."), Given("no")])) == [True, False]
    assert list(judge(Given("yes"), [Given("yes")])) == [True]
    assert asked == [1]


def test_a_language_model_compares_all_answers_in_one_call(api: FakeOpenAi, embedder: Embedder) -> None:
    """All answers go into one request, and the numbers in the reply are those that agree."""
    api.reply = lambda _: "1, 3"
    judge = llm_judge(_model(api), fallback=equal_text)
    assert judge(Given("five days"), [Given("5 days"), Given("a week"), Given("about 5 days")]) == [True, False, True]
    assert len(api.requests) == 1
    assert "3. about 5 days" in api.requests[0]["messages"][-1]["content"]


def test_without_the_language_model_likeness_judges(api: FakeOpenAi, embedder: Embedder) -> None:
    """When the endpoint fails, the fallback gives the verdicts: learning goes on."""
    api.then(Trouble("status", 503))
    judge = default_judge(embedder, _model(api))
    assert list(judge(Given("It costs 5 euros."), [Given("The price is five euros.")])) == [True]


def test_half_a_reply_is_no_verdict(api: FakeOpenAi) -> None:
    """A list of numbers that was cut off may lack some: the fallback gives the verdicts."""
    api.reply, api.finish_reason = lambda _: "1", "length"
    judge = llm_judge(_model(api), fallback=equal_text)
    assert list(judge(Given("5 days"), [Given("a week"), Given("5 days")])) == list(
        equal_text(Given("5 days"), [Given("a week"), Given("5 days")])
    )


def test_a_quoting_model_cannot_judge(embedder: Embedder) -> None:
    """The built-in answerer only quotes: asked to judge it is a configuration error, and by default it is not asked."""
    with pytest.raises(ConfigurationError, match="follows instructions"):
        llm_judge(ExtractiveLlm(), fallback=equal_text)
    assert list(default_judge(embedder, ExtractiveLlm())(Given("yes"), [Given("yes")])) == [True]


@pytest.mark.parametrize(
    ("reply", "verdicts"),
    [
        ("none", [False, False, False]),
        ("None.", [False, False, False]),
        ("2", [False, True, False]),
        ("1 and 3", [True, False, True]),
        ("Numbers: 1, 2", [True, True, False]),
        ("The first two agree.", [None, None, None]),
        ("4", [None, None, None]),
        ("", [None, None, None]),
    ],
)
def test_a_reply_is_read_or_not_at_all(reply: str, verdicts: list[bool | None]) -> None:
    """Numbers and "none" are verdicts; anything else teaches nothing."""
    assert read_reply(reply, 3) == verdicts


@given(st.text(max_size=40), st.integers(1, 10))
def test_any_reply_gives_one_verdict_for_each_answer(reply: str, count: int) -> None:
    """Whatever a model says, there are as many verdicts as answers."""
    assert len(read_reply(reply, count)) == count
