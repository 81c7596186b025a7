"""What LangChain stores: generations, as JSON and back."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import Any

from langchain_core.load import dumps, loads
from langchain_core.outputs import ChatGeneration, Generation


def encoded(generations: Sequence[Generation]) -> list[str]:
    """Each generation as JSON."""
    return [dumps(generation) for generation in generations]


def decoded(kept: Any) -> list[Generation] | None:
    """The generations, or None if they cannot be read: of a class of one's own, or written by another version."""
    if not isinstance(kept, list) or not kept:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [loads(each, allowed_objects="core") for each in kept]
    except (ValueError, TypeError, KeyError, ImportError, NotImplementedError):
        return None


def text_of(generations: Sequence[Generation]) -> str:
    """The text of the one answer; empty if there are several, it calls tools, or holds more than a text."""
    if len(generations) != 1:
        return ""
    [only] = generations
    if isinstance(only, ChatGeneration):
        message: Any = only.message
        called = getattr(message, "tool_calls", None) or getattr(message, "invalid_tool_calls", None)
        ended = (message.response_metadata or {}).get("finish_reason", "stop")
        if called or not isinstance(message.content, str) or ended not in ("stop", "end_turn", None):
            return ""
    return only.text if only.text.strip() else ""


def readable(kept: list[str]) -> bool:
    """Whether what was encoded can be read again."""
    return decoded(json.loads(json.dumps(kept))) is not None
