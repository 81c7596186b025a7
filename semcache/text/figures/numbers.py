"""Numbers as people write them: digits with separators, number words, ordinals, multipliers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {w: 10 * (i + 2) for i, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}
_ONES = {word: value for value, word in enumerate(_SMALL.split())}
_SCALE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "lakh": 100_000}
_SHORT_SCALE = {"k": 1_000, "mn": 1_000_000, "mio": 1_000_000, "bn": 1_000_000_000, "thousand": 1_000,
                "million": 1_000_000, "billion": 1_000_000_000, "hundred": 100, "lakh": 100_000, "lakhs": 100_000,
                "millions": 1_000_000, "billions": 1_000_000_000, "grand": 1_000}  # fmt: skip
_ORDINAL = {
    word: value
    for value, word in enumerate(
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split()
    )
} | {"thirtieth": 30}
_FIXED = {"dozen": 12, "half": 0.5, "couple": 2, "twice": 2, "thrice": 3, "pair": 2}
_SUFFIX = frozenset(("st", "nd", "rd", "th"))
#: After these, "one" and "1" count: "type one diabetes", "step one".
_NUMBERED = frozenset(
    "type step level phase tier version chapter part option formula number class stage grade zone terminal gate line "
    "unit schedule form plan tier page day week module section appendix article box".split()
)
#: 401(k) and the like are names, not thousands.
_NAMES_WITH_K = frozenset(("401", "4", "8"))
_GROUPED = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$")

NUMBER_WORDS = frozenset(_ONES) | frozenset(_TENS) | frozenset(_SCALE) | frozenset(_ORDINAL) | frozenset(_FIXED)


class Number(NamedTuple):
    """A number found in a list of words; `written` keeps versions apart ("3.10" is not "3.1"), `end` is exclusive."""

    value: float
    written: str
    end: int
    ordinal: bool = False


def read_number(words: Sequence[str], start: int) -> Number | None:
    """The number that starts at `words[start]`, or None; "one" alone is a pronoun, "a second" a unit."""
    word = words[start]
    if word[0].isdecimal():
        return _digits(words, start)
    if word not in NUMBER_WORDS:
        return None
    if word in _ORDINAL:
        return _ordinal(words, start)
    if word in _FIXED:
        return Number(_FIXED[word], f"{_FIXED[word]:g}", start + 1)
    return _spelled(words, start)


def _digits(words: Sequence[str], start: int) -> Number | None:
    written = words[start]
    if _GROUPED.match(written):
        written = written.replace(",", "")
    written = written.replace(",", ".")
    parts = written.split(".")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        return Number(float("nan"), written, start + 1)
    if len(parts) == 2 and set(parts[1]) == {"0"} and len(parts[1]) <= 2:
        written = parts[0]
    value, following = float(written), words[start + 1] if start + 1 < len(words) else ""
    if following in _SUFFIX:
        return Number(value, written, start + 2, ordinal=True)
    if following in _SHORT_SCALE and not (following == "k" and (written in _NAMES_WITH_K)):
        value *= _SHORT_SCALE[following]
        return Number(value, f"{value:.12g}", start + 2)
    return Number(value, written.lstrip("0") or "0", start + 1)


def _ordinal(words: Sequence[str], start: int) -> Number | None:
    word, before = words[start], words[start - 1] if start else ""
    if word == "second" and before in ("a", "per", "each", "every", "one", "1"):
        return None
    return Number(_ORDINAL[word], str(_ORDINAL[word]), start + 1, ordinal=True)


def _spelled(words: Sequence[str], start: int) -> Number | None:
    total, current, at = 0.0, 0.0, start
    while at < len(words):
        word = words[at]
        if word in _ONES:
            current += _ONES[word]
        elif word in _TENS:
            current += _TENS[word]
        elif word in _SCALE:
            current = max(current, 1) * _SCALE[word]
            if _SCALE[word] >= 1_000:
                total, current = total + current, 0.0
        elif word in _ORDINAL and at > start and words[at - 1] in _TENS:
            value = total + current + _ORDINAL[word]
            return Number(value, f"{value:.12g}", at + 1, ordinal=True)
        elif not _continues(words, at, start):
            break
        at += 1
        if word in _ONES and at < len(words) and words[at] not in _SCALE:
            break
    value = total + current
    if value == 1 and at == start + 1 and not (start and words[start - 1] in _NUMBERED):
        return None
    return Number(value, f"{value:.12g}", at)


def _continues(words: Sequence[str], at: int, start: int) -> bool:
    """Whether the "and" of "two hundred and fifty" stands here."""
    if words[at] != "and" or at == start or at + 1 >= len(words) or words[at - 1] not in _SCALE:
        return False
    return words[at + 1] in _ONES or words[at + 1] in _TENS
