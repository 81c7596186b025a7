"""May an answer be stored: only what is complete, and nothing that was meant for this call alone (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semcache.llm.requests.body import Body


def may_keep(answer: Body, *, tool_answers: bool = False) -> str:
    """Why the body of an answer with status 200 is not stored; empty if it may be.

    `tool_answers`: calls of the caller's own tools may be stored too; they are for the verbatim layer.
    """
    if not isinstance(answer, Mapping):
        return "the answer is no JSON object"
    if answer.get("error"):
        return "the answer is an error"
    return _of_chat(answer, tool_answers) if "choices" in answer else _of_response(answer, tool_answers)


def _of_chat(answer: Body, tool_answers: bool) -> str:
    choices = answer.get("choices") or []
    if not choices:
        return "the answer has no choices"
    return next(filter(None, (_of_choice(choice, tool_answers) for choice in choices)), "")


def _of_choice(choice: Any, tool_answers: bool) -> str:
    message = choice.get("message") or {}
    called = message.get("tool_calls") or message.get("function_call")
    ended = choice.get("finish_reason")
    if message.get("refusal"):
        return "the model refuses"
    if called:
        return "" if tool_answers and ended in ("stop", "tool_calls", "function_call") else "the answer calls a tool"
    if ended != "stop":
        return f"finish_reason {ended!r}: only a whole answer is stored"
    content = message.get("content")
    return "" if isinstance(content, str) and content.strip() else "the answer has no text"


def _of_response(answer: Body, tool_answers: bool) -> str:
    if answer.get("status") != "completed":
        return f"status {answer.get('status')!r}: only a whole answer is stored"
    output = [item for item in answer.get("output") or [] if isinstance(item, Mapping)]
    kinds = {item.get("type") for item in output}
    if kinds - {"message", "reasoning"}:
        return "" if tool_answers and kinds <= {"message", "reasoning", "function_call"} else "the answer calls a tool"
    parts = [part for item in output for part in item.get("content") or () if item.get("type") == "message"]
    if any(part.get("type") != "output_text" for part in parts):
        return "the model refuses"
    return "" if any(str(part.get("text", "")).strip() for part in parts) else "the answer has no text"
