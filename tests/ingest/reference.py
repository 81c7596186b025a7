"""What the state has to be: the semantics of the events, in plain Python, one record after the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from confluent_kafka import Message

LIMIT_BYTES = 262_144


@dataclass
class Document:
    """`version` is the last that was seen; without a text the document is deleted at it."""

    version: int
    text: str | None


@dataclass
class Expected:
    """The state after a log. Turns by user and event id: (session, text, seconds)."""

    turns: dict[str, dict[str, tuple[str, str, float]]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    erased_at: dict[str, float] = field(default_factory=dict)
    dead_letters: set[tuple[str, int, int]] = field(default_factory=set)


def expected_from(log: Iterable[Message]) -> Expected:
    """Applies every record in the order of its partition."""
    state = Expected()
    for message in log:
        event = _event(message)
        if event is None:
            state.dead_letters.add((str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)))
        else:
            _APPLY[event["type"]](state, event)
    return state


def _event(message: Message) -> dict[str, Any] | None:
    """The event; None for what can never be applied."""
    if message.value() is None:
        return {"type": "tombstone", "document": (message.key() or b"").decode()}
    try:
        event: Any = json.loads(message.value() or b"")
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("type") not in _APPLY:
        return None
    text = event.get("text", "-")
    return event if isinstance(text, str) and text.strip() and len(text.encode()) <= LIMIT_BYTES else None


def _message(state: Expected, event: Mapping[str, Any]) -> None:
    at = datetime.fromisoformat(event["at"]).timestamp()
    if at > state.erased_at.get(event["user"], float("-inf")):
        turns = state.turns.setdefault(event["user"], {})
        turns.setdefault(event["id"], (event["session"], event["text"], at))


def _erased(state: Expected, event: Mapping[str, Any]) -> None:
    at = datetime.fromisoformat(event["at"]).timestamp()
    state.erased_at[event["user"]] = max(at, state.erased_at.get(event["user"], at))
    turns = state.turns.get(event["user"], {})
    state.turns[event["user"]] = {id: turn for id, turn in turns.items() if turn[2] > at}


def _upserted(state: Expected, event: Mapping[str, Any]) -> None:
    known = state.documents.get(event["document"])
    if known is None or event["version"] > known.version:
        state.documents[event["document"]] = Document(event["version"], event["text"])


def _deleted(state: Expected, event: Mapping[str, Any]) -> None:
    known = state.documents.get(event["document"])
    if known is None or event["version"] > known.version:
        state.documents[event["document"]] = Document(event["version"], None)


def _tombstone(state: Expected, event: Mapping[str, Any]) -> None:
    known = state.documents.get(event["document"])
    if known is not None:
        known.text = None


_APPLY = {
    "message": _message,
    "user_erased": _erased,
    "document_upserted": _upserted,
    "document_deleted": _deleted,
    "tombstone": _tombstone,
}
