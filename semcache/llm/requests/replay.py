"""A stored answer in the form in which the API would have sent it: JSON, or a well-formed stream (pure)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]
RESPONSE_ID = "resp_sc_"
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_NO_TOKENS_OF_RESPONSE = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}
_PIECE = 400  # characters of one delta
_ECHOED = ("instructions", "metadata", "temperature", "top_p", "max_output_tokens", "tools", "tool_choice", "text",
           "reasoning", "parallel_tool_calls", "previous_response_id", "user", "store", "truncation")  # fmt: skip


def chat_choice(text: str) -> dict[str, Any]:
    """A choice that says a text."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}


def chat_body(model: str, choices: Sequence[Body]) -> dict[str, Any]:
    """A chat completion of its own: a new id, the time of now, and no tokens, for none were billed."""
    return {**_chat_head(model, "chat.completion"), "choices": list(choices), "usage": NO_TOKENS}


def _chat_head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-sc-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": model}


def chat_stream(model: str, choices: Sequence[Body], request: Body, *, told: Body | None = None) -> Iterator[bytes]:
    """The same as server-sent events; the first of them has the fields `told` as well."""
    head = _chat_head(model, "chat.completion.chunk")
    options = request.get("stream_options")
    counted = isinstance(options, Mapping) and bool(options.get("include_usage"))
    extra = {"usage": None} if counted else {}

    def chunk(index: int, delta: Body, ended: str | None = None, **told: Any) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": ended}
        return _data({**head, "choices": [choice], **extra, **told})

    for choice in choices:
        index, message = choice.get("index", 0), choice["message"]
        yield chunk(index, {"role": "assistant", "content": "", "refusal": None}, **(told or {}))
        told = None
        yield from (chunk(index, {"content": piece}) for piece in _pieces(message.get("content") or ""))
        if calls := message.get("tool_calls"):
            yield chunk(index, {"tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]})
        yield chunk(index, {}, choice.get("finish_reason"))
    if counted:
        yield _data({**head, "choices": [], "usage": NO_TOKENS})
    yield b"data: [DONE]\n\n"


def message_item(text: str) -> dict[str, Any]:
    """An output item that says a text."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    id = f"msg_sc_{secrets.token_hex(12)}"
    return {"type": "message", "id": id, "role": "assistant", "status": "completed", "content": [part]}


def response_body(model: str, output: Sequence[Body], request: Body) -> dict[str, Any]:
    """A response of its own, whose id begins with RESPONSE_ID."""
    defaults: dict[str, Any] = {"instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0, "tools": [],
                "tool_choice": "auto", "parallel_tool_calls": True}  # fmt: skip
    return {
        "id": RESPONSE_ID + secrets.token_hex(16),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": model,
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        **defaults,
        **{name: request[name] for name in _ECHOED if request.get(name) is not None},
        "usage": _NO_TOKENS_OF_RESPONSE,
    }


def response_stream(body: Body) -> Iterator[bytes]:
    """The events of a completed response."""
    begun = {**body, "status": "in_progress", "output": [], "usage": None}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    for index, item in enumerate(body["output"]):
        events += _item_events(index, item)
    events.append(("response.completed", {"response": body}))
    for number, (kind, fields) in enumerate(events):
        yield f"event: {kind}\n".encode() + _data({"type": kind, "sequence_number": number, **fields})


def _item_events(index: int, item: Body) -> list[tuple[str, dict[str, Any]]]:
    text = item.get("type") == "message"
    begun = {**item, "status": "in_progress", "content": []} if text else item
    events: list[tuple[str, dict[str, Any]]] = [("response.output_item.added", {"output_index": index, "item": begun})]
    for number, part in enumerate(item["content"] if text else ()):
        place = {"item_id": item["id"], "output_index": index, "content_index": number}
        events.append(("response.content_part.added", {**place, "part": {**part, "text": ""}}))
        events += [
            ("response.output_text.delta", {**place, "delta": piece, "logprobs": []}) for piece in _pieces(part["text"])
        ]
        events.append(("response.output_text.done", {**place, "text": part["text"], "logprobs": []}))
        events.append(("response.content_part.done", {**place, "part": part}))
    return [*events, ("response.output_item.done", {"output_index": index, "item": item})]


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _data(payload: Body) -> bytes:
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"
