"""A batch: consecutive records of one partition on their way into Redis."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from ingest.deadletters import DeadLetter
from ingest.handlers import Run
from ingest.link import Partition
from ingest.outcome import Outcome
from ingest.records import Record
from semcache.embed.protocol import Vectors


class RolledBack(Exception):
    """Redis holds less of the log than it did: read again from `offset`; None for the beginning."""

    def __init__(self, offset: int | None) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(slots=True)
class PlannedRun:
    """A run with its plan and the vectors of its texts; both None where they could not be made."""

    run: Run
    plan: Any = None
    vectors: Vectors | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """Records of one partition, in order; it grows until it is submitted."""

    partition: Partition
    records: list[Record] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    runs: list[PlannedRun] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    letters_kept: bool = False
    seconds: float = 0.0
    """Time of its slowest stage."""

    @property
    def next_offset(self) -> int:
        """What may be committed once all records have an outcome."""
        return self.records[-1].offset + 1

    def quarantine(self, place: int, error: Exception, *, stage: str) -> None:
        """Decides that the record at that index can never be applied."""
        self.outcomes[place] = Outcome.DEAD_LETTER
        self.letters.append(DeadLetter(self.records[place], error, stage))
