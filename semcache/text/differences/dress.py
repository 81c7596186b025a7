"""Whether two texts differ in dress alone: the case of ordinary words, blanks between them, the final mark, quotes.

What is no ordinary word is compared letter by letter: code, options, figures with their units, addresses, single
letters, mixed case, and whatever stands in quotes, behind a colon or on several lines; and so is all of a text that is
about letters, case or code ("the md5 of hello"). In doubt it is a difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from semcache.text.characters import APOSTROPHES, QUOTES
from semcache.text.differences.final_marks import (
    APOSTROPHE,
    FINAL,
    HYPHEN,
    QUESTION_WORDS,
    ending_of,
    endings_agree,
    ordinary_word,
    without_final_mark,
)  # fmt: skip
from semcache.text.differences.letter_case import Style, Written, case_is_dress, is_loosely_written
from semcache.text.english import is_english
from semcache.text.tokens import verbatim

#: A text with one of these speaks of letters, marks or code: there nothing is dress.
_ABOUT_LETTERS = frozenset(
    "md5 sha sha1 sha256 checksum base64 base32 hex encode encodes encoded encoding decode decodes decoded uppercase "
    "lowercase capital capitals capitalise capitalised capitalize capitalized capitalization letters vowel vowels "
    "consonants spell spelt spelled spelling anagram palindrome regex regexp glob wildcard macro identifier xml html "
    "css json yaml bash shell makefile heredoc punctuation apostrophe hyphen hyphenated blanks whitespace translate "
    "transliterate transcribe".split()
)
_HOW_TO = re.compile(r"how (?:to|(?:do|can) i)\b")
_COLON = re.compile(r"：|(?<=[^\x00-\x7f]):|:(?=[^\x00-\x7f\s])")
_TURKISH = frozenset("ıİğĞşŞ")
_CHUNK = re.compile(r"\S+")
_SMALL_IN_HEADINGS = frozenset("the and for with from".split())
_CONTRACTED = re.compile(rf"[^\W\d_]+[{APOSTROPHE}][^\W\d_]+")
_QUOTED_WORDS = re.compile(r"(['\"])[^\W\d_]+(?: [^\W\d_]+)*\1[.,?!]*")
_ONE_QUOTE = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
#: Before a hyphen these make another word: re-sign, un-ionized, co-op.
_PREFIXES = frozenset("re un co de be in pro pre anti non".split())
_ENDINGS = {"m": "am", "re": "are", "ve": "have", "ll": "will"}
_BEFORE_IS = frozenset("what how where who that there here it".split())
_NEGATED = {"can't": "can", "won't": "will", "shan't": "shall"}

_Part = Written | str  # an ordinary word, or what is compared letter by letter


@dataclass(frozen=True, slots=True)
class _Dressed:
    """A text in its parts. `capitals`: it is written in capitals throughout; `heading`: every longer word has one;
    `uncased`: so, or without any. `quoted`: what of it is compared as a whole; `ending`: the marks behind its last
    word; `asks`: it may be a question; `turkish`: it has letters of Turkish, whose I with and without a dot are two.
    """

    parts: tuple[_Part, ...]
    english: bool
    capitals: bool = False
    heading: bool = False
    uncased: bool = False
    quoted: str = ""
    ending: str = ""
    asks: bool = True
    turkish: bool = False

    @property
    def style(self) -> Style:
        return "capitals" if self.capitals else "heading" if self.heading else "plain"


def only_dress_differs(first: str, second: str) -> bool:
    """Whether two texts ask the same in other dress; being the same text is one case of it. Symmetric."""
    if first == second:
        return True
    if _skeleton(first) != _skeleton(second):
        return False
    one, other = _dressed(first), _dressed(second)
    return _alike(one.parts, other.parts, one, other)


def only_fillers_differ(first: str, second: str) -> bool:
    """Whether two English texts are the same in dress but for "please", and "how do I" for "how can I" or "how to"."""
    one, other = _dressed(first), _dressed(second)
    if not (one.english and other.english):
        return False
    return _alike(_without_fillers(one.parts), _without_fillers(other.parts), one, other)


def letters_differ(first: str, second: str) -> bool:
    """Whether two texts of the same letters differ in case or blanks that may carry meaning: options, units, code.

    Between the two lies what an ordinary writer varies, such as commas or "log in" and "login": it is no dress, and
    tells nothing by itself.
    """
    if first == second or _skeleton(first) != _skeleton(second):
        return False
    one, other = _dressed(first), _dressed(second)
    if _alike(one.parts, other.parts, one, other):
        return False
    if one.quoted != other.quoted or _gaps(one) != _gaps(other):
        return True
    if len(one.parts) != len(other.parts):
        return False
    return any(_varies_in_code(mine, its) for mine, its in zip(one.parts, other.parts, strict=True))


def _gaps(text: _Dressed) -> list[_Part]:
    """The runs of blanks that are compared as they are."""
    return [part for part in text.parts if isinstance(part, str) and part.isspace()]


def _varies_in_code(mine: _Part, its: _Part) -> bool:
    if isinstance(mine, str) and isinstance(its, str):
        return mine != its and mine.lower() == its.lower()
    if isinstance(mine, str) or isinstance(its, str):
        return _lower(mine) == _lower(its)
    return mine.text != its.text and not is_loosely_written(mine, its)


def _alike(first: Sequence[_Part], second: Sequence[_Part], one: _Dressed, other: _Dressed) -> bool:
    if len(first) != len(second) or not endings_agree(one.ending, other.ending, asks=one.asks and other.asks):
        return False
    english, uncased = one.english and other.english, one.uncased or other.uncased
    for at, (mine, its) in enumerate(zip(first, second, strict=True)):
        if mine == its:
            continue
        if isinstance(mine, str) or isinstance(its, str):
            return False
        if mine.text != its.text:
            if (one.turkish or other.turkish) and _dot_differs(mine.text, its.text):
                return False
            near = [_lower(part) for part in (*first[max(0, at - 1) : at], *first[at + 1 : at + 2])]
            styles = (one.style, other.style)
            if not case_is_dress(mine, its, english=english, uncased=uncased, styles=styles, beside=near):
                return False
    return True


def _dot_differs(one: str, other: str) -> bool:
    return any(a != b and a in "iI" for a, b in zip(one, other, strict=False))


def _lower(part: _Part) -> str:
    return part.lower() if isinstance(part, str) else part.text.lower()


@lru_cache(maxsize=8_192)
def _skeleton(text: str) -> str:
    """The letters and figures of a text alone, folded: where they differ, more than dress differs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    opened = _CONTRACTED.sub(lambda found: "".join(_opened(found[0])), folded)
    return "".join(filter(str.isalnum, opened))


