"""What a scope is: hard walls between answers that must never be served for one another.

Namespace, scope items and embedder are part of every key. Another tenant, model, system prompt, tool set or embedder is
another key: there is nothing to filter, so nothing can leak.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from semcache.cache.types import DecisionPlace
from semcache.errors import InvalidInput

# Part of every scope id: raised when the layout or meaning of entries changes, so that old ones are not seen.
FORMAT_VERSION = 2
OWNER, TENANT = "user", "tenant"
"""The scope items that name whose answers these are, and for whom they are kept."""


@dataclass(frozen=True)
class Scope:
    """The walls around a cache. `items` are sorted by name; `embedder` is the embedder's fingerprint."""

    namespace: str
    items: tuple[tuple[str, str], ...]
    embedder: str

    @cached_property
    def id(self) -> str:
        """32 hex digits (BLAKE2b-128): equal for equal walls only."""
        walls = json.dumps([FORMAT_VERSION, self.namespace, self.items, self.embedder])
        return hashlib.blake2b(walls.encode(), digest_size=16).hexdigest()

    def place(self, max_error_rate: float) -> DecisionPlace:
        """Where decisions within this budget are made."""
        items = dict(self.items)
        return DecisionPlace(self.namespace, self.id, items.get(TENANT, ""), OWNER in items, max_error_rate)

    def to_json(self) -> str:
        """What the catalogue of scopes keeps; `from_json` reads it."""
        return json.dumps({"items": dict(self.items), "embedder": self.embedder}, ensure_ascii=False)

    @classmethod
    def from_json(cls, namespace: str, text: str | bytes) -> Scope:
        """The scope of a line of the catalogue."""
        known = json.loads(text)
        return cls(namespace, tuple(sorted(known["items"].items())), known["embedder"])


def make_scope(
    namespace: str, items: Mapping[str, str] | None, *, embedder: str, required: Iterable[str] | None = None
) -> Scope:
    """A scope of these items. With `required`, the names must be exactly those: a forgotten wall is an error.

    Raises:
        InvalidInput: the namespace is empty; a name or a value is no text, or is empty; a required item is missing, or
            there is one that is not required.
    """
    if not isinstance(namespace, str) or not namespace:
        raise InvalidInput("the namespace must be a non-empty string")
    checked = {} if items is None else _checked(items)
    if required is not None:
        _check_names(set(checked), set(required))
    return Scope(namespace, tuple(sorted(checked.items())), embedder)


def _checked(items: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(items, Mapping):
        raise InvalidInput(f"the scope is a mapping of names to strings, not {type(items).__name__}")
    for name, value in items.items():
        if not isinstance(name, str) or not name:
            raise InvalidInput(f"the scope item {name!r} needs a non-empty string as its name")
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"the scope item {name!r} must be a non-empty string, not {value!r}: str() it yourself")
        _check_encodable(name, name + value)
    return dict(items)


def _check_encodable(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"the scope item {name!r} is no valid Unicode: {error.reason}") from error


def _check_names(given: set[str], required: set[str]) -> None:
    if missing := sorted(required - given):
        raise InvalidInput(f"the scope lacks {', '.join(missing)}: without it one answer could be served for another")
    if unknown := sorted(given - required):
        raise InvalidInput(f"unknown scope item {', '.join(unknown)}: the scope has {', '.join(sorted(required))}")
