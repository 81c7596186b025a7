"""What callers pass in, checked where it comes in: texts, ids, numbers, times, JSON. An error says what to write."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from semcache.errors import InvalidInput

MAX_ID_CHARS = 1_000
MAX_WHOLE = 2**53 - 1  # Redis scripts count in doubles
LAST_S = 253_370_764_800.0  # the year 9999
MAX_AMOUNT = 1e15  # sums of such amounts stay finite
MAX_DURATION_S = 1e10  # some 300 years; Redis refuses lifetimes of a few thousand years

Moment = float | datetime
"""A time: seconds since the epoch, or a datetime that knows its time zone."""


def check_unicode(name: str, value: object) -> str:
    """The value, if it is a string of valid Unicode; it may be empty.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a string, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{name} is not valid Unicode: {error.reason} at {error.start}") from error
    return value


def check_text(name: str, value: object, *, most_chars: int | None = None, advice: str = "") -> str:
    """The value, if it is a text: valid Unicode, not blank, of at most `most_chars` characters.

    Raises:
        InvalidInput: it is not; `advice` says what to do about one that is too long.
    """
    text = check_unicode(name, value)
    if not text.strip():
        raise InvalidInput(f"{name} is empty")
    return _check_length(name, text, most_chars, advice)


def check_id(name: str, value: object) -> str:
    """The value, if it can name something: 1 to 1,000 characters, whatever they are; raises InvalidInput."""
    text = check_unicode(name, value)
    if not text:
        raise InvalidInput(f"{name} is empty")
    return _check_length(name, text, MAX_ID_CHARS)


def _check_length(name: str, text: str, most: int | None, advice: str = "") -> str:
    if most is not None and len(text) > most:
        raise InvalidInput(f"{name} has {len(text):,} characters; at most {most:,} are accepted{_more(advice)}")
    return text


def utf8_size(name: str, text: str, *, most: int, advice: str = "") -> int:
    """The length of a text in bytes; raises InvalidInput if it is more than `most`."""
    size = len(check_unicode(name, text).encode())
    if size > most:
        raise InvalidInput(f"{name} has {size:,} bytes; at most {most:,} are accepted{_more(advice)}")
    return size


def number(
    name: str, value: object, *, least: float = -math.inf, most: float = math.inf, what: str = "a number"
) -> float:
    """A finite number in `least`..`most`; raises InvalidInput, which says `what` it must be."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise InvalidInput(f"{name} must be {what}, not {_short(value)}")
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be {what}, {_range(least, most)}, not {_short(value)}")
    return float(value)


def count(name: str, value: object, *, least: int = 1, most: int = MAX_WHOLE) -> int:
    """A whole number in `least`..`most`; raises InvalidInput."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{name} must be a whole number, not {_short(value)}")
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be {_range(least, most)}, not {_short(value)}")
    return value


def amount(name: str, value: object) -> float | None:
    """What something takes or costs: a number, zero or more. None passes through: not known."""
    return None if value is None else number(name, value, least=0, most=MAX_AMOUNT)


def duration(name: str, value: object, *, least: float = 0.001, what: str = "a number of seconds") -> float:
    """A time in seconds; raises InvalidInput if it is below `least` or above some 300 years."""
    return number(name, value, least=least, most=MAX_DURATION_S, what=what)


def moment(name: str, value: object) -> float:
    """Seconds since the epoch.

    Raises:
        InvalidInput: it is neither a finite number nor a datetime, or a datetime without a time zone.
    """
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidInput(f"{name} has no time zone, so it may mean any: write datetime(..., tzinfo=UTC)")
        return value.timestamp()
    return number(name, value, what="seconds since the epoch, or a datetime with a time zone")


def happened(name: str, value: object) -> float:
    """When something was said or done, seconds since the epoch.

    Raises:
        InvalidInput: as `moment`; or it lies before 1970 or after 9998, where no calendar can show it.
    """
    seconds = moment(name, value)
    if not 0 <= seconds <= LAST_S:
        raise InvalidInput(f"{name} must lie in the years 1970 to 9998, not {seconds:g} s: milliseconds for seconds?")
    return seconds


def on_calendar(seconds: float) -> datetime:
    """A time in UTC; of one that no calendar has, the nearest that it has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return (datetime.max if seconds > 0 else datetime.min).replace(tzinfo=UTC)


def moment_or_none(name: str, value: object) -> float | None:
    """Like `moment`, but None passes through."""
    return None if value is None else moment(name, value)


def utc_offset(value: Moment | None) -> float:
    """How far the clock that a time was given by is ahead of UTC, s; 0 for seconds since the epoch, and for none."""
    offset = value.utcoffset() if isinstance(value, datetime) else None
    return offset.total_seconds() if offset else 0.0


def versions(sources: object) -> dict[str, int]:
    """Document ids with the positive version that an answer was built from; None means no documents."""
    if sources is None:
        return {}
    if not isinstance(sources, Mapping):
        raise InvalidInput('sources maps document ids to versions: {"doc-42": 7}')
    return {
        check_text("a source", document): count(f"the version of source {document!r}", version)
        for document, version in sources.items()
    }


def json_object(name: str, value: object, *, most_bytes: int | None = None, sort_keys: bool = False) -> str:
    """A mapping as JSON; None means an empty one.

    Raises:
        InvalidInput: it is no mapping, too long, or JSON cannot hold it (NaN, half of a surrogate pair, an object).
    """
    if not isinstance(value, Mapping | None):
        raise InvalidInput(f"{name} must be a mapping, not {type(value).__name__}")
    try:
        encoded = json.dumps(dict(value or {}), ensure_ascii=False, allow_nan=False, sort_keys=sort_keys)
        size = len(encoded.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} must be what JSON can hold: {error}") from error
    if most_bytes is not None and size > most_bytes:
        raise InvalidInput(f"{name} has {size:,} bytes as JSON; at most {most_bytes:,} are accepted")
    return encoded


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def _range(least: float, most: float) -> str:
    if most in (math.inf, MAX_WHOLE):
        return f"at least {least:g}"
    return f"{least:g}..{most:g}"


def _more(advice: str) -> str:
    return f": {advice}" if advice else ""


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python prints
        return "a number of too many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
