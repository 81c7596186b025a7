"""What callers give, checked where it comes in: times, counts, durations. An error says what to write instead."""

from __future__ import annotations

import math
from datetime import datetime

from semcache.errors import InvalidInput

Moment = float | datetime
"""A time: seconds since the epoch, or a datetime that knows its time zone."""


def moment(name: str, value: Moment) -> float:
    """Seconds since the epoch.

    Raises:
        InvalidInput: it is neither, or a datetime without a time zone, or no finite number.
    """
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidInput(f"{name} has no time zone, so it may mean any: write datetime(..., tzinfo=UTC)")
        return value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"{name} is seconds since the epoch, or a datetime with a time zone, not {value!r}")
    return float(value)


def moment_or_none(name: str, value: Moment | None) -> float | None:
    """The same, where None means that there is none."""
    return None if value is None else moment(name, value)


def utc_offset(value: Moment | None) -> float:
    """How far the clock that a time was given by is ahead of UTC, s; 0 for seconds since the epoch, and for none."""
    offset = value.utcoffset() if isinstance(value, datetime) else None
    return offset.total_seconds() if offset else 0.0


def count(name: str, value: int, *, least: int = 1) -> int:
    """A whole number; raises InvalidInput if it is none, or below `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{name} has to be a whole number, not {value!r}")
    if value < least:
        raise InvalidInput(f"{name} has to be at least {least}, not {value}")
    return value


def duration(name: str, value: float) -> float:
    """Seconds, more than none; raises InvalidInput otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InvalidInput(f"{name} is a time in seconds above 0, not {value!r}")
    return float(value)
