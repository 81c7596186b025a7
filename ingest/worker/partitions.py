"""The partitions a worker has: how far each is read, applied and committed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from semcache_ingest.link import Partition
from semcache_ingest.records import Record

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
