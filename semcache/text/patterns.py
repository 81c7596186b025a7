"""Patterns made of many alternatives, and patterns that are compiled when they are first used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property


def any_of(*alternatives: str, start: bool = False) -> re.Pattern[str]:
    """Matches any of the regular expressions, whatever the case; with `start`, at the beginning of the text."""
    joined = "|".join(f"(?:{alternative})" for alternative in alternatives)
    return re.compile(rf"^(?:{joined})" if start else joined, re.IGNORECASE)


class Pattern:
    """As `re.compile(...)` of the pieces joined, when first used; case is ignored unless `cased`."""

    def __init__(self, *pieces: str, cased: bool = False, dotall: bool = False) -> None:
        self._source = "".join(pieces)
        self._flags = (re.NOFLAG if cased else re.IGNORECASE) | (re.DOTALL if dotall else re.NOFLAG)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self._source, self._flags)

    def match(self, text: str, place: int = 0) -> re.Match[str] | None:
        return self.compiled.match(text, place)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        return self.compiled.search(text, start, len(text) if end is None else end)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self.compiled.finditer(text)

    def sub(self, by: str | Callable[[re.Match[str]], str], text: str) -> str:
        return self.compiled.sub(by, text)

    def findall(self, text: str) -> list[str]:
        return self.compiled.findall(text)

    def split(self, text: str) -> list[str]:
        return self.compiled.split(text)


class Hint:
    """Says fast whether a text has any of some pieces, in whatever case: what a slow pattern cannot match without.

    Pieces are regular expressions that begin with a letter or a class; only then the search skips from one possible
    beginning to the next.
    """

    def __init__(self, *pieces: str) -> None:
        self._pattern = Pattern("|".join(pieces), cased=True)

    def within(self, lower: str) -> bool:
        """Whether the text, in lower case, has any of them."""
        return self._pattern.search(lower) is not None


def either(words: Iterable[str]) -> str:
    """Any of some words, the longest first, for a group of a pattern."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
