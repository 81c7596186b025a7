"""What the connectors have written, read from Kafka as it arrives."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, Message

TIMEOUT_S = 90.0


class Records:
    """All records of the topics whose names match, each once."""

    def __init__(self, kafka: str, pattern: str) -> None:
        self._found: dict[str, dict[tuple[int, int], Message]] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka,
                "group.id": f"watch-{uuid.uuid4().hex[:8]}",
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 300,
                "enable.auto.commit": False,
            }
        )
        self._consumer.subscribe([pattern])

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Reads on until the condition holds; fails with its name."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"after {TIMEOUT_S:g} s, still not: {what}"
            for message in self._consumer.consume(500, timeout=0.1):
                if message.error() is None:
                    place = (message.partition() or 0, message.offset() or 0)  # read again when topics come in addition
                    self._found.setdefault(str(message.topic()), {})[place] = message

    def of(self, topic: str) -> list[Message]:
        """The records of a topic, in order."""
        return list(self._found.get(topic, {}).values())

    def has(self, topic: str, number: int, times: int = 1) -> bool:
        """Whether so many records of a topic have this number as their primary key."""
        return [key_of(message).get("id") for message in self.of(topic)].count(number) >= times

    def mentions(self, topic: str, text: str) -> bool:
        """Whether a record of the topic holds the text."""
        return any(text.encode() in (message.value() or b"") for message in self.of(topic))

    def close(self) -> None:
        self._consumer.close()


def key_of(message: Message) -> dict[str, Any]:
    """The primary key, whether or not its schema came along."""
    key = json.loads(message.key() or b"{}")
    return dict(key.get("payload", key))
