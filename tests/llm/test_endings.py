"""How an answer of a language model may end: whole, cut, thinking, refusing, with nothing."""

from __future__ import annotations

from typing import Any

import pytest

from semcache.errors import LlmUnavailable
from semcache.llm import Completion, Llm, LlmRequest, Stream, answering, complete
from semcache.llm.openai import OpenAiLlm
from semcache.settings import LlmSettings
from tests.llm.server import FakeOpenAi

QUESTION = LlmRequest(question="How long does the warranty last?")


def model(api: FakeOpenAi) -> OpenAiLlm:
    return OpenAiLlm(LlmSettings(model="test-model", base_url=api.base_url, max_retries=0))


@pytest.mark.parametrize(
    "reason",
    ["length", "content_filter", "tool_calls", "function_call", "error", "insufficient_system_resource", "end"],
)
def test_whatever_is_not_stop_is_incomplete(api: FakeOpenAi, reason: str) -> None:
    """The text is there, and the completion says what the endpoint said of its end."""
    api.reply, api.finish_reason = lambda _: "Five years, except for the", reason
    completion = model(api).answer(QUESTION)
    assert completion.text == "Five years, except for the"
    assert repr(reason) in completion.incomplete
    assert ("SEMCACHE_LLM_MAX_TOKENS" in completion.incomplete) == (reason == "length")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Five years.", True),
        ("<think>The user asks about the warranty.</think>Five years.", True),
        ("\n<think>\n</think>\n\nFünf Jahre.", True),
        ("<THINK>保修期</THINK>五年。", True),
        ("Five years, <think>or six", False),
        ("<think>a</think><think>b", False),
        ("[THINK]a[/THINK]Five years.", True),
        ("thoughts</think>", False),
        ("Five years [analysis].", True),
        ("Five years, as [reasoning] says.", True),
        ("◁think▷five or six", False),
        ("<seed:think>five</seed:think>Five years.", True),
        ("<think>The user asks about the warranty", False),
        ("  <Thinking>Пользователь спрашивает", False),
        ("<reasoning>five or six", False),
        ("<think>The user asks about the warranty.</think>", False),
        ("<think>The user asks about the warranty.</think>\n \n", False),
        ("<think>a</thinking>Five years.", False),
    ],
)
def test_reasoning_is_no_answer(api: FakeOpenAi, text: str, whole: bool) -> None:
    """Thoughts that are not closed, or that nothing follows, leave the answer out, whatever the endpoint calls it."""
    api.reply = lambda _: text
    assert (model(api).answer(QUESTION).incomplete == "") == whole


@pytest.mark.parametrize("reason", ["stop", "content_filter", "length", "tool_calls"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_answer_without_text_is_an_outage(api: FakeOpenAi, text: str, reason: str) -> None:
    """Its finish_reason is told: the one who asked did nothing wrong."""
    api.reply, api.finish_reason = lambda _: text, reason
    with pytest.raises(LlmUnavailable, match=rf"answered nothing \(finish_reason '{reason}'\)"):
        model(api).answer(QUESTION)


def test_a_refusal_is_told_in_its_words(api: FakeOpenAi) -> None:
    """A refusal comes in a field of its own; it is no answer."""
    api.reply, api.refusal = lambda _: "", "I cannot help with that."
    with pytest.raises(LlmUnavailable, match=r"refuses to answer: I cannot help with that\. \(finish_reason 'stop'\)"):
        model(api).answer(QUESTION)


def test_an_empty_answer_of_any_model_is_an_outage() -> None:
    """What somebody else implements is held to the same."""

    class Mute(Llm):
        name, generative = "mute", True

        def stream(self, request: LlmRequest) -> Stream:
            yield " "
            return complete(" ", request, finish_reason="content_filter")

    with pytest.raises(LlmUnavailable, match="content_filter"):
        Mute().answer(QUESTION)


def test_a_completion_is_whole_unless_said_otherwise() -> None:
    """A model without a finish_reason of its own need not give one."""
    assert isinstance(complete("Five years.", QUESTION), Completion)
    assert complete("Five years.", QUESTION).incomplete == ""


@pytest.mark.parametrize(
    "changed",
    [{"base_url": "http://other/v1"}, {"max_tokens": 20}, {"temperature": 0.7}, {"system_prompt": "Be brief."}],
)
def test_what_shapes_an_answer_is_in_the_digest(changed: dict[str, Any]) -> None:
    """Endpoint, length, temperature and prompt count."""
    assert answering(LlmSettings(**changed)) != answering(LlmSettings())


def test_how_an_answer_is_fetched_is_not_in_the_digest() -> None:
    """Key, patience and limits leave it as it is."""
    same = LlmSettings(api_key="secret", timeout_s=1, max_retries=9, calls_per_minute=1)  # type: ignore[arg-type]
    assert answering(same) == answering(LlmSettings())
