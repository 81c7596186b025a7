"""Quantities in a text, and the ranges that it sets: `up to 8 kg`, `from 4 to 15`, `Android 10 and newer` (pure)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from semcache.text.tokens import stem

# How a unit is written, what it measures, and how many of the least unit of that it is. Ages are no time.
_UNITS = (
    (r"km|kilomet(?:er|re)s?", "distance", 1.0),
    (r"cm|centimet(?:er|re)s?", "length", 0.01),
    (r"met(?:er|re)s?|m", "length", 1.0),
    (r"kg|kilos?|kilograms?", "weight", 1.0),
    (r"minutes?|mins?", "time", 1.0),
    (r"hours?|hrs?", "time", 60.0),
    (r"days?", "time", 1440.0),
    (r"weeks?", "time", 7 * 1440.0),
    (r"months?", "time", 30 * 1440.0),
    (r"years?|yrs?|year[- ]?olds?|y/o", "years", 1.0),
    (r"°\s?c|degrees", "degrees", 1.0),
    (r"euros?|eur", "euros", 1.0),
    (r"pounds?|gbp", "pounds", 1.0),
    (r"characters|letters|digits", "characters", 1.0),
    (r"pages", "pages", 1.0),
    (r"people|persons?|guests|employees|riders|participants|of us", "people", 1.0),
)
_SIGNS = {"€": "euros", "£": "pounds"}
NUMBERS = {
    word: float(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"a": 1.0, "an": 1.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0}
_UNIT = "|".join(pattern for pattern, _, _ in _UNITS)
_MEASURE = re.compile(
    rf"(?<![\w.,#-])(?P<sign>[€£]?) ?(?P<count>(?:minus |-)?\d+(?:[.,]\d+)*|(?:{'|'.join(NUMBERS)})(?=[ -]))"
    rf"(?:[ -]?(?P<unit>{_UNIT}))?(?![\w/])",
    re.I,
)
_ARTICLES = ("a", "an", "A", "An")
_COUNTED = re.compile(r" ([a-z]{3,})\b", re.I)
_VERSION = re.compile(r"\b(?P<name>[A-Za-z]*[A-Z][A-Za-z]+) (?P<count>\d+(?:\.\d+)?)(?![\w.]*\w)")
_AT_LEAST_VERSION = re.compile(r"\b(?:newer|later|higher|upwards|or above|at least|minimum)\b", re.I)
_OF_AGE = re.compile(
    r"\b(?:child(?:ren)?|kids?|sons?|daughters?|boys?|girls?|nephews?|nieces?|teenagers?|toddlers?|babies|baby|aged?|ages|adults?|anyone|minors?|pupils?|seniors?)\b",
    re.I,
)
_OLD = re.compile(r"\bold(?:er)?\b", re.I)
_OF_PEOPLE = re.compile(r"\bseats? $|\b(?:groups?|part(?:y|ies)) of $", re.I)
_DURING = re.compile(r"\b(?:after|for|within|than|over|about|least|most|in) $", re.I)
_JOINS = re.compile(r"\s*(?:to|-|–|(?P<joined>and)(?: at most)?)\s*", re.I)
_BETWEEN = re.compile(r"\b(?:between|at least) $", re.I)
_BEFORE = re.compile(r"\s+(?:before|ahead|in advance)\b", re.I)
_ABOVE = re.compile(r"\b(?:more|longer|heavier|taller|older|larger|bigger|higher|over|above|beyond)(?: than)? $", re.I)
_LEAST = re.compile(
    r"\b(?:at least|minimum(?: \w+){0,3}?(?: is| of)?|from(?: the age of)?|not (?:younger|shorter|lighter) than) $",
    re.I,
)
_FROM = re.compile(r"\bfrom $", re.I)
_PLACES = ("length", "distance")
_BELOW = re.compile(r"\b(?:fewer|less|younger|shorter|lighter|smaller|lower|under|below)(?: than)? $", re.I)
_MOST = re.compile(
    r"\b(?:(?:no|not) (?:more|longer|heavier|older) than|within|during the first|the first|up to|until|at most|seats?"
    r"|maximum[\w ,()]{0,60}? is|may weigh) $",
    re.I,
)
_OR_MORE = re.compile(r"\s*(?:\b(?:or|and) (?:more|over|older|above|up)\b(?! ?-?\d)|upwards\b)", re.I)
_OR_LESS = re.compile(r"\s*\b(?:or|and) (?:less|fewer|under|younger|below|shorter)\b", re.I)
Range = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in the least unit of its `kind`, at [start, end) of the text. `unit`: its own unit in least units."""

    kind: str
    value: float
    start: int
    end: int
    unit: float = 1.0


def quantities(text: str) -> list[Quantity]:
    """What a text measures, and the versions that it names (their kind is the name, lower case)."""
    found = [q for q in _measured(text) if q.kind and not _is_article(text, q)]
    versions = [
        Quantity(match["name"].lower(), float(match["count"]), match.start(), match.end())
        for match in _VERSION.finditer(text)
    ]
    return found + versions


