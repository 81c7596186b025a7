"""The question in what LangChain gives its caches: the JSON of all messages, or a text (pure)."""

from __future__ import annotations

import json
from typing import Any

_OF_QUESTION = {"content", "type", "id", "response_metadata", "additional_kwargs"}


def split(prompt: str) -> tuple[tuple[str, ...], str] | None:
    """What comes before the question, and the question; None if the prompt may be matched verbatim only."""
    messages = _messages(prompt)
    if messages is None:
        return (), prompt
    *before, last = messages
    asked = last["kwargs"]
    if last["id"][-1] != "HumanMessage" or set(asked) - _OF_QUESTION or asked.get("additional_kwargs"):
        return None
    question = _text(asked.get("content"))
    if question is None or any(_of_tools(message) for message in messages):
        return None
    return tuple(json.dumps(message, sort_keys=True) for message in before), question


def has_turns(prompt: str) -> bool:
    """Whether somebody said something before the question: instructions alone are no conversation."""
    return any(message["id"][-1] != "SystemMessage" for message in (_messages(prompt) or [])[:-1])


def _messages(prompt: str) -> list[dict[str, Any]] | None:
    try:
        read = json.loads(prompt)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, list) and read and all(map(_is_message, read)) else None


def _is_message(value: Any) -> bool:
    named = isinstance(value, dict) and value.get("lc") == 1 and isinstance(value.get("kwargs"), dict)
    return named and isinstance(value.get("id"), list) and bool(value["id"])


def _of_tools(message: dict[str, Any]) -> bool:
    return message["id"][-1] in ("ToolMessage", "FunctionMessage") or bool(message["kwargs"].get("tool_calls"))


def _text(content: Any) -> str | None:
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        block = content[0]
        return block.get("text") if set(block) == {"type", "text"} and block["type"] == "text" else None
    return content if isinstance(content, str) else None
