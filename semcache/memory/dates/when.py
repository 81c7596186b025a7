"""What a question says about time, and how near a turn is to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from semcache.inputs import on_calendar
from semcache.text.figures.dates import MONTHS, WEEKDAYS, month_at, written_date
from semcache.text.tokens import tokens

_ASKS_WHEN = re.compile(
    r"^\W*(?:when|how long|in which|in what|on which|(?:which|what) (?:year|month|day|date)"
    r"|how many (?:years|months|weeks|days))\b",
    re.IGNORECASE,
)
_TIME_WORDS = frozenset(
    "yesterday today tonight tomorrow ago last next recently week weeks weekend weekends month year years since just"
    " soon monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
    " september october november december".split()
)
_WORD = re.compile(r"\w+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_RELATIVE = re.compile(
    r"\b(?:(?P<day>today|tonight|(?:the day before )?yesterday|last night|this (?:morning|afternoon|evening))"
    r"|(?P<which>last|past|previous|this) (?P<unit>week|weekend|month|year|spring|summer|autumn|fall|winter)"
    r"|the (?:last|past) (?P<count>\w+(?: of)?) (?P<units>day|week|month|year)s"
    r"|(?P<ago>(?:\w+|a couple of|a few) (?:day|week|month|year)s? ago)"
    r"|(?:(?P<this>this) )?(?P<weekday>(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"|(?P<year>(?:19|20)\d\d)"
    r")\b",
    re.IGNORECASE,
)
_DAYS_BACK = {"the day before yesterday": 2, "yesterday": 1, "last night": 1}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_NUMBERS = {word: n for n, word in enumerate("zero one two three four five six seven eight nine ten".split())}
_VAGUE = {"a couple of": "two", "couple of": "two", "a few": "three", "few": "three", "several": "four"}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_ANY_YEAR = 2000
_SOON_AFTER = 0.7  # things are told on their day or within three days, but who names a day means that day

Stretch = tuple[int, int, float]
"""Turns with a time in [from, to), s since the epoch, and how near they are."""


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A month named in a question, perhaps with a day and a year."""

    month: int
    day: int | None = None
    year: int | None = None

    def nearness(self, day: date) -> float:
        """0..1: how likely a turn of that day tells of the date; things are told on the day or somewhat later."""
        year = self.year or day.year
        months_later = (day.year * 12 + day.month) - (year * 12 + self.month)
        if self.year is None:
            months_later %= 12
        if months_later not in (0, 1):
            return 0.0
        base = 0.25 if months_later == 1 else 0.6
        return base if self.day is None else self._day_nearness(day, year, base)

    @property
    def yearly(self) -> bool:
        """Whether it may be any year's."""
        return self.year is None

    def stretches(self) -> list[Stretch]:
        """Where the nearness is above 0; if `yearly`, in one year."""
        first = date(self.year or _ANY_YEAR, self.month, 1).toordinal()
        days = range(first, min(first + 62, date.max.toordinal()))
        runs = groupby(days, lambda day: self.nearness(date.fromordinal(day)))
        spans = [(nearness, list(run)) for nearness, run in runs if nearness]
        return [_stretch(run[0], run[-1], nearness) for nearness, run in spans]

    def _day_nearness(self, day: date, year: int, base: float) -> float:
        try:
            later = (day - date(year, self.month, self.day or 1)).days
        except ValueError:
            return base
        if later == 0:
            return 1.0
        if 0 < later <= 3:
            return _SOON_AFTER
        return 0.5 if -1 <= later <= 10 else 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both ends included, that a question means relative to when it is asked."""

    first: date
    last: date

    def nearness(self, day: date) -> float:
        """As `CalendarDate.nearness`."""
        inside = 1.0 if (self.last - self.first).days <= 10 else 0.6
        if self.first <= day <= self.last:
            return inside
        later = (day - self.last).days
        return inside * 0.6 if 0 < later <= 3 else 0.0

    @property
    def yearly(self) -> bool:
        """As `CalendarDate.yearly`."""
        return False

    def stretches(self) -> list[Stretch]:
        """As `CalendarDate.stretches`."""
        inside, last = self.nearness(self.first), self.last.toordinal()
        return [_stretch(self.first.toordinal(), last, inside), _stretch(last + 1, last + 3, 0.6 * inside)]


Mention = CalendarDate | Span


def _stretch(first: int, last: int, nearness: float) -> Stretch:
    """From the start of one day to the end of another, both by their ordinals."""
    return (first - _EPOCH) * _DAY_S, (last + 1 - _EPOCH) * _DAY_S, nearness


def asks_when(question: str) -> bool:
    """Whether the question asks for a time."""
    return _ASKS_WHEN.search(question) is not None


def has_time_word(text: str) -> bool:
    """Whether a text says when something happens."""
    words = _WORD.findall(text.lower())
    return not _TIME_WORDS.isdisjoint(words) or any(map(_YEAR.fullmatch, words))


def mentioned(question: str, *, asked_at: float, offset_s: float = 0.0) -> Mention | None:
    """The time that a question names; relative ones ("last week") are taken from `asked_at`, s.

    `offset_s`: how far the asker's clock is ahead of UTC: whose day it is. Days of a mention are days of that clock.
    """
    return _written(question) or _named_month(tokens(question)) or _relative(question, utc_day(asked_at + offset_s))


def utc_day(at: float) -> date:
    """The day of a time in seconds since the epoch; the nearest that a calendar has."""
    return on_calendar(at).date()


def _written(question: str) -> CalendarDate | None:
    for word in question.split():
        found = written_date(word.strip(".,;:?!()\"'"))
        if found:
            year, month, day = found
            return CalendarDate(month, day, year)
    return None


def _named_month(words: Sequence[str]) -> CalendarDate | None:
    if MONTHS.keys().isdisjoint(words):
        return None
    for place in range(len(words)):
        month = month_at(words, place)
        if month:
            year = next((int(word) for word in words if _YEAR.fullmatch(word)), None)
            return CalendarDate(month, _day_beside(words, place), year)
    return None


def _day_beside(words: Sequence[str], place: int) -> int | None:
    before = [word for word in words[max(place - 2, 0) : place] if word not in ("of", "the")]
    for word in (*before[-1:], *words[place + 1 : place + 2]):
        found = _DAY.fullmatch(word)
        if found and 1 <= int(found[1]) <= 31:
            return int(found[1])
    return None


def _relative(question: str, today: date) -> Span | None:
    found = _RELATIVE.search(question)
    if not found:
        return None
    if found["day"]:
        day = today - timedelta(days=_DAYS_BACK.get(found["day"].lower(), 0))
        return Span(day, day)
    if found["unit"]:
        return _period(found["unit"].lower(), today, this=found["which"].lower() == "this")
    if found["units"]:
        count = _count(found["count"])
        return Span(today - timedelta(days=count * _UNIT_DAYS[found["units"].lower()]), today) if count else None
    if found["weekday"]:
        return _weekday(WEEKDAYS[found["weekday"].lower()], today, this=bool(found["this"]))
    if found["year"]:
        return Span(date(int(found["year"]), 1, 1), date(int(found["year"]), 12, 31))
    return _ago(found["ago"].lower(), today)


def _weekday(number: int, today: date, *, this: bool) -> Span:
    """The last such day before today; with `this`, that of the week of today, or today."""
    back = today.weekday() - number if this else (today.weekday() - number - 1) % 7 + 1
    day = today - timedelta(days=back)
    return Span(day, day)


def _count(words: str) -> int | None:
    word = _VAGUE.get(words.lower(), words.lower())
    return int(word) if word.isdigit() and len(word) < 4 else _NUMBERS.get(word)


def _period(unit: str, today: date, *, this: bool) -> Span:
    monday = today - timedelta(days=today.weekday())
    if unit == "week":
        first = monday if this else monday - timedelta(days=7)
        return Span(first, first + timedelta(days=6))
    if unit == "weekend":
        saturday = monday + timedelta(days=5 if this else -2)
        return Span(saturday, saturday + timedelta(days=1))
    if unit == "year":
        year = today.year - (not this)
        return Span(date(year, 1, 1), date(year, 12, 31))
    if unit == "month":
        return _months(today.year, today.month - (not this), 1)
    year = today.year if this or today.month > _SEASONS[unit] + 2 else today.year - 1
    return _months(year, _SEASONS[unit], 3)


def _months(year: int, month: int, count: int) -> Span:
    """`count` months from a month on; month 0 is the December before, 13 the January after."""
    first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    after = month + count
    return Span(first, date(year + (after - 1) // 12, (after - 1) % 12 + 1, 1) - timedelta(days=1))


def _ago(phrase: str, today: date) -> Span | None:
    import dateparser

    for vague, number in _VAGUE.items():
        phrase = phrase.replace(vague, number)
    base = datetime(today.year, today.month, today.day, 12)
    found = dateparser.parse(
        phrase,
        languages=["en"],
        settings={"RELATIVE_BASE": base, "PREFER_DATES_FROM": "past"},
    )
    if found is None:
        return None
    slack = timedelta(days=next((days // 7 for unit, days in _UNIT_DAYS.items() if f"{unit}" in phrase), 0))
    day = found.date()
    return Span(day - slack, min(day + slack, today))
