"""When a run that is to end has ended: everything that was there at its start has been applied."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from semcache_ingest.link import Partition
from semcache_ingest.worker.commits import committed
from semcache_ingest.worker.partitions import Assignment

if TYPE_CHECKING:
    from confluent_kafka import Consumer

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
