"""Entries of a redisvl cache, hashes under its prefix, copied to where `semcache.adapters.redisvl` looks for them.

The search module is not asked, so the source may be any Redis that has the hashes. What is there already, and not older
than its source, is left alone: a run that was interrupted is continued by the next, and one more changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import redis

from semcache.adapters.redisvl.budget import Budget
from semcache.adapters.redisvl.entries import FILTER, TIMES
from semcache.embed import Embedder
from semcache.errors import InvalidInput
from semcache.store.connect import guarded
from semcache.store.records import Fields, Records

Vectors = Literal["keep", "embed"]
Advance = Callable[[int], None]

_AT_ONCE = 100
_OF_SOURCE = ("entry_id", "prompt", "response", *TIMES, "metadata")
_VECTOR = "prompt_vector"


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """An entry as redisvl stores it; `vector` in the bytes of its dtype, `ttl_s` None for ever."""

    id: str
    fields: Fields
    vector: bytes
    ttl_s: float | None


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many hashes were copied, were there already, and are no entries of a cache."""

    copied: int = 0
    there: int = 0
    unreadable: int = 0

    @property
    def read(self) -> int:
        return self.copied + self.there + self.unreadable


@dataclass(frozen=True, slots=True)
class Make:
    """How vectors are made: taken as they are, in `dtype`, or embedded anew; and what else is told of an entry."""

    vectors: Vectors
    dtype: str
    embedder: Embedder | None = None
    budget: Budget | None = None

    def made(self, entries: Sequence[SourceEntry]) -> Sequence[Any]:
        """(n, dim) vectors of the entries.

        Raises:
            InvalidInput: bytes are no vector of the dtype.
        """
        if self.embedder is not None and self.vectors == "embed":
            return list(self.embedder.embed([entry.fields["prompt"] for entry in entries]))
        try:
            return [np.frombuffer(entry.vector, self.dtype).astype("<f4") for entry in entries]
        except ValueError as error:
            raise InvalidInput(f"the vectors are not of {self.dtype}: {error}; say which with --dtype") from error


def migrate(
    source: redis.Redis, target: redis.Redis, index: str, *, into: str, make: Make, advance: Advance
) -> Migrated:
    """Copies the entries of the index to the cache `into`; `advance` is told how many have been read.

    Raises:
        InvalidInput: the vectors are not of one dimension.
        RedisUnavailable: one of the two does not answer; what was copied stays.
    """
    done = Migrated()
    for rows in _pages(source, f"{index}:"):
        entries = [entry for entry in rows if entry is not None]
        done = replace(done, unreadable=done.unreadable + len(rows) - len(entries))
        copied = _copy(target, into, entries, make) if entries else 0
        done = replace(done, copied=done.copied + copied, there=done.there + len(entries) - copied)
        advance(done.read)
    return done


def _copy(target: redis.Redis, into: str, entries: Sequence[SourceEntry], make: Make) -> int:
    known = Records(target, "cache", into, dim=1).read([entry.id for entry in entries])
    new = [entry for entry, before in zip(entries, known, strict=True) if before is None or _newer(entry, before)]
    for entry, vector in zip(new, make.made(new) if new else (), strict=True):
        Records(target, "cache", into, dim=len(vector)).put(entry.id, vector, entry.fields, ttl_s=entry.ttl_s)
        if make.budget is not None:
            make.budget.keep(entry.id, entry.fields, ttl_s=entry.ttl_s)
    return len(new)


def _newer(entry: SourceEntry, before: Fields) -> bool:
    return float(entry.fields["updated_at"]) > float(before.get("updated_at", 0))


def _pages(source: redis.Redis, prefix: str) -> Iterator[list[SourceEntry | None]]:
    """The hashes below a prefix, each as an entry, or None for one that is none."""
    page: list[bytes] = []
    with guarded():
        for key in source.scan_iter(match=_literal(prefix) + "*", count=1_000, _type="hash"):
            page.append(key)
            if len(page) == _AT_ONCE:
                yield _read(source, prefix, page)
                page = []
        if page:
            yield _read(source, prefix, page)


def _read(source: redis.Redis, prefix: str, page: Sequence[bytes]) -> list[SourceEntry | None]:
    with source.pipeline(transaction=False) as pipe:
        for key in page:
            pipe.hgetall(key)
            pipe.pttl(key)
        replies = pipe.execute()
    rows = zip(page, replies[::2], replies[1::2], strict=True)
    return [_entry(key.decode("utf-8", "replace").removeprefix(prefix), row, pttl) for key, row, pttl in rows]


def _entry(id: str, row: Mapping[bytes, bytes], pttl: int) -> SourceEntry | None:
    try:
        told = {name.decode(): value.decode() for name, value in row.items() if name != _VECTOR.encode()}
        vector = row[_VECTOR.encode()]
        fields = {name if name in _OF_SOURCE else FILTER + name: value for name, value in told.items()}
        fields = {"inserted_at": "0.0", "updated_at": "0.0", **fields, "entry_id": told.get("entry_id", id)}
        if not fields["prompt"].strip() or not float(fields["updated_at"]) >= 0 or pttl == -2:
            return None
        fields["response"]  # an entry has one
    except (KeyError, ValueError):
        return None
    ttl_s = pttl / 1000 if pttl > 0 else None
    return SourceEntry(fields["entry_id"], fields, vector, ttl_s)


def _literal(prefix: str) -> str:
    """A prefix in which no sign is one of a pattern."""
    return "".join(f"\\{sign}" if sign in "*?[]\\^" else sign for sign in prefix)
