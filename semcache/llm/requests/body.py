"""The body of a request as the two endpoints write it: its messages, and the text in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Endpoint = Literal["chat", "responses"]
Body = Mapping[str, Any]
_INSTRUCTING = ("system", "developer")
TEXT_PARTS = ("text", "input_text", "output_text")


def endpoint_of(body: Body) -> Endpoint:
    """`messages` belong to chat completions; everything else is read as a request for a response."""
    return "chat" if "messages" in body else "responses"


def given(body: Body) -> dict[str, Any]:
    """The fields that say something: null and an empty list of tools are what an absent field is."""
    empty = ("tools", "functions", "include", "stop", "metadata", "logit_bias")
    return {name: value for name, value in body.items() if value is not None and not (name in empty and not value)}


def items_of(body: Body) -> list[Any]:
    """Messages and other items, oldest first; a text alone is a message of the user. Empty if there are none."""
    items = body.get("messages") if endpoint_of(body) == "chat" else body.get("input")
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    return list(items) if isinstance(items, Sequence) and not isinstance(items, bytes) else []


def is_message(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("role"), str) and item.get("type", "message") == "message"


def text_of(item: Mapping[str, Any]) -> str | None:
    """The text of a message; None if it holds anything else (pictures, sound, files, a refusal)."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    return "\n".join(part["text"] for part in content) if all(map(_is_text, content)) else None


def _is_text(part: Any) -> bool:
    known = isinstance(part, Mapping) and set(part) <= {"type", "text", "annotations", "logprobs"}
    return known and part.get("type") in TEXT_PARTS and isinstance(part.get("text"), str)


def leading_instructions(body: Body) -> list[Any]:
    """What the model is told before the conversation: `instructions`, and the system messages at its head."""
    told: list[Any] = [body["instructions"]] if body.get("instructions") is not None else []
    for item in items_of(body):
        if not is_message(item) or item["role"] not in _INSTRUCTING:
            break
        told.append(item)
    return told


def conversation(body: Body) -> list[Any]:
    """The items behind the leading instructions."""
    items = items_of(body)
    of_items = len(leading_instructions(body)) - (body.get("instructions") is not None)
    return items[of_items:]


def canonical(value: Any) -> str:
    """JSON with sorted names: equal for equal values, however they were written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def digest(value: Any) -> str:
    """64 hex digits (SHA-256) of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
