"""What a text states in figures: numbers, quantities with units, dates and times, in one form whatever the spelling.

"5 km" and "5,000 metres", "$20" and "20 dollars", "half an hour" and "30 min", "2nd" and "second",
"1 May 2024" and "2024-05-01" are the same facts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from semcache.text.dates import (
    MONTHS,
    WEEKDAYS,
    clock_minutes,
    month_at,
    written_date,
)
from semcache.text.numbers import NUMBER_WORDS, Number, read_number
from semcache.text.units import AFTER_NUMBER, UNITS, Unit, family, is_currency

_CLOCK_WORDS = {"noon": 720, "midday": 720, "midnight": 0}
_DEGREES = frozenset(("°", "degree", "degrees"))
_SCALES = {word: UNITS[scale] for scale in ("celsius", "fahrenheit") for word in (scale, scale[0])}
_CONTINUES = frozenset(("a", "an", "of"))
_TRIGGERS = NUMBER_WORDS | frozenset(UNITS) | frozenset(MONTHS) | frozenset(WEEKDAYS) | frozenset(_CLOCK_WORDS)


class Fact(NamedTuple):
    """One figure: `kind` is "number", "month", "day", "weekday", "clock" (minutes) or a unit's dimension."""

    kind: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a text, each with the words it was written in; `bare` units ("per day") stand for one of it."""

    stated: Mapping[Fact, str]
    bare: frozenset[Unit]


NONE = Facts({}, frozenset())
_WEIGHT_WORDS = frozenset(
    "weigh weighs weighing weight lose losing lost loss gain gained heavy kg kilo kilos kilogram kilograms gram grams "
    "ounce ounces lb lbs lift lifting bench body baby fat pressure torque".split()
)


def facts(words: Sequence[str]) -> Facts:
    """The facts of a list of words (semcache.text.words)."""
    if not any(word in _TRIGGERS or word[0].isdecimal() for word in words):
        return NONE
    if ("pounds" in words or "pound" in words) and not _WEIGHT_WORDS.isdisjoint(words):
        words = ["lb" if word in ("pounds", "pound") else word for word in words]
    stated: dict[Fact, str] = {}
    bare: list[Unit] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word in _TRIGGERS or word[0].isdecimal():
            found: list[Fact] = []
            end = _read(words, at, found, bare)
            if found:
                stated |= dict.fromkeys(found, " ".join(words[at:end]))
            at = end
        else:
            at += 1
    return Facts(stated, frozenset(bare))


def _read(words: Sequence[str], at: int, stated: list[Fact], bare: list[Unit]) -> int:
    """Reads what starts at `at`, appends it, and returns the position behind it."""
    word = words[at]
    if month := month_at(words, at):
        return _month(words, at, month, stated)
    if word in WEEKDAYS:
        stated.append(Fact("weekday", WEEKDAYS[word]))
        return at + 1
    if word in _CLOCK_WORDS:
        stated.append(Fact("clock", _CLOCK_WORDS[word]))
        return at + 1
    if word[0].isdecimal() and (end := _date_or_time(words, at, stated)):
        return end
    if word in UNITS and is_currency(UNITS[word]) and at + 1 < len(words) and words[at + 1][0].isdecimal():
        amount = read_number(words, at + 1)
        if amount and not math.isnan(amount.value):
            stated.append(_quantity(amount, UNITS[word]))
            return _past_currency(words, amount.end)
    if number := read_number(words, at):
        return _number(words, number, stated, bare)
    if word in UNITS:
        bare.append(UNITS[word])
    return at + 1


def _past_currency(words: Sequence[str], at: int) -> int:
    """The "USD" of "$20 USD" says nothing new."""
    return at + 1 if at < len(words) and words[at] in UNITS and is_currency(UNITS[words[at]]) else at


def _month(words: Sequence[str], at: int, month: int, stated: list[Fact]) -> int:
    stated.append(Fact("month", month))
    day = read_number(words, at + 1) if at + 1 < len(words) and words[at + 1][0].isdecimal() else None
    if day and day.value <= 31:
        stated.append(Fact("day", day.value))
        return day.end
    return at + 1


def _date_or_time(words: Sequence[str], at: int, stated: list[Fact]) -> int:
    """Position behind a date or a time of day, or 0 when none starts here."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if date := written_date(word):
        stated += [Fact("number", str(date[0])), Fact("month", date[1]), Fact("day", date[2])]
        return at + 1
    half, end = _half_of_day(words, at + 1)
    if (minutes := clock_minutes(word, half)) is not None:
        stated.append(Fact("clock", minutes))
        return end
    if following == "oclock":
        stated.append(Fact("clock", float(word) * 60 if word.isdecimal() else word))
        return at + 2
    first, dash, second = word.partition("-")
    if dash and first.isdecimal() and second.isdecimal():
        stated += _range(words, at, first, second)
        return at + 1
    return 0


