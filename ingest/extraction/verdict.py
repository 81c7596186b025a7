"""What becomes of a delivered record (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from semcache.errors import ConfigurationError, Unavailable
from semcache_ingest.records import Record

PASSING = (Unavailable, ConfigurationError)
"""Errors that are not about the record: an outage, or a key or model name that somebody has to mend."""


class Verdict(StrEnum):
    """Accepted: done, or nothing to do. Released: delivered again. Rejected: dead-lettered, never delivered again."""

    ACCEPT = "accepted"
    RELEASE = "released"
    REJECT = "rejected"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record, and how often it has been delivered, this time included."""

    record: Record
    count: int


def verdict_of(error: Exception | None, *, count: int, attempts: int) -> Verdict:
    """An outage is tried again, up to `attempts` deliveries; whatever else goes wrong is the record's own fault."""
    if error is None:
        return Verdict.ACCEPT
    if isinstance(error, PASSING) and count < attempts:
        return Verdict.RELEASE
    return Verdict.REJECT
