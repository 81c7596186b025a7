"""Where in the log a worker starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Start:
    """Where the group has stopped; or, once, from the beginning, or from a time (ms since the epoch)."""

    from_beginning: bool = False
    since_ms: int | None = None

    @property
    def explicit(self) -> bool:
        return self.from_beginning or self.since_ms is not None

    def offset(self, consumer: Consumer, partition: TopicPartition) -> int:
        """The offset of an explicit start."""
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        if self.since_ms is None:
            return int(OFFSET_BEGINNING)
        asked = TopicPartition(partition.topic, partition.partition, self.since_ms)
        return int(consumer.offsets_for_times([asked], timeout=_ANSWER_S)[0].offset)