def _half_of_day(words: Sequence[str], at: int) -> tuple[str, int]:
    """("pm", position behind it) for "pm" and "p.m."; ("", at) when neither stands here."""
    if at < len(words) and words[at] in ("am", "pm"):
        return words[at], at + 1
    if at + 1 < len(words) and words[at] in ("a", "p") and words[at + 1] == "m":
        return words[at] + "m", at + 2
    return "", at


def _range(words: Sequence[str], at: int, first: str, second: str) -> list[Fact]:
    unit = UNITS.get(words[at + 1]) if at + 1 < len(words) else None
    numbers = [Number(float(written), written.lstrip("0") or "0", at + 1) for written in (first, second)]
    return [_quantity(number, unit) if unit else Fact("number", number.written) for number in numbers]


def _number(words: Sequence[str], number: Number, stated: list[Fact], bare: list[Unit]) -> int:
    at = number.end
    if number.ordinal or number.value <= 31:
        month_position = at + 1 if at < len(words) and words[at] == "of" else at
        if month_position < len(words) and (month := month_at(words, month_position)):
            stated += [Fact("day", number.value), Fact("month", month)]
            return month_position + 1
    if number.ordinal or math.isnan(number.value):
        stated.append(Fact("number", number.written))
        return at
    position = at + 1 if at + 1 < len(words) and words[at] in _CONTINUES else at
    unit = _unit_at(words, position, position == at) or _shared_currency(words, at)
    if unit is None:
        stated.append(Fact("number", number.written))
        return at
    if number.value == 1 and not is_currency(unit):
        bare.append(unit)
    else:
        stated.append(_quantity(number, unit))
    if _unit_at(words, position, position == at) is None:
        return at
    scaled = words[position] in _DEGREES and position + 1 < len(words) and words[position + 1] in _SCALES
    return position + 1 + scaled


def _unit_at(words: Sequence[str], at: int, adjacent: bool) -> Unit | None:
    if at >= len(words):
        return None
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if word in _DEGREES and following in _SCALES:
        return _SCALES[following]
    if word in UNITS:
        return UNITS[word]
    return AFTER_NUMBER.get(word) if adjacent else None


def _shared_currency(words: Sequence[str], at: int) -> Unit | None:
    """The currency of "500" in "500 and 1,000 rupees"."""
    if at + 1 >= len(words) or words[at] not in ("and", "or", "to") or not words[at + 1][0].isdecimal():
        return None
    following = read_number(words, at + 1)
    unit = UNITS.get(words[following.end]) if following and following.end < len(words) else None
    return unit if unit and is_currency(unit) else None


def _quantity(number: Number, unit: Unit) -> Fact:
    return Fact(unit.dimension, float(f"{number.value * unit.size:.4g}"))


def unmatched(first: Facts, second: Facts) -> tuple[list[Fact], list[Fact]]:
    """What each text states and the other does not; "24 hours" is matched by "a day"."""
    if first.stated.keys() == second.stated.keys():
        return [], []
    left, right = _missing(first, second), _missing(second, first)
    amounts: dict[tuple[bool, str], list[Fact]] = {}
    for fact in right:
        if figure := _figure(fact):
            amounts.setdefault(figure, []).append(fact)
    paired: set[Fact] = set()
    for fact in left:
        named, digits = _figure(fact) or (False, "")
        if twins := amounts.get((not named, digits)):
            paired |= {fact, twins.pop(0)}
    return [fact for fact in left if fact not in paired], [fact for fact in right if fact not in paired]


def _figure(fact: Fact) -> tuple[bool, str] | None:
    """Whether a currency is named, and the digits: "under 1000" and "under 1000 euros" are the same figure."""
    if fact.kind == "number":
        return False, str(fact.value)
    return (True, f"{fact.value:.12g}") if fact.kind.startswith("currency") else None


def _missing(of: Facts, within: Facts) -> list[Fact]:
    one = {Fact(unit.dimension, float(f"{unit.size:.4g}")) for unit in within.bare}
    return [fact for fact in of.stated if fact not in within.stated and fact not in one]


def unit_conflict(first: Facts, second: Facts) -> tuple[str, str] | None:
    """Units of one family that replace each other: ("mile", "kilometre"); None when one text names none."""
    if first.bare == second.bare:
        return None
    for mine in first.bare - second.bare:
        for other in second.bare - first.bare:
            if family(mine) == family(other):
                return mine.name, other.name
    return None
