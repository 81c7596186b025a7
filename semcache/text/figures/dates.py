"""Calendar words: months, weekdays, written dates and times of day."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTH_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday"
MONTHS = (
    {name: number + 1 for number, name in enumerate(_MONTH_NAMES.split())}
    | {name: number + 1 for number, name in enumerate(_MONTH_SHORT.split())}
    | {"sept": 9}
)
WEEKDAYS = (
    {name: number for number, name in enumerate(_DAY_NAMES.split())}
    | {f"{name}s": number for number, name in enumerate(_DAY_NAMES.split())}
    | {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4}
)
#: Month names that are common words too: a month only beside a number or after one of these.
_COMMON = frozenset("may march mar dec jan sun sep".split())
_BEFORE_MONTH = frozenset("in of by until till since during before after last next this early late mid through".split())
_DATE = re.compile(r"^(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2}))$")
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.]([0-5]\d))?$")


def month_at(words: Sequence[str], at: int) -> int | None:
    """The month named at this position; "may" and "march" count only where a month can stand."""
    month = MONTHS.get(words[at])
    if month is None or words[at] not in _COMMON:
        return month
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    near_number = before[:1].isdecimal() or before in ("st", "nd", "rd", "th") or after[:1].isdecimal()
    return month if near_number or before in _BEFORE_MONTH else None


def written_date(token: str) -> tuple[int, int, int] | None:
    """(year, month, day) of "2024-05-01" or "31/12/2024"; None for "03/04/2024", which may be March or April."""
    found = _DATE.match(token)
    if not found:
        return None
    if found[1]:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        first, second, year = int(found[4]), int(found[5]), int(found[6])
        year += 2000 if year < 100 else 0
        if first <= 12 and second <= 12 and first != second:
            return None
        month, day = (first, second) if first <= 12 else (second, first)
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def clock_minutes(token: str, half: str) -> int | None:
    """Minutes since midnight of "5", "5:30" or "17:00"; `half` is "am", "pm" or "" (then a colon is required)."""
    found = _CLOCK.match(token)
    if not found or (not half and ":" not in token):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > 24 or (half and hour > 12):
        return None
    return (hour % 12 + (12 if half == "pm" else 0) if half else hour) * 60 + minute
