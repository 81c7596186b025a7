"""The OpenAI-compatible client against a real HTTP server."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from semcache.errors import InvalidInput, LlmUnavailable, MissingExtra, RateLimited
from semcache.llm.openai import OpenAiLlm
from semcache.llm.protocol import Completion, LlmRequest, Message, Passage
from semcache.settings import LlmSettings
from tests.llm.server import FakeOpenAi, Trouble
from tests.waiting import wait_until


def model(api: FakeOpenAi, **settings: Any) -> OpenAiLlm:
    return OpenAiLlm(LlmSettings(model="test-model", base_url=api.base_url, **{"max_retries": 0, **settings}))


QUESTION = LlmRequest(question="How long do refunds take?")


def test_the_answer_is_streamed_in_parts(api: FakeOpenAi) -> None:
    """Each word arrives as a part of its own, and together they are the answer."""
    api.reply = lambda _: "Refunds take five days."
    assert list(model(api).stream(QUESTION)) == ["Refunds", " take", " five", " days."]


def test_usage_comes_from_the_endpoint(api: FakeOpenAi) -> None:
    """Tokens are those that the endpoint counted."""
    api.reply = lambda _: "Five days."
    usage = model(api).answer(QUESTION).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.estimated) == (11, 2, False)


def test_usage_is_estimated_when_the_endpoint_is_silent(api: FakeOpenAi) -> None:
    """An endpoint that counts no tokens still yields an estimate, marked as one."""
    api.send_usage = False
    usage = model(api).answer(QUESTION).usage
    assert usage.estimated
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0


def test_sources_history_and_system_prompt_are_sent(api: FakeOpenAi) -> None:
    """The endpoint sees the system prompt, then the session, then the material with the question."""
    request = LlmRequest(
        question="And for express?",
        passages=(Passage("doc-1", "document", "Shipping", "Express takes one day."),),
        history=(Message("user", "How long is shipping?"), Message("assistant", "Three days.")),
        system="Be brief.",
    )
    model(api).answer(request)
    sent = api.requests[0]["messages"]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user"]
    assert sent[0]["content"] == "Be brief."
    assert "[doc-1] Shipping\nExpress takes one day." in sent[-1]["content"]
    assert sent[-1]["content"].endswith("Question: And for express?")


def test_citations_are_read_from_the_answer(api: FakeOpenAi) -> None:
    """Only the passages that the answer names in brackets are cited."""
    api.reply = lambda _: "One day [doc-1], see [doc-9]."
    passages = tuple(Passage(i, "document", "", "text") for i in ("doc-1", "doc-2"))
    assert model(api).answer(LlmRequest("How long?", passages)).cited == ("doc-1",)


def test_settings_reach_the_endpoint(api: FakeOpenAi) -> None:
    """Model, key, temperature and answer length are those of the settings."""
    model(api, api_key="secret-key", temperature=0.5, max_tokens=77).answer(QUESTION)
    sent = api.requests[0]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("test-model", 0.5, 77)
    assert api.authorizations == ["Bearer secret-key"]


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "SEMCACHE_LLM_API_KEY"),
        (403, "may not use this model"),
        (404, "SEMCACHE_LLM_MODEL"),
        (500, "it went wrong"),
    ],
)
def test_a_refusal_says_what_to_check(api: FakeOpenAi, status: int, hint: str) -> None:
    """A status that is no success is an outage whose message names the setting to look at."""
    api.then(Trouble("status", status=status))
    with pytest.raises(LlmUnavailable, match=hint):
        model(api).answer(QUESTION)


def test_an_unreachable_endpoint_names_its_address() -> None:
    """A refused connection says which URL was tried and which setting holds it."""
    llm = OpenAiLlm(LlmSettings(model="m", base_url="http://127.0.0.1:9/v1", max_retries=0))
    with pytest.raises(LlmUnavailable, match=r"127\.0\.0\.1:9/v1 cannot be reached; check SEMCACHE_LLM_BASE_URL"):
        llm.answer(QUESTION)


def test_a_rate_limit_carries_its_waiting_time(api: FakeOpenAi) -> None:
    """A 429 is RateLimited with the endpoint's Retry-After, and is not waited out when that is long."""
    api.then(Trouble("status", status=429, headers={"retry-after": "17"}))
    with pytest.raises(RateLimited) as caught:
        model(api, max_retries=3).answer(QUESTION)
    assert caught.value.retry_after_s == 17
    assert len(api.requests) == 1


