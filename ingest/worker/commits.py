"""Committing offsets: what is asked of Kafka, what it answers, and what each commit says about Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from semcache_ingest.ledger import Ledger
from semcache_ingest.link import Partition
from semcache_ingest.metrics import Metrics
from semcache_ingest.worker.partitions import Assignment

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

OURS = "semcache applied "
"""Metadata of our commits, before the offset that Redis has noted; an offset that somebody else set has none."""
_READ_S = 10.0
_PAUSE_S = 0.1
_log = logging.getLogger("semcache.ingest")


class Commits:
    """Commits for one worker. All methods belong to the thread of the poll loop."""

    def __init__(self, assignment: Assignment, ledger: Ledger, metrics: Metrics) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._metrics = metrics

    def ask(self, consumer: Consumer, offsets: Mapping[Partition, int]) -> None:
        """Asks for commits; the answers come to `on_commit`."""
        from confluent_kafka import KafkaException

        try:
            if offsets:
                consumer.commit(offsets=self._committable(offsets), asynchronous=True)
        except KafkaException as error:
            self._failed("offsets cannot be committed now", error)

    def ask_and_wait(self, consumer: Consumer, offsets: Mapping[Partition, int], *, timeout_s: float) -> None:
        """Asks for commits, and serves the consumer's callbacks until they are answered, or the time is over."""
        self.ask(consumer, offsets)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and any(self._open(p, o) for p, o in offsets.items()):
            consumer.poll(_PAUSE_S)

    def insist(self, consumer: Consumer, offsets: Mapping[Partition, int]) -> None:
        """Commits before it returns: for a rebalance, in whose callback nothing else is served."""
        from confluent_kafka import KafkaException

        try:
            if offsets:
                consumer.commit(offsets=self._committable(offsets), asynchronous=False)
        except KafkaException as error:
            self._failed("offsets are not committed, so the new owner does the batch again", error)

    def on_commit(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """Kafka's answer."""
        for p in partitions:
            if error is None and p.error is None:
                self._assignment.committed((p.topic, p.partition), p.offset)
            else:
                self._failed(f"the offset of {p.topic}:{p.partition} is not committed", error or p.error)

    def _committable(self, offsets: Mapping[Partition, int]) -> list[TopicPartition]:
        from confluent_kafka import TopicPartition

        noted = {partition: self._ledger.expected(partition) for partition in offsets}
        return [
            TopicPartition(*partition, offset, "" if noted[partition] is None else f"{OURS}{noted[partition]}")
            for partition, offset in offsets.items()
        ]

    def _open(self, partition: Partition, offset: int) -> bool:
        return partition in self._assignment and self._assignment[partition].committed != offset

    def _failed(self, what: str, why: object) -> None:
        self._metrics.commit_failures.inc()
        _log.warning("%s: %s", what, why)


def committed(consumer: Consumer, partitions: Iterable[Partition]) -> dict[Partition, TopicPartition]:
    """What the group has committed; nothing, if its coordinator does not answer for a while."""
    from confluent_kafka import KafkaException, TopicPartition

    asked = [TopicPartition(*partition) for partition in partitions]
    deadline = time.monotonic() + _READ_S
    while True:
        try:
            found = consumer.committed(asked, timeout=_READ_S)
            return {(p.topic, p.partition): p for p in found if p.offset >= 0}
        except KafkaException as error:
            if time.monotonic() > deadline:
                _log.warning("committed offsets cannot be read: %s", error)
                return {}
            time.sleep(_PAUSE_S)  # the coordinator of a new group is being chosen


def noted(found: TopicPartition) -> int | None:
    """Up to where Redis held the log when one of us committed this offset; None if somebody else did."""
    metadata = found.metadata or ""
    number = metadata.removeprefix(OURS)
    return int(number) if metadata.startswith(OURS) and number.isdecimal() else None
