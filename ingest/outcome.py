"""What became of a record."""

from __future__ import annotations

from enum import StrEnum


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
