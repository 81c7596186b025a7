"""Kinds of keys: how a name is made of ids, and read again.

Ids are percent-escaped, so that none reaches into another's keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from string import Formatter
from urllib.parse import quote, unquote

PREFIX = "sc"


@dataclass(frozen=True, slots=True)
class KeyKind:
    """One kind of key: how it is named, its Redis type, how long it lives and what it holds."""

    name: str
    pattern: str
    type: str
    lifetime: str
    holds: str

    @property
    def parts(self) -> tuple[str, ...]:
        """What `build` has to be given."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.pattern) if name)

    def build(self, **parts: str) -> str:
        return _form(self.pattern)(**{k: escape(v) for k, v in parts.items()})

    def matches(self, key: str) -> bool:
        shape = re.escape(f"{PREFIX}:" + self.pattern.format(**dict.fromkeys(self.parts, "\0")))
        return re.fullmatch(shape.replace("\0", "[^:{}]*"), key) is not None


KINDS: list[KeyKind] = []


@cache
def _form(pattern: str) -> Callable[..., str]:
    return f"{PREFIX}:{pattern}".format


@lru_cache(maxsize=65_536)
def escape(part: str) -> str:
    """`a:b` -> `a%3Ab`: no separator, brace or percent sign of an id survives."""
    return part if part.isalnum() and part.isascii() else quote(part, safe="")


def unescape(part: str) -> str:
    """The id that `escape` made a part of."""
    return unquote(part)


def kind_of(key: str) -> KeyKind | None:
    """The declared kind of a key, or None if nobody declared it."""
    return next((kind for kind in KINDS if kind.matches(key)), None)


def undeclared(keys: Iterator[str]) -> list[str]:
    """The keys that no kind declares; a test fails on them."""
    return [key for key in keys if kind_of(key) is None]


def declare(name: str, pattern: str, type: str, lifetime: str, holds: str) -> KeyKind:
    kind = KeyKind(name, pattern, type, lifetime, holds)
    KINDS.append(kind)
    return kind
