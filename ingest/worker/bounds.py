"""Where in the log a run starts, and, if it is to end, where: when all that was there at its start is applied."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semcache_ingest.records import Partition
from semcache_ingest.worker.progress import Assignment, committed

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


SETTLING_S = 15.0
"""A member that has no partition by then is one too many."""
_ASK_OTHERS_EVERY_S = 1.0


class FinishLine:
    """`targets`: where each partition ended at the start. Others of the group may do a part of it."""

    def __init__(self, targets: Mapping[Partition, int], assignment: Assignment) -> None:
        self._targets = targets
        self._assignment = assignment
        self._started_at = time.monotonic()
        self._asked_at = 0.0

    def reached(self, consumer: Consumer) -> bool:
        """Whether all partitions are read to their target: ours to the end, those of others as far as committed."""
        if not self._assignment.ever and time.monotonic() - self._started_at < SETTLING_S:
            return False
        own = {p: target for p, target in self._targets.items() if p in self._assignment}
        if not all(self._assignment[p].reached(target) for p, target in own.items()):
            return False
        return self._others_are_there(consumer, {p: t for p, t in self._targets.items() if p not in own and t > 0})

    def _others_are_there(self, consumer: Consumer, targets: Mapping[Partition, int]) -> bool:
        if not targets:
            return True
        if time.monotonic() - self._asked_at < _ASK_OTHERS_EVERY_S:
            return False
        self._asked_at = time.monotonic()
        found = committed(consumer, targets)
        return all(p in found and found[p].offset >= target for p, target in targets.items())