@lru_cache(maxsize=4_096)
def _dressed(text: str) -> _Dressed:
    text = verbatim(text)
    low = re.findall(r"[^\W_]+", text.lower())
    if any(blank in text for blank in "\n\t\f\v") or not _ABOUT_LETTERS.isdisjoint(low):
        return _Dressed((text,), english=False, quoted=text)
    english = is_english([word for word in low if not word.isdecimal()])
    parts = tuple(_parts(text, english))
    words = [part.text for part in parts if isinstance(part, Written)]
    capitals = len(words) > 1 and not any(map(str.islower, text))
    small = len(words) > 1 and not any(map(str.isupper, text))
    return _Dressed(
        parts,
        english,
        capitals=capitals,
        heading=(heading := _is_heading(words)),
        uncased=capitals or small or heading,
        quoted=_verbatim_part(text, *_quoted(text)),
        ending=ending_of(text),
        asks=not english or low[:1] == [] or low[0] in QUESTION_WORDS,
        turkish=not _TURKISH.isdisjoint(text),
    )


def _is_heading(words: Sequence[str]) -> bool:
    """Whether every word has a capital, but for the shortest and those that no heading has one in."""
    weighty = [word for word in words if len(word) > 2 and word not in _SMALL_IN_HEADINGS]
    return len(weighty) > 1 and all(word[0].isupper() for word in weighty)


def _parts(text: str, english: bool) -> Iterator[_Part]:
    start, end = _quoted(text)
    yield from _plain(text[:start].rstrip(), english, first=True, last=start == len(text))
    if start < len(text):
        yield _verbatim_part(text, start, end)
        yield from _plain(text[end:].lstrip(), english, first=False, last=True)


