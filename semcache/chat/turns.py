"""The turns of a conversation as events, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from semcache.events import MessageEvent
from semcache.memory import AgentMemory

Publish = Callable[[dict[str, Any]], str | None]
"""Takes an event. What it returns is a warning for whoever caused it: it is kept, but not yet where it belongs."""


def message_event(
    *, id: str, namespace: str, user: str, session: str, role: Literal["user", "assistant"], text: str, at: float
) -> dict[str, Any]:
    """The fields of a message event, checked by whoever takes it; `at`: seconds since the epoch."""
    said = MessageEvent.model_construct(
        type="message",
        id=id,
        namespace=namespace,
        user=user,
        session=session,
        role=role,
        text=text,
        at=datetime.fromtimestamp(at, UTC),
    )
    return said.model_dump(mode="json", exclude_none=True)


def seconds_of(event: dict[str, Any]) -> float:
    """When the event happened, as everyone who reads it will see it: an event carries whole microseconds."""
    return datetime.fromisoformat(event["at"]).timestamp()


def write_to(memory_of: Callable[[str], AgentMemory]) -> Publish:
    """A publisher without Kafka: each turn goes straight into its user's memory."""

    def write(event: dict[str, Any]) -> None:
        memory = memory_of(event["user"])
        memory.append(event["session"], event["role"], event["text"], at=seconds_of(event), event_id=event["id"])

    return write
