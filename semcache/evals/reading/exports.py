"""What a record asks and what was answered, in the shapes that APIs and observability tools write.

OpenAI requests, responses and batch files, Anthropic, Langfuse, LangSmith, Helicone, Portkey, LiteLLM, ShareGPT.
A record is read by what its fields hold, not by the tool's name: a request body is known by its messages, a response
body by its choices, output or content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from semcache.evals.reading.messages import Conversation, LeftOut, conversation, messages_of, text_of
from semcache.evals.reading.record import Record, Value, cell, parsed

#: Fields that hold a request, in the order they are tried.
REQUESTS = (
    "messages", "conversations", "conversation", "request_body", "requestBody", "request", "body", "inputs", "input",
    "proxy_server_request", "contents", "prompt", "kwargs",
)  # fmt: skip
#: Fields that hold a response.
ANSWERS = (
    "response_body", "responseBody", "response", "outputs", "output", "completion", "choices", "generations", "answer",
    "reply", "output_text",
)  # fmt: skip
_QUESTIONS = (
    "prompt",
    "question",
    "query",
    "text",
    "input",
    "user_input",
    "message",
    "content",
    "utterance",
    "instruction",
)
_TEXTS = ("text", "output_text", "answer", "response", "output", "content", "completion", "result", "reply", "message")
#: What of a request shapes its answer; user, metadata, streaming and the like do not.
_SETTINGS = (
    "model", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "stop",
    "response_format", "text", "tools", "tool_choice", "functions", "function_call", "reasoning", "reasoning_effort",
    "presence_penalty", "frequency_penalty", "logit_bias", "thinking", "system", "instructions", "system_prompt",
    "generationConfig",
)  # fmt: skip
_NESTED_SETTINGS = ("model_parameters", "modelParameters", "invocation_params", "parameters")
_NAME_CHARS, _MOST_NAMED = 40, 6
_CHOICE = {"message", "finish_reason", "finishReason"}
_COMPLETE = {"stop", "end_turn", "stop_sequence", "completed", "eos", "success", "STOP"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `scope`: what shapes the answer beside prompt and context, in words; "" = nothing."""

    prompt: str
    answer: str | None
    context: tuple[str, ...] = ()
    scope: str = ""


def request_field(record: Record) -> str | None:
    """The field that holds messages or the body of a request; None if the record has none."""
    return next((name for name in REQUESTS if _is_request(parsed(record.values.get(name)))), None)


def _is_request(value: Value) -> bool:
    if messages_of(value) is not None or _is_parts(value):
        return True
    try:
        return isinstance(value, Mapping) and _in_body(value) is not None
    except LeftOut:
        return True


def exchange(record: Record, prompt: str, answer: str | None = None) -> Exchange:
    """What a record asks, and what was answered.

    Args:
        prompt: the field that holds the question, as text, as messages, or as the body of a request.
        answer: the field that holds the answer; None = one of the usual names.

    Raises:
        LeftOut: it asks nothing that can be replayed; the text is the reason.
    """
    request = parsed(record.at(prompt))
    asked = _asked(request)
    if asked is None:
        raise LeftOut("no prompt")
    _check_status(record.values)
    given = _text(record.at(answer)) if answer else _answer_of(record.values)
    return Exchange(
        asked.prompt,
        asked.answer if given is None else given,
        asked.context,
        _scope(record.values, request, asked.system),
    )


def _asked(value: Value) -> Conversation | None:
    """The conversation in a request: its text, a list of messages, a body that has one, or its question."""
    if (messages := messages_of(value)) is not None:
        return conversation(messages)
    if _is_parts(value):
        text, whole = text_of(value)
        if not whole:
            raise LeftOut("images, sounds or files")
        return Conversation(text.strip())
    if isinstance(value, Mapping):
        return _in_body(value)
    text = cell(value).strip()
    return Conversation(text) if text else None


def _is_parts(value: Value) -> bool:
    """Whether it is the content of one message, in parts."""
    return isinstance(value, list) and any(isinstance(part, Mapping) and "type" in part for part in value)


def _in_body(body: Mapping[str, Value]) -> Conversation | None:
    inner = (parsed(body.get(name)) for name in REQUESTS)
    for value in inner:
        if isinstance(value, list | dict) and (asked := _asked(value)) is not None:
            return asked
    texts = (body.get(name) for name in _QUESTIONS)
    return next((Conversation(text.strip()) for text in texts if isinstance(text, str) and text.strip()), None)


