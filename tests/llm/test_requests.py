"""May a request of the OpenAI API be served: one row per rule, and what tells requests apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.llm.requests import (
    Exact,
    Never,
    Semantic,
    Verdict,
    context_of,
    digest_of,
    may_keep,
    may_serve,
    question_of,
    scope_of,
)
from semcache.text.questions import classify

USER = {"role": "user", "content": "How do I renew a library card?"}
TOOL = {"type": "function", "function": {"name": "f"}}
PICTURE = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {}}]}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}

CHAT: list[tuple[dict[str, Any], type[Verdict]]] = [
    ({}, Semantic),
    *[({name: value}, Semantic) for name, value in {
        "stop": "x", "max_tokens": 5, "max_completion_tokens": 5, "reasoning_effort": "low", "verbosity": "low",
        "response_format": {"type": "json_object"}, "logit_bias": {"1": 1}, "presence_penalty": 0.1,
        "frequency_penalty": 0.1, "top_p": 0.5, "temperature": 1, "n": 1, "stream": True,
        "stream_options": {"include_usage": True}, "metadata": {"a": "b"}, "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "service_tier": "flex", "prediction": {"type": "content"}, "user": "u",
        "safety_identifier": "s", "tools": [TOOL], "functions": [{"name": "f"}], "seed": None, "logprobs": False,
        "modalities": ["text"], "store": False,
    }.items()],
    *[({name: value}, Exact) for name, value in {
        "seed": 0, "n": 2, "logprobs": True, "top_logprobs": 2, "a_new_field": 1,
    }.items()],
    *[({name: value}, Never) for name, value in {
        "temperature": 1.01, "moderation": {}, "web_search_options": {}, "modalities": ["text", "audio"],
        "audio": {"voice": "x"}, "messages": [], "tools": [{"type": "web_search"}],
    }.items()],
    ({"messages": [USER, CALL, {"role": "tool", "content": "4", "tool_call_id": "1"}]}, Never),
    ({"messages": [USER, CALL, USER]}, Never),
    ({"messages": [{"role": "function", "name": "f", "content": "4"}]}, Never),
    ({"messages": [USER, {"role": "assistant", "content": "You"}]}, Exact),
    ({"messages": [PICTURE]}, Exact),
    ({"messages": [{"role": "user", "content": "x" * 2_001}]}, Exact),
    ({"messages": [{"role": "user", "content": "x" * 2_000}]}, Semantic),
    ({"messages": [{"role": "user", "content": " "}]}, Exact),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}]}, Semantic),
]  # fmt: skip
RESPONSES: list[tuple[dict[str, Any], type[Verdict]]] = [
    ({"store": False}, Semantic),
    ({}, Never),
    ({"store": True}, Never),
    *[({"store": False, name: value}, Semantic) for name, value in {
        "instructions": "Be brief.", "text": {"format": {"type": "text"}}, "reasoning": {"effort": "low"},
        "include": ["message.output_text.logprobs"], "max_output_tokens": 9, "background": False,
        "tools": [{"type": "function", "name": "f"}],
    }.items()],
    *[({"store": False, name: value}, Never) for name, value in {
        "previous_response_id": "resp_1", "conversation": "c", "background": True, "prompt": {"id": "p"},
        "image": {}, "context_management": [], "tools": [{"type": "file_search"}], "max_tool_calls": 1,
        "input": [{"type": "function_call_output", "call_id": "1", "output": "4"}],
    }.items()],
    ({"store": False, "truncation": "auto"}, Exact),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "verdict"), CHAT)
def test_each_field_of_a_chat_completion_has_its_class(fields: dict[str, Any], verdict: type[Verdict]) -> None:
    """One row per rule: by meaning, verbatim only, or never; each says why."""
    found = may_serve({"model": "m", "messages": [USER], **fields})
    assert isinstance(found, verdict), found
    assert found.reason


@pytest.mark.parametrize(("fields", "verdict"), RESPONSES)
def test_each_field_of_a_response_has_its_class(fields: dict[str, Any], verdict: type[Verdict]) -> None:
    """As for chat completions, with what the service keeps on its side."""
    assert isinstance(may_serve({"model": "m", "input": "How do I fold it?", **fields}), verdict)


def test_a_stored_response_is_served_by_whoever_expands_its_ids() -> None:
    """Who replaces ids of served responses by their items may serve responses that are stored."""
    assert isinstance(may_serve({"model": "m", "input": "How do I fold it?"}, expands_ids=True), Semantic)


def test_a_chat_completion_that_the_service_stores_is_made_anew() -> None:
    """Its caller wants it in the service's log; others may be served its answer."""
    assert not may_serve({"model": "m", "messages": [USER], "store": True}).served