def without_quantities(text: str) -> str:
    """The text without what it measures."""
    for quantity in sorted(_measured(text), key=lambda quantity: -quantity.start):
        if quantity.kind:
            text = f"{text[: quantity.start]} {text[quantity.end :]}"
    return text


def limits(text: str) -> list[Range]:
    """(kind, least, most): the ranges that a text sets."""
    found: list[Range] = []
    measured = _measured(text)
    at = 0
    while at < len(measured):
        both = _range(text, measured[at : at + 2])
        found += [both] if both else _sided(text, measured[at])
        at += 2 if both else 1
    if _AT_LEAST_VERSION.search(text):
        found += [(m["name"].lower(), float(m["count"]), math.inf) for m in _VERSION.finditer(text)]
    return found


def counts(text: str) -> list[tuple[str, float]]:
    """(stem of what is counted, how many), where no unit is: `three dogs`."""
    found = [
        (q, _COUNTED.match(text, q.end))
        for q in _measured(text)
        if not q.kind and text[q.start : q.end] not in _ARTICLES
    ]
    return [(stem(noun[1].lower()), quantity.value) for quantity, noun in found if noun]


def bare_limits(text: str) -> list[tuple[float, float]]:
    """(least, most) of the ranges whose numbers have no unit: `at most two`, `up to 5 phones`."""
    bare = [
        Quantity("number", q.value, q.start, q.end)
        for q in _measured(text)
        if not q.kind and text[q.end : q.end + 1] != ":"
    ]
    return [(low, high) for quantity in bare for _, low, high in _sided(text, quantity)]


def _measured(text: str) -> list[Quantity]:
    """Every number; the kind is empty where nothing tells what it counts."""
    found = [_read(text, match) for match in _MEASURE.finditer(text)]
    for n in range(len(found) - 2, -1, -1):  # `155 to 168 cm`: both are lengths
        one, other = found[n], found[n + 1]
        if not one.kind and _JOINS.fullmatch(text[one.end : other.start]):
            found[n] = Quantity(other.kind, one.value * other.unit, one.start, one.end, other.unit)
    return found


def _read(text: str, match: re.Match[str]) -> Quantity:
    value, unit = _value(match["count"]), (match["unit"] or "").lower()
    if match["sign"]:
        return Quantity(_SIGNS[match["sign"]], value, match.start(), match.end())
    for pattern, kind, factor in _UNITS:
        if unit and re.fullmatch(pattern, unit):
            return Quantity(kind, value * factor, match.start("count"), match.end(), factor)
    before = text[max(0, match.start() - 40) : match.start("count")]
    after = text[match.end() :]
    aged = _OF_AGE.search(before) or _OLD.match(after.lstrip())
    kind = "people" if _OF_PEOPLE.search(before) else "years" if aged and match["count"].isdigit() else ""
    if not kind and after.startswith(" tall") and 100 <= value <= 250:
        return Quantity("length", value / 100, match.start("count"), match.end(), 0.01)
    return Quantity(kind, value, match.start("count"), match.end())


def _value(number: str) -> float:
    if number.lower() in NUMBERS:
        return NUMBERS[number.lower()]
    number = number.lower().replace("minus ", "-")
    return float(re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".").rstrip("."))


def _is_article(text: str, quantity: Quantity) -> bool:
    """`79 a month`: no span of time, unlike `after a month`."""
    written = text[quantity.start : quantity.end].lower()
    return written.startswith(("a ", "an ")) and not _DURING.search(text[: quantity.start])


def _range(text: str, pair: Sequence[Quantity]) -> Range | None:
    if len(pair) < 2 or not pair[0].kind or pair[0].kind != pair[1].kind:
        return None
    joined = _JOINS.fullmatch(text[pair[0].end : pair[1].start])
    if not joined or (joined["joined"] and not _BETWEEN.search(text[: pair[0].start])):
        return None
    low, high = sorted((pair[0].value, pair[1].value))  # `between 10 and 3 days before`
    return pair[0].kind, low, high


def _sided(text: str, quantity: Quantity) -> list[Range]:
    """The range that the words around one quantity make of it."""
    before, after, value = text[: quantity.start], text[quantity.end :], quantity.value
    if not quantity.kind:
        return []
    ahead = _BEFORE.match(after) and re.search(r"\buntil $", before, re.I)
    if _BEFORE.match(after) and re.search(r"\bfor $", before, re.I):
        return [(quantity.kind, -math.inf, value)]  # `not for 12 hours before`
    if quantity.kind in _PLACES and _FROM.search(before):
        return []  # `jump from 3 metres` is a place
    if ahead or _OR_MORE.match(after) or (_LEAST.search(before) and not _MOST.search(before)):
        return [(quantity.kind, value, math.inf)]
    if _MOST.search(before) or _OR_LESS.match(after):
        return [(quantity.kind, -math.inf, value)]
    if _ABOVE.search(before):
        return [(quantity.kind, math.nextafter(value, math.inf), math.inf)]
    if _BELOW.search(before):
        return [(quantity.kind, -math.inf, math.nextafter(value, -math.inf))]
    return []
