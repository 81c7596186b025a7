"""Kinds of characters: letters with their marks, blanks, quotes, dashes, and the punctuation of sentences (pure)."""

from __future__ import annotations

import unicodedata
from functools import cache

#: Joiners between the letters of a word, as Persian and the scripts of India write them.
JOINERS = "\u200c\u200d"
QUOTES = frozenset("'\"`´‘’‚‛“”„‟«»‹›「」『』《》〈〉")
APOSTROPHES = frozenset("'’ʼ")
#: Full stops, commas and the like of other scripts, which no code uses.
FOREIGN_MARKS = frozenset("؟。、，；：．｡､؛،۔।॥։՝՞՜።፣፤፥፦፧፨၊။។៕჻܀")
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_RAISED = ("<super>", "<sub>", "<circle>", "<fraction>", "<square>")
_TAKEN_FOR = str.maketrans({"İ": "i", "ı": "i", "ſ": "s", "\u212a": "k"})
_BEYOND = 0x20000  # from here on there are but ideographs, tags and private characters


def is_mark(character: str) -> bool:
    """Whether it is written on the letter before it: an accent or a vowel sign; selectors of emoji are signs."""
    return character > "\u02ff" and unicodedata.category(character)[0] == "M" and character not in _SELECTORS


def is_letter(character: str) -> bool:
    """A letter, or a mark on one; a raised or lowered letter is a sign."""
    if character.isascii():
        return character.isalpha()
    return is_mark(character) or (character.isalpha() and not is_raised(character))


def is_caseless(character: str) -> bool:
    """A letter of a script that has no capitals, such as Chinese, Arabic or Hindi."""
    return not character.isascii() and is_letter(character) and character.lower() == character.upper()


def is_raised(character: str) -> bool:
    """A superscript, subscript, fraction or figure in a circle; Roman numerals of one character too."""
    if character.isascii():
        return False
    category = unicodedata.category(character)
    return category in ("No", "Nl") or unicodedata.decomposition(character).startswith(_RAISED)


def lowered(text: str) -> str:
    """Lower case, as long as the text is; the letters of it are those that a pattern without regard to case takes them
    for, such as i for the Turkish dotless one."""
    return text.lower() if text.isascii() else text.translate(_TAKEN_FOR).lower()


@cache
def marks() -> str:
    """All marks, as ranges for a character class of `re`; some 10 ms, once, when the first text beyond ASCII comes."""
    return _ranges([code for code in range(0x300, _BEYOND) if is_mark(chr(code))])


@cache
def raised() -> str:
    """All raised characters, as `marks`."""
    return _ranges([code for code in range(0x80, _BEYOND) if is_raised(chr(code))])


def _ranges(codes: list[int]) -> str:
    found: list[list[int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)
