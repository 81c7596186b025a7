"""Signs: whatever of a text is neither letter, digit, blank nor punctuation of a sentence, in its order.

Emoji, operators, brackets, the dashes of options, the `!` of a factorial. No language is needed to see that two texts
differ in one. Hyphens, apostrophes, quotes and slashes in or around ordinary words are no signs: e-mail, don't,
and/or. A currency or a per cent sign beside a figure may be written as a word instead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from semcache.text.characters import (
    FOREIGN_MARKS,
    JOINERS,
    QUOTES,
    is_caseless,
    is_letter,
    is_mark,
    raised,
)

_ASCII_RUN = re.compile(r"[^\w\s]+|_+")
_ENDS = frozenset("?!？！")
#: Beside a figure these are read with it (semcache.text.figures.facts), whether written as a sign or as a word.
_UNITS = frozenset("$€£¥₹%°")
_CLOSING = frozenset(")]}>")


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of a text in order, repetitions of one as one; `units`: those beside a figure, as of 20 % and $20."""

    plain: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


NO_SIGNS = Signs()


def signs(text: str) -> Signs:
    """The signs of a text."""
    plain: list[str] = []
    units: list[str] = []
    for run in _runs().finditer(text) if not text.isascii() else _ASCII_RUN.finditer(text):
        at = run.start()
        for _, group in groupby(run[0]):
            sign = "".join(group)
            kind = _kind(text, at, sign)
            if kind is not None:
                kind_of = units if kind else plain
                kind_of.append(sign)
            at += len(sign)
    return Signs(tuple(plain), tuple(units)) if plain or units else NO_SIGNS


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(rf"[^\w\s]+|_+|[{raised()}]+")


def _kind(text: str, at: int, sign: str) -> bool | None:
    """None: no sign; True: a unit beside a figure; False: any other sign."""
    before, after = _beside(text, at, len(sign))
    first = sign[0]
    if first in QUOTES:
        return None if len(sign) == 1 and _quotes(before, after) else False
    if first in _ENDS:
        return None if _ends_sentence(text, at, len(sign), before, after) else False
    if first in ".…":
        return None if _is_stop(text, at, len(sign), before, after) else False
    if first in ",;:":
        return None if len(sign) == 1 and _separates(text, at, before, after) else False
    if first in FOREIGN_MARKS or first in "¿¡":
        return None
    if is_mark(first):
        return None if is_letter(before) else False
    if sign in JOINERS:
        return None if _has_joiners(before) and _has_joiners(after) else False
    if first in "-/‐‑‒–—" and len(sign) == 1:
        return None if _joins(text, at, before, after) else False
    return sign in _UNITS and _by_figure(text, at)


def _beside(text: str, at: int, length: int) -> tuple[str, str]:
    """The characters before and behind; a blank at the edge of the text."""
    return text[at - 1 : at] or " " if at else " ", text[at + length : at + length + 1] or " "


def _ordinary(text: str, end: int) -> bool:
    """Whether the word that ends here has two letters or more, or one of a script without capitals."""
    if not end or not is_letter(text[end - 1]):
        return False
    return is_caseless(text[end - 1]) or (end > 1 and is_letter(text[end - 2]))


def _behind_word(text: str, at: int) -> int:
    """The position behind the last word before `at`, blanks skipped."""
    while at and text[at - 1].isspace():
        at -= 1
    return at


def _starts_ordinary(text: str, at: int) -> bool:
    if at >= len(text) or not is_letter(text[at]):
        return False
    return is_caseless(text[at]) or (at + 1 < len(text) and is_letter(text[at + 1]))


def _stands_alone(text: str, at: int, length: int) -> bool:
    """Between two ordinary words and a blank on either side."""
    return (
        text[at - 1 : at].isspace()
        and text[at + length : at + length + 1].isspace()
        and _ordinary(text, at - 1)
        and _starts_ordinary(text, at + length + 1)
    )


def _quotes(before: str, after: str) -> bool:
    return is_letter(before) or is_letter(after) or before in _ENDS or before in ".,…" or before in FOREIGN_MARKS


