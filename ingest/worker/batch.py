"""A batch: consecutive records of one partition on their way into Redis."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Generic

from semcache.embed.protocol import Vectors
from semcache.errors import Quarantine
from semcache_ingest.deadletters.writer import DeadLetter
from semcache_ingest.handlers.plan import PlanT, Run
from semcache_ingest.records import Outcome, Partition, Record


class RolledBack(Exception):
    """Redis holds less of the log than it did: read again from `offset`; None for the beginning."""

    def __init__(self, offset: int | None) -> None:
        super().__init__(offset)
        self.offset = offset


class PassedOver(Quarantine):
    """Somebody has told the ingestor not to apply a record."""

    def __init__(self) -> None:
        super().__init__("passed over by `semcache-ingest dlq skip`", error_class="skipped")


@dataclass(slots=True)
class PlannedRun(Generic[PlanT]):
    """A run with its plan and the vectors of its texts; both None where they could not be made."""

    run: Run[PlanT]
    plan: PlanT | None = None
    vectors: Vectors | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """Records of one partition, in order; it grows until it is submitted."""

    partition: Partition
    records: list[Record] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    runs: list[PlannedRun[Any]] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    letters_kept: bool = False
    troubled: bool = False
    """Whether a stage has failed with it."""
    seconds: float = 0.0
    """Time of its slowest stage."""

    @property
    def where(self) -> str:
        """Topic, partition and offsets, for messages."""
        topic, partition = self.partition
        first, last = self.records[0].offset, self.records[-1].offset
        return f"{topic}:{partition} offsets {first}..{last}"

    @property
    def next_offset(self) -> int:
        """What may be committed once all records have an outcome."""
        return self.records[-1].offset + 1

    def pass_over(self, offsets: Collection[int]) -> None:
        """Dead-letters the records at those offsets unread; runs that they were part of have to be planned again."""
        gone = {place for place, record in enumerate(self.records) if record.offset in offsets}
        for place in gone:
            self.quarantine(place, PassedOver(), stage="TASK_PUT")
        if gone:
            self.runs = [_without(planned, gone) for planned in self.runs]

    def settle(self, place: int, outcome: Outcome) -> None:
        """Notes what became of an event of the record at that index; of several, what matters most is kept."""
        before = self.outcomes.get(place)
        if before is None or outcome.weight > before.weight:
            self.outcomes[place] = outcome

    def quarantine(self, place: int, error: Exception, *, stage: str) -> None:
        """Decides that the record at that index can never be applied, for the first error that is found."""
        if self.outcomes.get(place) is not Outcome.DEAD_LETTER:
            self.letters.append(DeadLetter(self.records[place], error, stage))
        self.outcomes[place] = Outcome.DEAD_LETTER


def _without(planned: PlannedRun[PlanT], gone: Collection[int]) -> PlannedRun[PlanT]:
    run = planned.run
    kept = [(place, arrival) for place, arrival in zip(run.places, run.arrivals, strict=True) if place not in gone]
    if len(kept) == len(run.places):
        return planned
    return PlannedRun(Run(run.handler, [arrival for _, arrival in kept], [place for place, _ in kept]))