def _quoted(text: str) -> tuple[int, int]:
    """Where what is quoted starts and ends: from the first quote to the last, or all that follows a colon."""
    chunks = list(_CHUNK.finditer(text))
    for chunk in chunks[:-1]:
        if chunk[0][-1] in ":：":
            return chunk.end() + 1, len(text)
    if (colon := _COLON.search(text)) and colon.end() < len(text):
        return colon.end(), len(text)
    quotes = [chunk for chunk in chunks if _holds_quote(chunk[0])]
    return (quotes[0].start(), quotes[-1].end()) if quotes else (len(text), len(text))


def _holds_quote(chunk: str) -> bool:
    if QUOTES.isdisjoint(chunk):
        return False
    return any(
        character in QUOTES
        and not (character in APOSTROPHES and chunk[at - 1 : at].isalpha() and chunk[at + 1 : at + 2].isalpha())
        for at, character in enumerate(chunk)
    )


def _verbatim_part(text: str, start: int, end: int) -> str:
    """What is quoted, with the blanks before it if they are several; typographic quotes count only around code."""
    blanks = len(text[:start]) - len(text[:start].rstrip())
    quoted = text[start - blanks if blanks > 1 else start : end]
    plain = quoted.translate(_ONE_QUOTE)
    return plain if _QUOTED_WORDS.fullmatch(plain) else quoted


def _plain(text: str, english: bool, *, first: bool, last: bool) -> Iterator[_Part]:
    """The parts of a stretch of text outside quotes; `first`, `last`: the text starts or ends with it."""
    chunks = list(_CHUNK.finditer(without_final_mark(text) if last else text))
    initial, counted, ordinary = first, False, True
    for at, chunk in enumerate(chunks):
        found = ordinary_word().fullmatch(chunk[0])
        if at and (gap := text[chunks[at - 1].end() : chunk.start()]) and len(gap) > 1 and not (ordinary and found):
            yield gap
        ordinary = found is not None
        if found is None:
            yield chunk[0]
            initial, counted = False, chunk[0][-1].isdecimal()
            continue
        opening, word, closing = found.groups()
        if opening and not initial:
            yield str(opening)
        yield from _written(word, english, initial, counted)
        if closing:
            yield str(closing)
        initial, counted = bool(closing) and closing[0] in FINAL, False


def _written(word: str, english: bool, initial: bool, counted: bool) -> Iterator[_Part]:
    """An ordinary word, its contraction opened and its hyphen left out: e-mail is email."""
    if english and any(apostrophe in word for apostrophe in APOSTROPHE):
        opened = _opened(word)
        yield Written(opened[0], initial, counted)
        yield from (Written(part, False, False) for part in opened[1:])
        return
    pieces = re.split(f"[{HYPHEN}]", word)
    if len(pieces) == 1:
        yield Written(word.replace("’", "'"), initial, counted)
    elif pieces[0].lower() in _PREFIXES or max(map(len, pieces)) < 2:
        yield word
    else:
        titled = [piece.lower() if piece.istitle() else piece for piece in pieces[1:]]
        yield Written("".join([pieces[0], *titled]), initial, counted)


def _opened(word: str) -> tuple[str, ...]:
    """The words of an English contraction, in the case it is written in."""
    word = word.translate(_ONE_QUOTE)
    head, _, ending = word.partition("'")
    low, small = word.lower(), ending.lower()
    capitals = word.isupper() and len(word) > 3
    if low in _NEGATED:
        head, said = head[:1] + _NEGATED[low][1:].upper() if capitals else head[:1] + _NEGATED[low][1:], "not"
    elif low.endswith("n't"):
        head, said = head[:-1], "not"
    elif small in _ENDINGS:
        said = _ENDINGS[small]
    elif small == "s" and head.lower() in _BEFORE_IS:
        said = "is"
    else:
        return (word,)
    return head, said


def _without_fillers(parts: Sequence[_Part]) -> list[_Part]:
    found: list[_Part] = []
    low = [_lower(part) for part in parts]
    at = 0
    while at < len(parts):
        asked = _HOW_TO.match(" ".join(low[at : at + 3])) if low[at] == "how" else None
        if asked:
            found += [parts[at], "to"]
        elif low[at] != "please" and not (low[at] == "," and "please" in (low[at - 1 : at] + low[at + 1 : at + 2])):
            found.append(parts[at])
        at += len(asked[0].split()) if asked else 1
    return found
