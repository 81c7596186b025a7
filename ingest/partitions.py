"""The partitions a worker has: how far each is read, applied and committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from ingest.link import Partition

COMMIT_RETRY_S = 2.0


@dataclass(slots=True)
class Progress:
    """Offsets of one partition, each that of the next record.

    `taken`: of the last record that came from Kafka. `end`: where the log ended when it was last reached.
    """

    taken: int | None = None
    applied: int | None = None
    asked_to_commit: int | None = None
    asked_at: float = 0.0
    committed: int | None = None
    end: int | None = None
    applied_ms: int = 0

    @property
    def drained(self) -> bool:
        """Whether all that came from Kafka is applied; what was taken and dropped never is."""
        return self.taken is None or (self.applied is not None and self.applied >= self.taken)

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
        self._progress[partition] = Progress(committed=committed, asked_to_commit=committed)

    def remove(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            self._progress.pop(partition, None)

    def took(self, partition: Partition, next_offset: int) -> None:
        """Records up to `next_offset` came from Kafka."""
        if partition in self._progress:
            self._progress[partition].taken = next_offset

    def applied(self, partition: Partition, next_offset: int, timestamp_ms: int) -> None:
        """Everything before `next_offset` has its effect."""
        if partition in self._progress:
            progress = self._progress[partition]
            progress.applied = max(next_offset, progress.applied or 0)
            progress.applied_ms = timestamp_ms

    def reached_end(self, partition: Partition, offset: int) -> None:
        """The log ends, for now, at this offset."""
        if partition in self._progress:
            self._progress[partition].end = offset

    def apply_ends(self) -> None:
        """A log may end with what is no record, transaction markers or gaps left by compaction: that counts as applied.

        Where something that was taken is not applied, it may have been dropped: the end says nothing then.
        """
        for progress in self._progress.values():
            if progress.end is not None and progress.drained:
                progress.applied = max(progress.end, progress.applied or 0)

    def rewind(self, partition: Partition) -> None:
        """The partition is read again from an earlier offset."""
        self._progress[partition] = Progress()

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
