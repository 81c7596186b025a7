"""Time phrases in what people tell: where they stand, and which day they mean (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from semcache.memory.dates.when import utc_day
from semcache.text.characters import lowered
from semcache.text.figures.dates import MONTHS, WEEKDAYS
from semcache.text.patterns import Pattern

Tense = Literal["past", "present", "future"]

_SURE_MONTHS = "|".join(
    sorted((m for m in MONTHS if m not in ("may", "march", "mar", "dec", "jan", "sep")), key=len, reverse=True)
)
_ALL_MONTHS = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAYS = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_NUMBERS = {
    word: n for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_NUMBERS |= {"a": 1, "an": 1, "couple": 2, "few": 3, "several": 4}
_COUNT = rf"(?P<{{}}>\d{{{{1,3}}}}|(?:a )?couple(?: of)?|(?:a )?few|{'|'.join(_NUMBERS)})"
_PREFIX = (
    r"(?:(?:back in|since|in|on|from|by|around|until|till|starting|as of|of|early|late|mid"
    r"|the (?:start|end|beginning) of)\s+)"
)
_WHEN = Pattern(
    rf"\b(?:(?P<prefix>{_PREFIX}*)(?:the\s+)?(?:(?P<day>\d{{1,2}})(?:st|nd|rd"
    rf"|th)?(?:\s+of)?\s+(?P<month>{_ALL_MONTHS})\b\.?(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
    rf"|(?P<month2>{_ALL_MONTHS})\.?\s+(?:the\s+)?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:people|%|km"
    rf"|kg))(?:,?\s+(?P<year2>(?:19|20)\d\d)\b)?|(?P<month3>{_ALL_MONTHS})\s+(?P<year3>(?:19|20)\d\d)\b|(?P<iso>(?:19"
    rf"|20)\d\d-\d\d-\d\d)\b)|(?P<prefix4>{_PREFIX}+)(?:(?P<which4>next|last|this)\s+)?(?P<month4>{_ALL_MONTHS})\b"
    rf"|(?P<which5>next|last|this)\s+(?P<month5>{_ALL_MONTHS})\b|(?P<month6>{_SURE_MONTHS})\b"
    rf"|(?P<prefix7>{_PREFIX}+)(?P<year7>(?:19|20)\d\d)\b|(?:(?:since|in|on|by|from)\s+)?(?P<which8>next|last|this|past"
    rf"|coming)\s+(?P<unit8>week(?:end)?|month|year|spring|summer|autumn|fall|winter|{_DAYS})\b|(?:(?:on|since"
    rf"|from)\s+)?(?P<weekday9>(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b|(?:since\s+)?(?P<named10>yesterday|today"
    rf"|tonight|tomorrow|this (?:morning|afternoon|evening)|last night)\b|{_COUNT.format('count11')}\s+(?P<unit11>day"
    rf"|week|month|year)s?\s+ago\b|(?:in|within)\s+{_COUNT.format('count12')}\s+(?P<unit12>day|week|month"
    rf"|year)s?(?:\s+time)?\b|(?:for|since)\s+(?:the (?:last|past)\s+)?{_COUNT.format('count13')}\s+(?P<unit13>day|week"
    rf"|month|year)s?\b"
    r"|(?:(?:in|since|from|during)\s+)?(?:the\s+)?(?P<season15>spring|summer|autumn|fall"
    r"|winter)(?:\s+of)?\s+(?P<year15>(?:19|20)\d\d)\b|(?:(?:on|since"
    r"|from)\s+)?(?P<day16>\d{1,2})[./](?P<month16>\d{1,2})[./](?P<year16>(?:19|20)\d\d)\b"
    r"|on\s+the\s+(?P<day14>\d{1,2})(?:st|nd|rd|th)\b)"
)
_UNITS = "day week weekend month year spring summer autumn fall winter morning afternoon evening night"
_HINTS = frozenset(  # words: each time phrase but a year and "on the 5th" has one of them
    [
        *MONTHS,
        *(day for day in WEEKDAYS if not day.endswith("days")),  # "on Fridays" alone is a habit
        *_UNITS.split(),
        *(f"{unit}s" for unit in _UNITS.split()),
        *"yesterday today tonight tomorrow".split(),
    ]
)
_HINT_DIGITS = re.compile(r"(?:19|20)\d\d|\bon\s+the\s+\d")
_WORD = re.compile(r"\w+")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_ALONE = frozenset([*MONTHS, *WEEKDAYS, *"yesterday today tonight tomorrow".split()])
"""Words that are a time phrase by themselves."""
_FIRST = frozenset(
    [
        *(*_NUMBERS, *_SEASONS),
        *"back since in on from by around until till starting as of early late mid the".split(),
        *"next last this past coming within for during".split(),
    ]
)
"""Words that begin all others, but for figures."""
_WITHIN = _FIRST | frozenset("of start end beginning".split())
"""Words that may stand between the first of a phrase and one of the hints or a figure."""
_UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def find_time(text: str) -> re.Match[str] | None:
    """The first time phrase of a text."""
    return next(find_dates(text), None)


def leading_time(text: str) -> re.Match[str] | None:
    """The time phrase that a text begins with."""
    first = _WORD.match(text)
    found = _WHEN.match(text) if first and _may_begin(lowered(first[0])) else None
    return found if found and _hints_at_time(text) else None


def find_dates(text: str) -> Iterator[re.Match[str]]:
    """All time phrases of a text."""
    if not _hints_at_time(text):
        return
    end = 0
    for start in _beginnings(lowered(text)):
        found = _WHEN.match(text, start) if start >= end else None
        if found:
            end = found.end()
            yield found


def _may_begin(word: str) -> bool:
    """Whether a time phrase may begin with this word, in lower case."""
    return word in _ALONE or word in _FIRST or word[0].isdecimal()


def _beginnings(lower: str) -> list[int]:
    """Places where a time phrase may begin: the pattern is slow, and most words lead to no time."""
    found, leads = [], False
    for match in reversed(list(_WORD.finditer(lower))):
        word = match[0]
        figure = word[0].isdecimal()
        if word in _ALONE or (leads and (figure or word in _FIRST)):
            found.append(match.start())
        leads = figure or word in _HINTS or word in _ALONE or (leads and word in _WITHIN)
    return found[::-1]


def _hints_at_time(text: str) -> bool:
    """Whether a text may have a time phrase: far quicker than to look for one."""
    lower = text.lower()
    return not _HINTS.isdisjoint(_WORD.findall(lower)) or _HINT_DIGITS.search(lower) is not None


def resolve(phrase: re.Match[str], at: float, tense: Tense) -> float | None:
    """The start of what a time phrase means, s UTC; a month without a year is the last one in the past tense, else the
    next one. None where it names no time."""
    try:
        day = _day(phrase.groupdict(), utc_day(at), tense)
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() if day else None
    except (OverflowError, ValueError):  # outside of the calendar
        return None


def seconds(at: datetime | float) -> float:
    """Seconds since the epoch; a datetime without a time zone is UTC."""
    if not isinstance(at, datetime):
        return float(at)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def mentions_future(text: str, at: float) -> bool:
    """Whether a text names a time that is still to come."""
    phrase = find_time(text)
    if not phrase:
        return False
    found = resolve(phrase, at, "future")
    return found is not None and utc_day(found) >= utc_day(at)


def _day(part: dict[str, str | None], today: date, tense: Tense) -> date | None:
    past = tense == "past" or (part["prefix"] or part["prefix4"] or part["prefix7"] or "").lower().startswith(
        ("since", "back")
    )
    if part["iso"]:
        return _made(*map(int, part["iso"].split("-")))
    month = next(
        (part[name] for name in ("month", "month2", "month3", "month4", "month5", "month6") if part[name]), None
    )
    if month:
        day = part["day"] or part["day2"] or "1"
        year = part["year"] or part["year2"] or part["year3"]
        which = (part["which4"] or part["which5"] or "").lower()
        return _month_day(
            MONTHS[month.lower()], int(day), int(year) if year else None, today, past=past or which == "last"
        )
    if part["year7"]:
        return date(int(part["year7"]), 1, 1)
    if part["season15"]:
        return date(int(part["year15"] or 0), _SEASONS[part["season15"].lower()], 1)
    if part["year16"]:
        return _made(int(part["year16"]), int(part["month16"] or 0), int(part["day16"] or 0))
    if part["unit8"]:
        return _relative((part["which8"] or "").lower(), part["unit8"].lower(), today)
    if part["weekday9"]:
        away = (WEEKDAYS[part["weekday9"].lower()] - today.weekday()) % 7
        return today + timedelta(days=away - 7 if past and away else away)
    if part["named10"]:
        named = part["named10"].lower()
        return today + timedelta(days={"yesterday": -1, "last night": -1, "tomorrow": 1}.get(named, 0))
    for count, unit, sign in (("count11", "unit11", -1), ("count12", "unit12", 1), ("count13", "unit13", -1)):
        if part[unit]:
            return _moved(today, sign * _number(part[count] or ""), (part[unit] or "").lower())
    if part["day14"]:
        return _month_day(today.month, int(part["day14"]), None, today, past=past)
    return None


def _number(words: str) -> int:
    word = words.lower().removeprefix("a ").removesuffix(" of") or "a"
    return int(word) if word.isdecimal() else _NUMBERS.get(word, 1)


def _moved(today: date, count: int, unit: str) -> date | None:
    if unit in ("day", "week"):
        return today + timedelta(days=count * _UNIT_DAYS[unit])
    months = today.year * 12 + today.month - 1 + count * (12 if unit == "year" else 1)
    return _made(months // 12, months % 12 + 1, min(today.day, 28))


def _month_day(month: int, day: int, year: int | None, today: date, *, past: bool) -> date | None:
    if year:
        return _made(year, month, day)
    this = _made(today.year, month, day)
    if this is None:
        return None
    if past:
        return this if this <= today else _made(today.year - 1, month, day)
    over = this < today if day > 1 else (month < today.month)
    return _made(today.year + 1, month, day) if over else this


def _relative(which: str, unit: str, today: date) -> date | None:
    step = {"next": 1, "coming": 1, "last": -1, "past": -1}.get(which, 0)
    if unit in WEEKDAYS:
        away = (WEEKDAYS[unit] - today.weekday()) % 7
        return today + timedelta(days=away - 7 if step < 0 else away)
    monday = today - timedelta(days=today.weekday())
    if unit == "week":
        return monday + timedelta(days=7 * step) if step else today
    if unit == "weekend":
        return monday + timedelta(days=5 + 7 * min(step, 0))
    if unit == "month":
        return _moved(today.replace(day=1), step, "month") if step else today
    if unit == "year":
        return date(today.year + step, 1, 1) if step else today
    season = _made(today.year, _SEASONS[unit], 1)
    if season and step < 0 and season > today:
        return _made(today.year - 1, _SEASONS[unit], 1)
    if season and step >= 0 and season < today:
        return season if step == 0 and (today - season).days < 92 else _made(today.year + 1, _SEASONS[unit], 1)
    return season


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
