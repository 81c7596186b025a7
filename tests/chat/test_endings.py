"""What the chat keeps of answers that did not end well: nothing; who asked is told, and who asks next causes a call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from semcache.chat import ChatEngine
from semcache.errors import LlmUnavailable
from tests.llm.server import FakeOpenAi

QUESTION = "How long does the warranty of a lamp last?"
WHOLE = "Two years [warranty]."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Two years, except for the", "length"),
        ("Let me look that up.", "tool_calls"),
        ("Two", "content_filter"),
        ("Two years", "error"),
        ("Zwei Jahre, außer bei", "length"),
        ("<think>the user asks about the warranty", "length"),
        ("<think>the user asks about the warranty", "stop"),
    ],
)
def test_an_incomplete_answer_is_shown_not_kept(engine: ChatEngine, api: FakeOpenAi, text: str, reason: str) -> None:
    """Its asker sees it with a word about it; the next one gets the whole answer, which is kept."""
    api.reply, api.finish_reason = lambda _: text, reason
    cut = engine.ask(QUESTION, user="ann", session="s")
    assert (cut.text, cut.outcome, cut.entry_id) == (text, "miss", None)
    assert "this answer is incomplete and is not kept" in cut.warnings[0]
    api.reply, api.finish_reason = lambda _: WHOLE, "stop"
    answers = [engine.ask(QUESTION, user=user, session="s") for user in ("bob", "cem")]
    assert [(answer.outcome, answer.text, answer.warnings) for answer in answers] == [
        ("miss", WHOLE, ()),
        ("hit", WHOLE, ()),
    ]
    assert len(api.requests) == 2


@pytest.mark.parametrize(("refusal", "says"), [("", "answered nothing"), ("I cannot help.", "I cannot help")])
def test_nothing_is_no_answer(engine: ChatEngine, api: FakeOpenAi, refusal: str, says: str) -> None:
    """An empty answer is the model's fault, is not remembered, and does not stand in the next one's way."""
    api.reply, api.refusal, api.finish_reason = lambda _: "", refusal, "content_filter"
    with pytest.raises(LlmUnavailable, match=rf"{says}.*finish_reason 'content_filter'"):
        engine.ask(QUESTION, user="ann", session="s")
    api.reply, api.refusal, api.finish_reason = lambda _: WHOLE, "", "stop"
    assert engine.ask(QUESTION, user="bob", session="s").outcome == "miss"


def test_an_uncached_answer_is_marked_too(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Where nothing is kept anyway, who asked still learns that the end is missing."""
    api.reply, api.finish_reason = lambda _: "It is half past", "length"
    answer = engine.ask("What time is it now?", user="ann", session="s")
    assert answer.outcome == "uncacheable"
    assert "incomplete" in answer.warnings[0]


def test_who_waited_for_an_incomplete_answer_is_told(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Several ask at once: each of them has the word about it, whoever caused the call."""
    api.reply, api.finish_reason = lambda _: "Two years, except for the", "length"
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(engine.ask, QUESTION, user=f"u{n}", session="s") for n in range(4)]
        answers = [one.result(30) for one in asked]
    assert all("incomplete" in answer.warnings[0] for answer in answers)
    assert {answer.outcome for answer in answers} == {"miss"}


def test_a_cut_rewriting_is_not_used(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Half a question would be another question: the follow-up is completed without the model."""
    engine.ask("How long does the standard delivery take?", user="ann", session="s")

    def reply(messages: list[dict[str, Any]]) -> str:
        return "How long does"

    api.reply, api.finish_reason = reply, "length"
    answer = engine.ask("And for islands?", user="ann", session="s")
    assert answer.question != "How long does"


@pytest.mark.parametrize("changed", [{"max_tokens": 20}, {"temperature": 0.9}, {"base_url": "other"}])
def test_other_settings_are_another_scope(
    make_engine: Callable[..., ChatEngine], api: FakeOpenAi, changed: dict[str, Any]
) -> None:
    """What another length, temperature or endpoint has answered is not served, though the model has the same name."""
    if "base_url" in changed:
        changed = {"base_url": api.base_url.replace("127.0.0.1", "localhost")}
    api.reply = lambda _: WHOLE
    engines = [make_engine(**settings) for settings in (changed, {}, changed, {})]
    outcomes = [engine.ask(QUESTION, user="ann", session="s").outcome for engine in engines]
    assert outcomes == ["miss", "miss", "hit", "hit"]
