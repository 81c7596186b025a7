"""How far a worker is: each partition's offsets, read, applied and committed, and asking Kafka to commit them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from semcache_ingest.ledger import Ledger
from semcache_ingest.metrics import Metrics
from semcache_ingest.records import Partition, Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

COMMIT_RETRY_S = 2.0
MOST_GAPS = 1000
"""Of a partition, between two looks."""


@dataclass(slots=True)
class Progress:
    """Offsets of one partition, each that of the next record; `since_s`: when this worker began to read it.

    `due`: what is expected from Kafka next. `taken`: of the last record that came from Kafka. `end`: where the log
    ended when it was last reached. `waiting`: offset and time (ms) of the first of the records that came at once, of
    what is not applied yet. `gaps`: offsets that never came, from and to.
    """

    since_s: float
    due: int | None = None
    taken: int | None = None
    applied: int | None = None
    asked_to_commit: int | None = None
    asked_at: float = 0.0
    committed: int | None = None
    end: int | None = None
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    gaps: list[tuple[int, int]] = field(default_factory=list)

    @property
    def drained(self) -> bool:
        """Whether all that came from Kafka is applied; what was taken and dropped never is."""
        return self.taken is None or (self.applied is not None and self.applied >= self.taken)

    def came(self, first: int, after: int) -> None:
        """The records from `first` to before `after` are next in the log, as far as Kafka has them."""
        if self.due is not None and first > self.due and len(self.gaps) < MOST_GAPS:
            self.gaps.append((self.due, first))
        self.due = after

    def behind_s(self, now_s: float, *, elapsed_s: float) -> float:
        """Age of the oldest record that is not applied, at `now_s`; `elapsed_s` where none of them has come yet."""
        return max(0.0, now_s - self.waiting[0][1] / 1000) if self.waiting else elapsed_s

    def reached(self, offset: int) -> bool:
        """Whether the end of the log has been seen, at this offset or later, and all before it is applied."""
        return self.end is not None and self.end >= offset and self.drained


class Assignment:
    """Progress of every partition that this worker has. For the thread of the poll loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._progress: dict[Partition, Progress] = {}
        self.ever: set[Partition] = set()
        """All partitions that this worker has ever had."""

    def __contains__(self, partition: Partition) -> bool:
        return partition in self._progress

    def __getitem__(self, partition: Partition) -> Progress:
        return self._progress[partition]

    @property
    def partitions(self) -> list[Partition]:
        return list(self._progress)

    def add(self, partition: Partition, *, committed: int | None) -> None:
        self.ever.add(partition)
        self._progress[partition] = Progress(
            self._clock(), due=committed, committed=committed, asked_to_commit=committed
        )

    def remove(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            self._progress.pop(partition, None)

    def took(self, partition: Partition, records: Sequence[Record]) -> None:
        """These records came from Kafka, in this order."""
        if partition not in self._progress:
            return
        progress = self._progress[partition]
        progress.taken = records[-1].offset + 1
        progress.waiting.append((records[0].offset, records[0].timestamp_ms))
        if progress.taken - records[0].offset == len(records):
            progress.came(records[0].offset, progress.taken)
        else:
            for record in records:
                progress.came(record.offset, record.offset + 1)

    def applied(self, partition: Partition, next_offset: int) -> None:
        """Everything before `next_offset` has its effect."""
        if partition in self._progress:
            progress = self._progress[partition]
            progress.applied = max(next_offset, progress.applied or 0)
            while progress.waiting and progress.waiting[0][0] < next_offset:
                progress.waiting.popleft()

    def elapsed_s(self, partition: Partition) -> float:
        """How long this worker has read the partition."""
        return self._clock() - self._progress[partition].since_s

    def reached_end(self, partition: Partition, offset: int) -> None:
        """The log ends, for now, at this offset."""
        if partition in self._progress:
            self._progress[partition].end = offset
            self._progress[partition].came(offset, offset)

    def apply_ends(self) -> None:
        """A log may end with what is no record, transaction markers or gaps left by compaction: that counts as applied.

        Where something that was taken is not applied, it may have been dropped: the end says nothing then.
        """
        for progress in self._progress.values():
            if progress.end is not None and progress.drained:
                progress.applied = max(progress.end, progress.applied or 0)

    def rewind(self, partition: Partition, offset: int | None) -> None:
        """The partition is read again from an earlier offset; None: from its beginning."""
        self._progress[partition] = Progress(self._clock(), due=offset)

    def to_commit(self, *, all_of_it: bool = False, among: Collection[Partition] | None = None) -> dict[Partition, int]:
        """Offsets to ask Kafka to commit now: those not asked for, and those without an answer for a while."""
        now = self._clock()
        wanted: dict[Partition, int] = {}
        for partition, progress in self._progress.items():
            if among is not None and partition not in among:
                continue
            if progress.applied is None or progress.applied == progress.committed:
                continue
            overdue = now - progress.asked_at > COMMIT_RETRY_S
            if all_of_it or progress.applied != progress.asked_to_commit or overdue:
                wanted[partition] = progress.applied
                progress.asked_to_commit, progress.asked_at = progress.applied, now
        return wanted

    def committed(self, partition: Partition, offset: int) -> None:
        """Kafka has committed this offset."""
        if partition in self._progress:
            self._progress[partition].committed = offset


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
