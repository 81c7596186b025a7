"""Whether what a question says fits what a sentence demands: its numbers, its weekday, its product (pure)."""

from __future__ import annotations

import re
from enum import StrEnum

from semcache.llm.quantities import bare_limits, counts, limits, quantities
from semcache.text.tokens import stems

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile(r"\b(?:" + "|".join(_DAYS) + r")s?\b", re.I)
_DAY_RANGE = re.compile(rf"\b({'|'.join(_DAYS)})s? (?:to|until|through|-|–) ({'|'.join(_DAYS)})", re.I)
_EVERY_DAY = re.compile(r"\b(?:every day|daily|seven days)\b", re.I)
MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(MONTHS)
_DATE = rf"(?:(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?({_MONTH})"
_SPAN = re.compile(rf"\b(?:from|between) {_DATE} (?:to|until|till|through|and|–|-) {_DATE}\b", re.IGNORECASE)
_NAMED_MONTH = re.compile(rf"\b(?:(?!may\b)(?i:{_MONTH}))\b")  # `may` is a verb
_ASKED = re.compile(rf"\b(?:in|on|during|at|around|before|mid)[ -]{_DATE}\b", re.IGNORECASE)
_FORBIDS = re.compile(
    r"\b(?:cannot|can't|can not|not|never|no longer|nobody|none|lapses?|ends|refused?|forbidden)\b", re.I
)


class Fit(StrEnum):
    """What a sentence says about the case that is asked about."""

    NOTHING = "nothing"
    COVERS = "covers"
    EXCLUDES = "excludes"


def numbers_fit(question: str, sentence: str) -> Fit:
    """Whether the question's numbers lie in the ranges that a sentence sets for the same unit."""
    return _all(
        [*_numbers_fit(question, sentence), *_counts_fit(question, sentence), *_seasons_fit(question, sentence)]
    )


def days_fit(question: str, sentence: str) -> Fit:
    """Whether a sentence says of the question's weekday what is asked: open, or closed."""
    return _all(_days_fit(question, sentence))


def _all(found: list[Fit]) -> Fit:
    if not found:
        return Fit.NOTHING
    return Fit.EXCLUDES if Fit.EXCLUDES in found else Fit.COVERS


def _numbers_fit(question: str, sentence: str) -> list[Fit]:
    set_by = limits(sentence)
    fits = []
    for quantity in quantities(question):
        ranges = [(low, high) for kind, low, high in set_by if kind == quantity.kind]
        if ranges:
            covers = any(low <= quantity.value <= high for low, high in ranges)
            fits.append(Fit.COVERS if covers else Fit.EXCLUDES)
    return fits


def _counts_fit(question: str, sentence: str) -> list[Fit]:
    """Of things that are counted without a unit: `three dogs` and `dogs ...: at most two`."""
    fits = []
    for noun, number in counts(question):
        ranges = bare_limits(sentence) if noun in stems(sentence) else []
        if ranges:
            fits.append(Fit.COVERS if any(low <= number <= high for low, high in ranges) else Fit.EXCLUDES)
    return fits


def _seasons_fit(question: str, sentence: str) -> list[Fit]:
    return [Fit.COVERS if fits else Fit.EXCLUDES for fits in _in_season(question, sentence)]


def _in_season(question: str, sentence: str) -> list[bool]:
    """For each date of the question whether it lies in the spans of a sentence; empty if either has none."""
    spans = [(_date(m[1], m[2], 1), _date(m[3], m[4], 31)) for m in _SPAN.finditer(sentence)]
    asked = [_date(m[1], m[2], 15) for m in _ASKED.finditer(question)]
    return [any(_within(day, first, last) for first, last in spans) for day in asked] if spans else []


def _date(day: str | None, month: str, otherwise: int) -> int:
    """A day of the year, with months of 31 days."""
    return 31 * MONTHS.index(month.lower()) + int(day or otherwise)


def _within(day: int, first: int, last: int) -> bool:
    return first <= day <= last if first <= last else day >= first or day <= last


def names_day(question: str, sentence: str) -> bool:
    """Whether a sentence speaks of the weekday, or the month, that is asked about."""
    day = _DAY.search(question)
    if day is not None and _day_of(day[0]) in _days_in(sentence):
        return True
    months = {asked[2].lower() for asked in _ASKED.finditer(question)}
    return bool(months & {found[0].lower() for found in _NAMED_MONTH.finditer(sentence)})


def forbids(sentence: str) -> bool:
    """Whether a sentence says what is not possible: who is outside of its limit is not concerned."""
    return _FORBIDS.search(sentence) is not None


def _days_fit(question: str, sentence: str) -> list[Fit]:
    """Of a question what is open, or closed, on a weekday."""
    day = _DAY.search(question)
    asked = re.search(r"\b(open|closed|shut)\b", question, re.I)
    if not day or not asked or not (says := re.search(r"\b(open|opens|closed|shut)\b", sentence, re.I)):
        return []
    if _day_of(day[0]) not in _days_in(sentence):
        return []
    same = says[1].lower().startswith("open") == (asked[1].lower() == "open")
    return [Fit.COVERS if same else Fit.EXCLUDES]


def _days_in(sentence: str) -> set[int]:
    days = {_day_of(match[0]) for match in _DAY.finditer(sentence)}
    for match in _DAY_RANGE.finditer(sentence):
        first, last = _day_of(match[1]), _day_of(match[2])
        days |= {day % 7 for day in range(first, last + 1 + 7 * (last < first))}
    return days | set(range(7)) if _EVERY_DAY.search(sentence) else days


def _day_of(word: str) -> int:
    return _DAYS.index(word.lower().rstrip("s") if word.lower() not in _DAYS else word.lower())


_NAMED = re.compile(r"\b([A-Z]\w+) ([A-Z]\w+)\b")


def names_another(question: str, sentence: str) -> bool:
    """Whether a sentence is about a sibling of what is asked about: Roam Monthly where Roam Yearly is asked for."""
    for family, member in _NAMED.findall(question):
        siblings = [other for first, other in _NAMED.findall(sentence) if first == family]
        if siblings and member not in siblings and not re.search(rf"\b{member}\b", sentence):
            return True
    return False


_MEASURES = {
    "far": r"\d ?(?:km|kilomet|mile|met(?:er|re)|m\b)",
    "heavy": r"\d ?(?:kg|kilo|g\b|lb|pound|stone|tonne)",
    "tall": r"\d ?(?:cm|m\b|met|feet|foot|ft|inch)",
    "fast": r"\d ?(?:km/h|mph|minute|second|hour|day|mbit|gbit)",
}


def measures(question: str, sentence: str) -> bool:
    """Whether a sentence has the measure that a question asks for: kilometres for how far; True if it asks for none."""
    asked = re.search(rf"\bhow ({'|'.join(_MEASURES)})\b", question, re.I)
    return asked is None or re.search(_MEASURES[asked[1].lower()], sentence, re.I) is not None
