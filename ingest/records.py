"""One record of the log, independent of the Kafka client, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Partition = tuple[str, int]
"""Topic and partition number."""


@dataclass(frozen=True, slots=True)
class Record:
    """What Kafka holds at one position. `timestamp_ms`: creation time in milliseconds since the epoch, 0 if unknown."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int = 0

    @property
    def position(self) -> str:
        """`topic:partition:offset`: the record's identity, the same at every replay of the same log."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def size(self) -> int:
        return len(self.key or b"") + len(self.value or b"")

    def header(self, name: str) -> str | None:
        """The last header of that name as text, or None."""
        found = self.header_bytes(name)
        return None if found is None else found.decode("utf-8", "replace")

    def header_bytes(self, name: str) -> bytes | None:
        """The last header of that name, or None."""
        return next((value for key, value in reversed(self.headers) if key == name), None)


class Outcome(StrEnum):
    """What became of a record; every one has exactly one of these."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # the event had been applied before
    STALE = "stale"  # a newer version, or an erasure, came first
    CONFLICT = "conflict"  # the version that is there says something else
    SKIPPED = "skipped"  # nothing to do, as in a tombstone that repeats a delete
    DROPPED = "dropped"  # a processor dropped it
    DEAD_LETTER = "dead_letter"  # can never be applied; kept in the dead-letter topic

    @property
    def weight(self) -> int:
        """Of several events in one record, the outcome with the greatest weight is the record's."""
        return _BY_WEIGHT.index(self)


_BY_WEIGHT = [
    Outcome.SKIPPED,
    Outcome.DROPPED,
    Outcome.STALE,
    Outcome.DUPLICATE,
    Outcome.CONFLICT,
    Outcome.APPLIED,
    Outcome.DEAD_LETTER,
]
