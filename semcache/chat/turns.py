"""The turns of a conversation as events, and where they go."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from semcache.chat.answer import Answer
from semcache.chat.asked import Asked
from semcache.errors import Unavailable
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


class Notes:
    """Puts what was said into the session's window, and publishes it (None: straight into memory)."""

    def __init__(
        self,
        memory_of: Callable[[str], AgentMemory],
        publish: Publish | None,
        namespace: str,
        clock: Callable[[], float],
    ) -> None:
        self._memory_of = memory_of
        self._publish = publish or write_to(memory_of)
        self._namespace = namespace
        self._clock = clock

    def take(self, asked: Asked, answer: Answer) -> tuple[str, ...]:
        """Takes down both turns. A failure is a warning: the answer is there."""
        try:
            said = self._take_one(asked, "user", asked.text, asked.at)
            answered = self._take_one(asked, "assistant", answer.text, max(self._clock(), asked.at + 0.001))
        except Unavailable as error:
            return (f"this exchange is not remembered: {error}",)
        return tuple(dict.fromkeys(warning for warning in (said, answered) if warning))

    def _take_one(self, asked: Asked, role: Literal["user", "assistant"], text: str, at: float) -> str | None:
        event = message_event(
            id=uuid.uuid4().hex,
            namespace=self._namespace,
            user=asked.user,
            session=asked.session,
            role=role,
            text=text,
            at=at,
        )
        # The event's time, not ours: the turn that it becomes must be this one, not another beside it.
        self._memory_of(asked.user).note(asked.session, role, text, at=seconds_of(event), event_id=event["id"])
        return self._publish(event)
