"""Two namespaces compared, after a replay for example: the same turns, documents, versions, counts and vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from redis import Redis

from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.checks.finding import Known, read_key
from semcache.store.checks.reading import ask, members, scored
from semcache.store.clients.client import scan_pages
from semcache.store.connect import guarded
from semcache.store.sealing import UNSEALED, Sealer

How = Literal["other value", "only in the first", "only in the second"]

_PAGE = 1_000
_SEALED = (b"text", b"speaker")
# Short-term memory runs out by the clock; readings are derived and may be missing: their turns are compared; nothing
# reads the rest.
_LEFT_OUT = (keys.WINDOW, keys.READINGS, keys.SESSION_LENGTHS, keys.SESSION_STEM)
# Their names and values hang on the owner, of whom the namespace is a part.
_LEFT_OUT_SEALED = (keys.TURN_STEM,)


@dataclass(frozen=True, slots=True)
class Difference:
    """A key, as it is called in the first namespace, that is not the same in the second."""

    key: str
    kind: str
    how: How


@dataclass(slots=True)
class Comparison:
    """How many keys of each kind are equal, and what is not."""

    equal: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each kind of key."""
        kinds = [*self.equal, *(difference.kind for difference in self.differences)]
        return [self._row(kind) for kind in sorted(set(kinds))]

    def _row(self, kind: str) -> dict[str, Any]:
        those = [difference.how for difference in self.differences if difference.kind == kind]
        hows: tuple[How, ...] = ("other value", "only in the first", "only in the second")
        return {"kind": kind, "equal": self.equal.get(kind, 0), **{how: those.count(how) for how in hows}}


def compare(
    redis: Redis,
    first: str,
    second: str,
    *,
    sealer: Sealer = UNSEALED,
    advance: Callable[[int], object] = lambda keys: None,
) -> Comparison:
    """Compares what two namespaces remember and know; caches, which no replay fills, are left out.

    Vectors are compared byte for byte. Sealed texts are opened; their words, which are hidden under names that hang
    on the namespace, are left out. Nobody should write meanwhile.

    Raises:
        InvalidInput: both are the same.
        SealError: a text cannot be opened.
        RedisUnavailable: as every command.
    """
    if first == second:
        raise InvalidInput(f"{first!r} is always equal to itself: give two namespaces")
    found, reader = Comparison(), _Reader(redis, sealer)
    for page in _keys(redis, first, sealer):
        there = [_in(known, second) for known in page]
        for known, mine, other in zip(page, reader.values(page), reader.values(there), strict=True):
            _note(found, known, mine, other)
        advance(len(page))
    for page in _keys(redis, second, sealer):
        here = [_in(known, first) for known in page]
        exist = ask(redis, [("EXISTS", known.name) for known in here])
        for known in (known for known, exists in zip(here, exist, strict=True) if not exists):
            found.differences.append(Difference(known.name, _kind(known), "only in the second"))
        advance(len(page))
    return found


def _note(found: Comparison, known: Known, mine: bytes | None, other: bytes | None) -> None:
    if mine == other:
        found.equal[_kind(known)] = found.equal.get(_kind(known), 0) + 1
    else:
        how: How = "only in the first" if other is None else "other value"
        found.differences.append(Difference(known.name, _kind(known), how))


def _kind(known: Known) -> str:
    return known.kind.name if known.kind else "undeclared"


def _keys(redis: Redis, namespace: str, sealer: Sealer) -> Iterator[list[Known]]:
    """The keys of a namespace's memories and documents, in pages."""
    left_out = _LEFT_OUT + (_LEFT_OUT_SEALED if sealer.active else ())
    for pattern in (f"{keys.PREFIX}:{{m:{keys.escape(namespace)}:*", f"{keys.PREFIX}:{{k:{keys.escape(namespace)}}}*"):
        with guarded():
            for names in scan_pages(redis, pattern, count=_PAGE):
                page = [read_key(name.decode("utf-8", "replace")) for name in names]
                yield [known for known in page if known.kind not in left_out]


def _in(known: Known, namespace: str) -> Known:
    """The same key of another namespace."""
    tag, _, rest = known.name.partition("}")
    letter, owner = tag.split(":", 2)[1], tag.split(":", 2)[2]
    user = owner.partition(":")[1] + owner.partition(":")[2]
    return read_key(f"{keys.PREFIX}:{letter}:{keys.escape(namespace)}{user}}}{rest}")


def _place(known: Known, name: bytes) -> str:
    """The place that a field is sealed for; '' if it is not sealed."""
    if known.kind is keys.TURN and name in _SEALED:
        return f"{known.name}#{name.decode()}"
    return f"{known.sibling(keys.TURN, turn=name.decode())}#claims" if known.kind is keys.CLAIMS else ""


class _Reader:
    """Values as digests: equal digests, equal values."""

    def __init__(self, redis: Redis, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer

    def values(self, page: Sequence[Known]) -> list[bytes | None]:
        """A digest for each key, None for one that is not there."""
        types = [kind.decode() for kind in ask(self._redis, [("TYPE", known.name) for known in page])]
        return [None if kind == "none" else self._digest(known, kind) for known, kind in zip(page, types, strict=True)]

    def _digest(self, known: Known, kind: str) -> bytes:
        digest = hashlib.blake2b(kind.encode(), digest_size=16)
        for part in self._parts(known, kind):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def _parts(self, known: Known, kind: str) -> Iterator[bytes]:
        if kind == "hash":
            yield from self._hash(known)
        elif kind == "zset":
            for page in scored(self._redis, known.name):
                yield from (f"{score!r} {member}".encode() for member, score in page)
        elif kind == "vectorset":
            yield from self._vectors(known.name)
        elif kind == "set":
            yield from sorted(member.encode() for page in members(self._redis, known.name) for member in page)
        else:
            yield repr(ask(self._redis, [("GET", known.name)])).encode()  # strings; lists have none of these kinds

    def _hash(self, known: Known) -> Iterator[bytes]:
        with guarded():
            fields: Any = self._redis.hgetall(known.name)
        for name, value in sorted(fields.items()):
            if place := _place(known, name):
                value = self._sealer.open(value.decode(), place).encode()
            if not (known.kind is keys.TURN and self._sealer.active and name == b"stems"):
                yield from (name, value)

    def _vectors(self, name: str) -> Iterator[bytes]:
        ids = sorted(id for page in members(self._redis, name) for id in page)
        for start, end in pairwise([*range(0, len(ids), _PAGE), len(ids)]):
            some = ids[start:end]
            commands = [(command, name, id, *raw) for id in some for command, *raw in (("VEMB", "RAW"), ("VGETATTR",))]
            replies = ask(self._redis, commands)
            for id, vector, attributes in zip(some, replies[::2], replies[1::2], strict=True):
                yield from (id.encode(), repr(vector).encode(), attributes or b"")