def _ends_sentence(text: str, at: int, length: int, before: str, after: str) -> bool:
    """Whether "?" or "!" closes a sentence: not in 5!, a ? b, a.*?, x != y."""
    if not (after.isspace() or after in QUOTES or after in _CLOSING or after in _ENDS or is_caseless(after)):
        return False
    if before.isspace():
        following = at + length
        while following < len(text) and text[following].isspace():
            following += 1
        return _ordinary(text, _behind_word(text, at)) and not text[following : following + 1].islower()
    if before in QUOTES or before in _ENDS or before in ".…" or before in FOREIGN_MARKS or _ordinary(text, at):
        return before != "." or _ordinary(text, at - 1)
    if before == ")" or before.isalnum() or unicodedata.category(before) in ("So", "Sk", "Mn", "Cf") or before in "%°#":
        return length == 1 and text[at] in "?？"
    return text[max(0, at - 2) : at] == "++" and length == 1


def _is_stop(text: str, at: int, length: int, before: str, after: str) -> bool:
    """Whether dots close a sentence, abbreviate, or stand in a figure: not in `.`, `..`, `.env`, `a..b`."""
    if length == 2:
        return False
    if length > 2 or text[at] == "…":
        return _ordinary(text, _behind_word(text, at)) and (not before.isspace() or after.isspace())
    if before.isspace():
        return False
    inside = before.isalnum() or is_mark(before)
    if after.isspace() or after in QUOTES or after in _CLOSING:
        return inside or before in QUOTES or before in _CLOSING or before in "%°!?" or before in FOREIGN_MARKS
    return inside and (after.isalnum() or after in ",;:?!")


def _separates(text: str, at: int, before: str, after: str) -> bool:
    """Whether a comma, colon or semicolon stands between words or in a figure."""
    if before.isdecimal() and after.isdecimal():
        return True
    if before.isspace():
        return text[at] != "," and _stands_alone(text, at, 1)
    if after.isspace() or is_caseless(after):
        return before not in "([{" and (before not in FOREIGN_MARKS)
    return text[at] != ":" and _ordinary(text, at) and _starts_ordinary(text, at + 1)


def _joins(text: str, at: int, before: str, after: str) -> bool:
    """Whether a hyphen, dash or slash joins ordinary words or figures, or is the dash between two clauses."""
    dash = text[at] != "/"
    if before.isdecimal() and after.isdecimal():
        return True
    if before.isspace():
        return dash and _stands_alone(text, at, 1)
    if after.isspace() or after in ",.;:?!)":
        return dash and _ordinary(text, at)
    left, right = _ordinary(text, at), _starts_ordinary(text, at + 1)
    if text[at] == "/":
        return left and right
    return (left or (before.isalnum() and right)) and (right or (after.isalnum() and left))


def _has_joiners(character: str) -> bool:
    """Whether its script writes joiners within words: from Hebrew and Arabic to Mongolian, with all of India."""
    return is_mark(character) or "\u0590" <= character <= "\u1cff"


def _by_figure(text: str, at: int) -> bool:
    """Whether the sign stands beside a figure, whose unit it tells; `%` and `°` stand behind one."""
    if text[max(0, at - 2) : at].rstrip(" \u00a0\u202f")[-1:].isdecimal():
        return True
    return text[at] not in "%°" and text[at + 1 : at + 3].lstrip(" \u00a0\u202f")[:1].isdecimal()


def signs_apart(first: Signs, second: Signs, *, same_figures: bool) -> tuple[str, str] | None:
    """The signs of two texts, where they differ; None if they agree in kind, number and order.

    `same_figures`: the figures and units that both texts state, in signs or words, are the same.
    """
    if first.plain != second.plain:
        return _told(first.plain, second.plain)
    if first.units != second.units and not same_figures:
        return _told(first.units, second.units)
    return None


def _told(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, str]:
    """Those that differ, if they are not the same in another order."""
    mine, other = [sign for sign in first if sign not in second], [sign for sign in second if sign not in first]
    if not mine and not other:
        mine, other = list(first), list(second)
    return " ".join(mine[:5]) or "none", " ".join(other[:5]) or "none"
