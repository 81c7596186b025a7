"""What became of a record."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a record; every one has exactly one of these."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # the event had been applied before
    STALE = "stale"  # a newer version, or an erasure, came first
    SKIPPED = "skipped"  # nothing to do, as in a tombstone that repeats a delete
    DROPPED = "dropped"  # a processor dropped it
    DEAD_LETTER = "dead_letter"  # can never be applied; kept in the dead-letter topic
