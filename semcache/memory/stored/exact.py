"""Exact things in texts: codes, versions, long numbers, handles, file names, accented words, emoji. Found whole or not.

A vector is blind to figures and accents, and words alone take `2.1.3` for `2.3.1`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_SCRIPT = r"\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"  # written without spaces: a code stands right beside them
_BESIDE = re.compile(f"[{_SCRIPT}]+")
_OUTSIDE = ".,;:?!()[]{}<>\"'`’“”«»…*#$€£+~=|"
_NAME = re.compile(r"@\w{2}|\w_\w|\w@\w|[^\W\d_]{2}\.[^\W\d_]{2}")  # a handle, identifier, address, file
_HINT = re.compile(r"[\d_@#+]|[^\x00-\x7f]|[a-zA-Z](?<=[a-zA-Z]{2})\.[a-zA-Z]{2}")  # each code has one of them
_LANGUAGE = re.compile(r"\b[A-Za-z](?:\+\+|#)(?!\w)")
_NAME_CHARS, _ACCENTED_CHARS = 3, 4  # shorter ones are little words in the languages that have them
_ORDINARY = re.compile(r"\d{1,2}|(?:19|20)\d\d|\d+(?:st|nd|rd|th|s|am|pm)|\d{1,2}:\d\d(?:am|pm)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d)[,'’](?=\d{3}(?!\d))")
_SIGN = rf"[^\W{_SCRIPT}]"
_NOT_BEFORE, _NOT_AFTER = rf"(?<!{_SIGN})(?<!{_SIGN}[.,:/_-])", rf"(?!{_SIGN})(?![.,:/_-]{_SIGN})"


def codes(text: str) -> tuple[str, ...]:
    """The exact things of a text, each once, in order, as `held` compares them."""
    plain = text if text.isascii() else _BESIDE.sub(" ", unicodedata.normalize("NFC", text))
    if not _HINT.search(plain):
        return ()
    found = [code for word in plain.split() if _HINT.search(word) for code in _of_word(word)]
    return tuple(dict.fromkeys(found))


def _of_word(word: str) -> list[str]:
    bare = word.strip(_OUTSIDE).removesuffix("'s").removesuffix("’s")
    named = _LANGUAGE.search(word)
    if named:
        return [_plain(named[0])]
    signs = [sign for sign in word if not sign.isascii() and unicodedata.category(sign) == "So"]
    return [_plain(bare), *signs] if _is_code(bare) else signs


def _is_code(word: str) -> bool:
    if any(char.isdigit() for char in word):
        return not _ORDINARY.fullmatch(word)
    long = len(word) >= (_NAME_CHARS if word[:1].isupper() else _ACCENTED_CHARS)
    return _NAME.search(word) is not None or (long and _is_accented(word))


def _is_accented(word: str) -> bool:
    """Whether it is written with accents over Latin letters: there may be the same word without them."""
    split = unicodedata.normalize("NFD", word)
    return any(a.isascii() and a.isalpha() and unicodedata.combining(b) for a, b in pairwise(split))


def _plain(text: str) -> str:
    return _THOUSANDS.sub("", unicodedata.normalize("NFC", text).casefold())


def held(wanted: Sequence[str], text: str) -> float:
    """The share of the codes that a text has whole, 0..1; 0 if none is wanted."""
    if not wanted:
        return 0.0
    plain = _plain(text)
    return sum(_has(plain, code) for code in wanted) / len(wanted)


def _has(plain: str, code: str) -> bool:
    if code not in plain:
        return False
    whole = _NOT_BEFORE + re.escape(code) + _NOT_AFTER
    return unicodedata.category(code[0]) == "So" or re.search(whole, plain) is not None