def test_passing_trouble_is_retried(api: FakeOpenAi) -> None:
    """A 500 and a short 429 are tried again, and the caller sees only the answer."""
    api.then(Trouble("status", status=500), Trouble("status", status=429, headers={"retry-after": "0"}))
    api.reply = lambda _: "Five days."
    assert model(api, max_retries=2).answer(QUESTION).text == "Five days."
    assert len(api.requests) == 3


def test_a_wrong_key_is_not_retried(api: FakeOpenAi) -> None:
    """What will be refused again is asked once."""
    api.then(Trouble("status", status=401))
    with pytest.raises(LlmUnavailable):
        model(api, max_retries=3).answer(QUESTION)
    assert len(api.requests) == 1


def test_an_answer_that_breaks_off_is_an_outage(api: FakeOpenAi) -> None:
    """A connection lost in mid-answer raises after the parts that came, so nobody takes them for the whole."""
    api.reply = lambda _: "one two three four"
    api.then(Trouble("drop", after=2))
    stream = model(api).stream(QUESTION)
    assert [next(stream), next(stream)] == ["one", " two"]
    with pytest.raises(LlmUnavailable, match=r"broke off|middle"):
        next(stream)


@pytest.mark.parametrize("trouble", [Trouble("hang"), Trouble("silence", after=1)])
def test_a_silent_endpoint_runs_into_the_timeout(api: FakeOpenAi, trouble: Trouble) -> None:
    """No first token, or none after it, within timeout_s is an outage, not a wait for ever."""
    api.reply = lambda _: "one two three"
    api.then(trouble)
    started = time.monotonic()
    with pytest.raises(LlmUnavailable):
        model(api, timeout_s=0.2).answer(QUESTION)
    assert time.monotonic() - started < 5


def test_closing_the_stream_ends_the_call(api: FakeOpenAi) -> None:
    """A caller who stops reading closes the connection, so the endpoint stops generating."""
    api.reply = lambda _: "word " * 200_000
    stream = model(api).stream(QUESTION)
    next(stream)
    stream.close()
    wait_until("the server saw the client leave", api.closed_early.is_set)


def test_parameters_an_endpoint_does_not_know_are_left_out(api: FakeOpenAi) -> None:
    """An endpoint that refuses stream_options, max_tokens or temperature is asked in its own way, and only once."""
    api.refuses = ("stream_options", "max_tokens", "temperature")
    llm = model(api)
    llm.answer(QUESTION)
    tries = len(api.requests)
    llm.answer(QUESTION)
    assert len(api.requests) == tries + 1
    assert "max_completion_tokens" in api.requests[-1]
    assert "temperature" not in api.requests[-1]


def test_a_prompt_beyond_the_context_is_the_callers_error(api: FakeOpenAi) -> None:
    """A request that is too long for the model will never succeed: InvalidInput, not an outage."""
    api.then(Trouble("status", status=400, message="This model's maximum context length is 8192 tokens."))
    with pytest.raises(InvalidInput, match="too long"):
        model(api).answer(QUESTION)


def test_an_answer_that_does_not_know_is_marked(api: FakeOpenAi) -> None:
    """'I do not know' is recognised in the model's words."""
    api.reply = lambda _: "I'm sorry, but the sources don't contain that information."
    completion = model(api).answer(QUESTION)
    assert isinstance(completion, Completion)
    assert not completion.known


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback of an import, but the line to install."""
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtra, match=r"pip install 'semcache\[openai\]'"):
        OpenAiLlm(LlmSettings(model="gpt-5")).answer(LlmRequest(question="How long?"))