@pytest.mark.parametrize(
    ("question", "owner", "before", "verdict"),
    [
        ("What time is it now?", "", [], Never),
        ("And for children?", "", [], Never),
        ("And for children?", "", [USER, {"role": "assistant", "content": "Online."}], Semantic),
        ("What is my account balance this year?", "", [], Never),
        ("What did I order?", "", [], Never),
        ("What did I order?", "ann", [], Semantic),
        ("What is the capital of France?", "", [], Semantic),
    ],
)
def test_whom_an_answer_serves_decides(question: str, owner: str, before: list[Any], verdict: type[Verdict]) -> None:
    """About this moment, about its asker without a name, or a follow-up to nothing: never served."""
    body = {"model": "m", "messages": [*before, {"role": "user", "content": question}], "user": owner or None}
    assert isinstance(may_serve(body, classes=classify), verdict)


def test_a_system_prompt_is_no_conversation() -> None:
    """A follow-up behind nothing but instructions has nothing to follow."""
    body = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "And for children?"}]}
    assert isinstance(may_serve(body, classes=classify), Never)


def test_what_counts_parts_requests_and_what_does_not_does_not() -> None:
    """Model, instructions, tools and parameters are walls; streaming, users and metadata are not."""
    body = {"model": "m", "messages": [USER]}
    for more in ({"model": "n"}, {"stop": "x"}, {"tools": [TOOL]},
                 {"messages": [{"role": "system", "content": "x"}, USER]},
                 {"messages": [{**USER, "name": "bob"}]}):  # fmt: skip
        assert scope_of({**body, **more}) != scope_of(body)
        assert digest_of({**body, **more}) != digest_of(body)
    for less in ({"stream": True}, {"user": "u"}, {"metadata": {"a": "b"}}, {"stop": None}, {"tools": []}):
        assert scope_of({**body, **less}) == scope_of(body)
        assert digest_of({**body, **less}) == digest_of(body)


def test_question_and_context_are_told_apart() -> None:
    """The last text of the user is the question; the turns before it are its context, instructions are not."""
    body = {"messages": [{"role": "system", "content": "x"}, USER, {"role": "assistant", "content": "Online."},
                         {"role": "user", "content": "How?"}]}  # fmt: skip
    assert question_of(body) == "How?"
    assert len(context_of(body)) == 2


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ({"finish_reason": "stop", "message": {"content": "Yes."}}, True),
        ({"finish_reason": "length", "message": {"content": "Yes"}}, False),
        ({"finish_reason": "content_filter", "message": {"content": "Yes"}}, False),
        ({"finish_reason": "stop", "message": {"content": "", "refusal": "No."}}, False),
        ({"finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [{}]}}, False),
        ({"finish_reason": "stop", "message": {"content": " "}}, False),
    ],
)
def test_only_whole_answers_are_kept(choice: dict[str, Any], kept: bool) -> None:
    """Cut, filtered, refused, empty answers and tool calls are for their asker alone."""
    assert (may_keep({"choices": [choice]}) == "") is kept


NAMES = st.sampled_from(("role", "content", "type", "text", "user", "tool_calls", "messages")) | st.text()
SCALARS = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)


@given(st.dictionaries(st.sampled_from(("messages", "input", "tools", "temperature", "n", "store", "x")), JSON) | JSON)
def test_no_request_is_too_odd_to_be_judged(body: Any) -> None:
    """Whatever JSON comes in, there is a verdict; what may be served has a digest and a scope of texts."""
    found = may_serve(body)
    if not isinstance(found, Never):
        assert len(digest_of(body)) == 64
        assert all(isinstance(wall, str) for wall in scope_of(body).values())
