"""Whether what a question says fits what a sentence demands: its numbers, its weekday, its product (pure)."""

from __future__ import annotations

import math
import re
from enum import StrEnum

_UNITS = {
    "km": (r"km|kilomet(?:er|re)s?", 1.0),
    "kg": (r"kg|kilos?|kilograms?", 1.0),
    "cm": (r"cm|centimet(?:er|re)s?", 1.0),
    "days": (r"days?", 1.0),
    "weeks": (r"weeks?", 7.0),
    "months": (r"months?", 30.0),
    "years": (r"years?|yrs?|-year-olds?", 1.0),
    "minutes": (r"minutes?|mins?", 1.0),
    "hours": (r"hours?|hrs?", 60.0),
    "°C": (r"°\s?C|degrees", 1.0),
}
_SAME = {"weeks": "days", "months": "days", "hours": "minutes"}
_NUMBER = r"(?P<{}>\d+(?:[.,]\d+)*)"
_UNIT = "(?P<unit>" + "|".join(pattern for pattern, _ in _UNITS.values()) + r")\b"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?:{_NUMBER.format('one')}|(?P<word>an?|one|two|three|four|five|six|ten)) ?{_UNIT}", re.I
)
_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_RANGE = re.compile(rf"{_NUMBER.format('low')} ?(?:to|and|-|–) ?{_NUMBER.format('high')} ?{_UNIT}", re.I)
_OVER = re.compile(
    rf"\b(?:more|longer|heavier|taller|older|over|above|beyond)(?: than)? {_NUMBER.format('one')} ?{_UNIT}", re.I
)
_LEAST = re.compile(
    rf"\b(?:at least|minimum(?: \w+){{0,3}}(?: is| of)?|from) {_NUMBER.format('one')} ?{_UNIT}(?! to\b)", re.I
)
_MOST = re.compile(
    rf"\b(?:fewer than|less than|under|below|within|up to|until|at most|not more than|no more than"
    rf"|maximum[\w ,()]{{0,60}}? is|may weigh) {_NUMBER.format('one')} ?{_UNIT}",
    re.I,
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile(r"\b(?:" + "|".join(_DAYS) + r")s?\b", re.I)
_DAY_RANGE = re.compile(rf"\b({'|'.join(_DAYS)})s? (?:to|until|through|-|–) ({'|'.join(_DAYS)})", re.I)
_EVERY_DAY = re.compile(r"\b(?:every day|daily|seven days)\b", re.I)


class Fit(StrEnum):
    """What a sentence says about the case that is asked about."""

    NOTHING = "nothing"
    COVERS = "covers"
    EXCLUDES = "excludes"


def numbers_fit(question: str, sentence: str) -> Fit:
    """Whether the question's numbers lie in the ranges that a sentence sets for the same unit."""
    return _all(_numbers_fit(question, sentence))


def days_fit(question: str, sentence: str) -> Fit:
    """Whether a sentence says of the question's weekday what is asked: open, or closed."""
    return _all(_days_fit(question, sentence))


def _all(found: list[Fit]) -> Fit:
    if not found:
        return Fit.NOTHING
    return Fit.EXCLUDES if Fit.EXCLUDES in found else Fit.COVERS


def _numbers_fit(question: str, sentence: str) -> list[Fit]:
    limits = _limits(sentence)
    fits = []
    for unit, value in _quantities(question):
        ranges = [(low, high) for of, low, high in limits if of == unit]
        if ranges:
            fits.append(Fit.COVERS if any(low <= value <= high for low, high in ranges) else Fit.EXCLUDES)
    return fits


def _quantities(text: str) -> list[tuple[str, float]]:
    """(unit, value): what a text measures."""
    return [
        _measured(match, float(_WORDS[match["word"].lower()]) if match["word"] else _value(match["one"]))
        for match in _QUANTITY.finditer(text)
    ]


def _limits(text: str) -> list[tuple[str, float, float]]:
    """(unit, least, most): the ranges that a text sets."""
    found = []
    for match in _RANGE.finditer(text):
        unit, high = _measured(match, _value(match["high"]))
        found.append((unit, _measured(match, _value(match["low"]))[1], high))
    for pattern, side in ((_OVER, 2), (_LEAST, 1), (_MOST, 0)):
        for match in pattern.finditer(text):
            unit, value = _measured(match, _value(match["one"]))
            above = value + 1e-9 * (side == 2)
            found.append((unit, above, math.inf) if side else (unit, 0.0, value))
    return found


def _measured(match: re.Match[str], value: float) -> tuple[str, float]:
    for name, (pattern, factor) in _UNITS.items():
        if re.fullmatch(pattern, match["unit"], re.I):
            return _SAME.get(name, name), value * factor
    raise AssertionError(match["unit"])


def _value(number: str) -> float:
    return float(re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".").rstrip("."))


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