def _answer_of(values: Mapping[str, Value]) -> str | None:
    for name in ANSWERS:
        if (value := parsed(values.get(name))) is not None and value != "":
            return _text(value)
    return None


def _text(value: Value) -> str | None:
    """The text that a response holds.

    Raises:
        LeftOut: it is an error, was cut off, or calls tools.
    """
    value = parsed(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _last_text(value)
    return _text_of_body(value) if isinstance(value, Mapping) else cell(value) or None


def _last_text(values: list[Value]) -> str | None:
    """Of choices, generations, messages or parts: the first choice, or what the assistant said last."""
    if (messages := messages_of(values)) is not None:
        return _spoken([(m.text, m.calls) for m in messages if m.role == "assistant"])
    if values and isinstance(values[0], list):
        return _last_text(values[0])
    first = values[0] if values else None
    if isinstance(first, Mapping) and (_CHOICE & set(first) or isinstance(first.get("content"), Mapping)):
        return _text_of_body(first)
    text, _ = text_of(values)
    return text or None


def _spoken(said: list[tuple[str, bool]]) -> str | None:
    if not said:
        return None
    text, calls = said[-1]
    if calls and not text:
        raise LeftOut("tool calls or results")
    return text or None


def _text_of_body(body: Mapping[str, Value]) -> str | None:
    _check_status(body)
    _check_end(body)
    if messages := messages_of([body]):
        return _spoken([(m.text, m.calls) for m in messages])
    for name in ("choices", "generations", "output", "candidates", "body", "message", "messages", "content", "parts"):
        if isinstance(inner := parsed(body.get(name)), list | dict) and inner:
            return _text(inner)
    return next((found for name in _TEXTS if isinstance(found := body.get(name), str) and found), None)


def _check_end(body: Mapping[str, Value]) -> None:
    end = body.get("finish_reason") or body.get("stop_reason") or body.get("finishReason")
    if isinstance(end, str) and end not in _COMPLETE:
        raise LeftOut(
            "tool calls or results" if "tool" in end or "function" in end else "answers that are not complete"
        )


def _check_status(values: Mapping[str, Value]) -> None:
    for name in ("status", "status_code", "response_status", "http_status", "level"):
        status = cell(values.get(name)).lower()
        failed = status in ("error", "failure", "failed", "cancelled") or (status.isdigit() and int(status) >= 400)
        if failed:
            raise LeftOut("failed calls")
    if values.get("error") and isinstance(values.get("error"), str | dict):
        raise LeftOut("failed calls")
    if values.get("status") == "incomplete":
        raise LeftOut("answers that are not complete")


def _scope(values: Mapping[str, Value], request: Value, system: tuple[str, ...]) -> str:
    """System prompts, model, tools and settings: in a few words, and a digest of all of it."""
    settings: dict[str, Value] = {}
    for part in _settings_in(values, request):
        settings |= {name: part[name] for name in _SETTINGS if part.get(name) not in (None, "", [], {})}
    if isinstance(settings.get("text"), str):
        del settings["text"]  # a text, not the Responses API's setting of that name
    if not settings and not system:
        return ""
    told = json.dumps([settings, system], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_scope_name(settings, system)} ({digest})".lstrip()


def _scope_name(settings: Mapping[str, Value], system: tuple[str, ...]) -> str:
    """What people know a scope by: `gpt-5, "Be brief.", 2 tools, temperature 0`."""
    found = [cell(settings[name])[:_NAME_CHARS] for name in ("model", "deployment") if name in settings]
    told = system or [settings[name] for name in ("system", "instructions", "system_prompt") if name in settings]
    if prompt := " ".join(" ".join(map(cell, told)).split()):
        found.append(f'"{prompt[:_NAME_CHARS]}{"…" if len(prompt) > _NAME_CHARS else ""}"')
    if isinstance(tools := settings.get("tools") or settings.get("functions"), list):
        found.append(f"{len(tools)} tool{'s' * (len(tools) != 1)}")
    said = {name: value for name, value in settings.items() if isinstance(value, int | float)}
    return ", ".join([*found, *(f"{name} {value}" for name, value in said.items())][:_MOST_NAMED])


def _settings_in(values: Mapping[str, Value], request: Value) -> Iterator[Mapping[str, Value]]:
    yield {name: value for name, value in values.items() if name != "text" and name != "n"}
    for holder in (values, request):
        if not isinstance(holder, Mapping):
            continue
        if holder is request:
            yield holder
        for name in (*_NESTED_SETTINGS, "body"):
            if isinstance(inner := parsed(holder.get(name)), Mapping):
                yield inner
