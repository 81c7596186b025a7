"""Invariants of a cache scope: vectors, entries, exact index, expiry, use, sources, tags and groups agree."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.checks.finding import Finding, Known, read_key
from semcache.store.checks.reading import Question, ask, judged, members, scored, texts
from semcache.store.connect import guarded
from semcache.store.pages import hash_names

_FIELDS = ("asked", "expires", "indexes", "group", "verbatim")


def entries(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """An entry is in all indexes, until it has expired: then whoever comes first removes it from all."""
    rows = ask(redis, [("HMGET", key.name, *_FIELDS) for key in found])
    stored = [(key, texts(row)) for key, row in zip(found, rows, strict=True) if row[0] is not None]
    now = time.time()
    yield from judged(redis, [_about_entry(key, *row) for key, row in stored if not 0 < float(row[1]) <= now])


def _about_entry(key: Known, asked: str, expires: str, indexes: str, group: str, verbatim: str) -> Question:
    id, pointers, mortal = key.ids["entry"], json.loads(indexes or "[]"), float(expires) > 0

    def judge(replies: list[Any]) -> Iterator[Finding]:
        use, due, exact, vector, group_there, grouped, ttl_ms, *indexed = replies
        if ttl_ms == -2:
            return  # gone since it was read
        wrong = {
            "it is not among the used": use is None,
            "its expiry is not noted": mortal and (due is None or float(due) != float(expires)),
            "its question does not lead to it": exact is None or exact.decode() != id,
            "it has no vector": verbatim != "1" and vector != 1,
            "its answer group does not have it": bool(group or group_there) and grouped != 1,
            "it expires, but its key stays for ever": mortal and ttl_ms == -1,
            "it never expires, but its key will vanish": not mortal and ttl_ms >= 0,
            **{f"it is not in {index}": has != 1 for index, has in zip(pointers, indexed, strict=True)},
        }
        for what in (what for what, holds in wrong.items() if holds):
            yield Finding(key.name, what, f"`semcache cache invalidate {id}`: the answer is made again")

    commands: list[tuple[str, ...]] = [
        ("ZSCORE", key.sibling(keys.CACHE_USE), id),
        ("ZSCORE", key.sibling(keys.CACHE_EXPIRY), id),
        ("HGET", key.sibling(keys.CACHE_EXACT), asked),
        ("VISMEMBER", key.sibling(keys.CACHE_VECTORS), id),
        ("EXISTS", own := key.sibling(keys.CACHE_GROUP, group=group or id)),
        ("HEXISTS", own, id),
        ("PTTL", key.name),
        *(("SISMEMBER", index, id) for index in pointers),
    ]
    return Question(commands, judge)


def listed(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What lists entries lists entries that are there; sources, tags and groups, those that name them."""
    for key in found:
        kind = key.kind
        remove = {keys.CACHE_VECTORS: "VREM", keys.CACHE_GROUP: "HDEL"}.get(kind, "SREM") if kind else ""
        remove = "ZREM" if kind in (keys.CACHE_USE, keys.CACHE_EXPIRY) else remove
        for page in _pages(redis, key):
            ids = [id for id in page if not id.startswith("#")]
            entries_of = [key.sibling(keys.CACHE_ENTRY, entry=id) for id in ids]
            rows = ask(redis, [("HMGET", entry, "asked", "indexes", "group") for entry in entries_of])
            due = ask(redis, [("ZSCORE", key.sibling(keys.CACHE_EXPIRY), id) for id in ids])
            for id, row, at in zip(ids, rows, due, strict=True):
                asked, indexes, group = texts(row)
                if at is not None and float(at) <= time.time():
                    continue  # overdue: the next sweep takes it
                if not asked:
                    yield Finding(key.name, f"there is no entry {id}", f"{remove} {key.name} {id}")
                elif not _names(key, json.loads(indexes or "[]"), group or id):
                    yield Finding(key.name, f"entry {id} does not belong here", f"{remove} {key.name} {id}")


def _pages(redis: Redis, key: Known) -> Iterator[list[str]]:
    if key.kind in (keys.CACHE_USE, keys.CACHE_EXPIRY):
        for page in scored(redis, key.name):
            yield [id for id, _ in page]
    else:
        yield from members(redis, key.name)


def _names(key: Known, indexes: list[str], group: str) -> bool:
    if key.kind in (keys.CACHE_SOURCE, keys.CACHE_TAG):
        return key.name in indexes
    return key.kind is not keys.CACHE_GROUP or key.ids["group"] == group


def exact(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """The exact index leads to entries that were asked just so."""
    for key in found:
        with guarded():
            known: Any = redis.hgetall(key.name)
        ids = [id.decode() for id in known.values()]
        asked = ask(redis, [("HGET", key.sibling(keys.CACHE_ENTRY, entry=id), "asked") for id in ids])
        for question, id, of in zip(known, ids, asked, strict=True):
            if of != question:
                wrong = f"{question.decode()} leads to {id}, " + ("another question" if of else "which is not there")
                yield Finding(key.name, wrong, f"HDEL {key.name} {question.decode()}")


class Homes:
    """The namespaces of cache scopes, from their catalogues; looked up again for a scope that is new."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[str, str] = {}

    def of(self, scope: str) -> str | None:
        if scope not in self._known:
            self._read()
        return self._known.get(scope)

    def _read(self) -> None:
        pattern = keys.CACHE_SCOPES.build(namespace="").replace("}", "*}")
        with guarded():
            for name in self._redis.scan_iter(match=pattern, count=1_000):
                namespace = read_key(name.decode()).ids["namespace"]
                self._known |= {scope.decode(): namespace for scope in hash_names(self._redis, name)}

    def used(self, redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
        """A scope that holds entries is in a catalogue: sweeper and commands find it there."""
        for key in found:
            if self.of(key.ids["scope"]) is None:
                wrong = "no catalogue has this scope: nobody sweeps or lists it"
                yield Finding(key.name, wrong, f"DEL {key.name}, and the scope's other keys")
        yield from listed(redis, found)

    def sources(self, redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
        """A scope that has answers from a document is known as its dependant: a change of the document finds them."""
        for key in found:
            scope, source = key.ids["scope"], key.ids["source"]
            known = keys.CACHE_DEPENDANTS.build(namespace=self.of(scope) or "", source=source)
            held, noted = ask(redis, [("SCARD", key.name), ("HEXISTS", known, scope)])
            if held and not noted and self.of(scope) is not None:
                wrong = "a change of this document would not find the answers of this scope"
                yield Finding(key.name, wrong, f"HSET {known} {scope} 1")
        yield from listed(redis, found)

    def checks(self) -> dict[keys.KeyKind, Callable[[Redis, Sequence[Known]], Iterator[Finding]]]:
        """The checks of a cache, by kind of key."""
        return {**CHECKS, keys.CACHE_USE: self.used, keys.CACHE_SOURCE: self.sources}


CHECKS = {
    keys.CACHE_ENTRY: entries,
    keys.CACHE_VECTORS: listed,
    keys.CACHE_EXPIRY: listed,
    keys.CACHE_EXACT: exact,
    keys.CACHE_TAG: listed,
    keys.CACHE_GROUP: listed,
}
