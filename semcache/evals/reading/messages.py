"""Chat messages in the forms that APIs, frameworks and data sets give them: what was asked, after what, under what.

OpenAI (chat and Responses), Anthropic, Gemini, LangChain (constructors, dicts, pairs), ShareGPT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from semcache.evals.reading.record import Value, cell, parsed

Role = Literal["system", "user", "assistant", "tool"]
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("system", "developer", "systemmessage", "systemmessagechunk"), "system"),
    **dict.fromkeys(("user", "human", "humanmessage", "humanmessagechunk", "prompter", "customer"), "user"),
    **dict.fromkeys(
        ("assistant", "ai", "aimessage", "aimessagechunk", "gpt", "chatgpt", "bot", "model", "bard", "agent"),
        "assistant",
    ),
    **dict.fromkeys(
        ("tool", "function", "toolmessage", "functionmessage", "observation", "function_call_output"), "tool"
    ),
}
_TEXT_PARTS = ("text", "input_text", "output_text")
_CALLS = ("tool_calls", "function_call")


class LeftOut(Exception):
    """A record that cannot be replayed. The text says why, the same for all records of the kind."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `whole`: all of it is text; `calls`: it calls tools."""

    role: Role
    text: str
    whole: bool = True
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request says: `prompt`, the turns before it, the system prompts, and the answer if one follows."""

    prompt: str
    context: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    answer: str | None = None


def messages_of(value: Value) -> list[Message] | None:
    """The messages in a value of a log; None if it holds none."""
    value = parsed(value)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]  # LangChain: a batch of one conversation
    if not isinstance(value, list) or not value:
        return None
    found = [_message(part) for part in value]
    known = [message for message in found if message is not None]
    return known if len(known) == len(found) else None


def _message(value: Value) -> Message | None:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        value = {"role": value[0], "content": value[1]}  # LangChain: ("human", "...")
    if not isinstance(value, Mapping):
        return None
    if value.get("type") in ("function_call", "reasoning", "computer_call", "web_search_call", "file_search_call"):
        return Message("assistant", "", calls=True)
    role = _role(value)
    if role is None:
        return None
    inner = value.get("kwargs") or value.get("data") or value
    inner = inner if isinstance(inner, Mapping) else value
    content = next(
        (inner[name] for name in ("content", "value", "parts", "text", "message", "output") if name in inner), None
    )
    text, whole = text_of(content)
    calls = any(inner.get(name) for name in _CALLS) or _has_calls(content)
    return Message(role, text, whole, calls)


def _role(value: Mapping[str, Value]) -> Role | None:
    """By `role`, `from` (ShareGPT), `type`, or the class at the end of a LangChain constructor's id."""
    path = value.get("id")
    named = [value.get("role"), value.get("from"), value.get("type"), value.get("author")]
    named += path[-1:] if isinstance(path, list) else []
    return next((_ROLES[name.lower()] for name in named if isinstance(name, str) and name.lower() in _ROLES), None)


def text_of(content: Value) -> tuple[str, bool]:
    """The text of a message's content, and whether that is all of it (no image, file, sound)."""
    if isinstance(content, str):
        return content, True
    if isinstance(content, Mapping):
        return _part(content)
    if isinstance(content, list):
        parts = [text_of(part) for part in content]
        return "\n".join(text for text, _ in parts if text), all(whole for _, whole in parts)
    return cell(content), True


def _part(part: Mapping[str, Value]) -> tuple[str, bool]:
    kind = part.get("type")
    text = part.get("text")
    if isinstance(text, str) and (kind is None or kind in _TEXT_PARTS):
        return text, True
    if kind in ("refusal", "thinking", "reasoning", "tool_use", "function_call"):
        return "", True
    return "", False


def _has_calls(content: Value) -> bool:
    return isinstance(content, list) and any(
        isinstance(part, Mapping) and (part.get("type") == "tool_use" or "functionCall" in part) for part in content
    )


def conversation(messages: Sequence[Message]) -> Conversation:
    """The last user message is the prompt; what stands before it is context, what answers it is the answer.

    Raises:
        LeftOut: nobody asks anything, or the answer rests on more than text.
    """
    last = max((n for n, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise LeftOut("no user message")
    asked, after = messages[last], messages[last + 1 :]
    if not all(message.whole for message in messages if message.role == "user"):
        raise LeftOut("images, sounds or files")
    if any(message.role == "tool" or message.calls for message in after):
        raise LeftOut("tool calls or results")
    return Conversation(
        asked.text.strip(),
        tuple(_told(messages[:last])),
        tuple(message.text.strip() for message in messages if message.role == "system"),
        next((message.text for message in after if message.role == "assistant" and message.text), None),
    )


def _told(messages: Iterable[Message]) -> Iterator[str]:
    """The turns before a prompt, each with who said it."""
    for message in messages:
        if message.role != "system":
            yield f"{message.role}: {message.text.strip()}"
