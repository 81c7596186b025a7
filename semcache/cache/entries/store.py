"""The entries of one scope in Redis: which script or command does what."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import redis
from redis.client import Pipeline

from semcache.cache.entries.lineage import current_versions
from semcache.cache.entries.records import (
    ANSWER_FIELDS,
    ENTRY_FIELDS,
    NearEntry,
    NewEntry,
    Progress,
    SearchResult,
    StoredAnswer,
    from_hash,
    near_of,
    stored_under,
    to_hash,
)
from semcache.cache.entries.registering import Store, renewed, stored
from semcache.cache.entries.registration import Registration
from semcache.cache.entries.tally import USE_HALF_LIFE_S
from semcache.cache.inputs import Question
from semcache.cache.types import Entry
from semcache.store import keys
from semcache.store.clients.client import is_cluster
from semcache.store.connect import guarded
from semcache.store.expiry import GRACE_MS, IDLE_S, entry_prefix, scope_keys, whole_seconds
from semcache.store.lua import script

# How far a search looks past entries that may not be served.
MOST_LOOKED_AT = 2_560
_BATCH = 500


def _nothing_to_wait_for() -> None:
    """For whoever has counted nothing itself."""


class Entries:
    """The entries of one scope. Each method is one script or one command: one round trip, atomic.

    `counted` waits until what this process has served is counted. `clock`: a replay's time in place of Redis' own.
    `idle_s`: how long the statistics outlive their last change. `documents`: the namespace whose documents the answers
    may come from, with whose versions `exact` and `search` compare them; None: they do not.
    """

    def __init__(
        self,
        client: redis.Redis,
        scope: str,
        *,
        counted: Callable[[], None] = _nothing_to_wait_for,
        clock: Callable[[], float] | None = None,
        idle_s: float = IDLE_S,
        documents: str | None = None,
    ) -> None:
        self._redis = client
        self.scope = scope
        self._counted = counted
        self._clock = clock
        self.idle_s = whole_seconds(idle_s)
        self._own = scope_keys(scope)
        self._vectors, self._expiry, self._use, self._exact, self._counters = self._own
        self._prefix = entry_prefix(scope)
        self._learned = [kind.build(scope=scope) for kind in (keys.CACHE_MODEL, keys.CACHE_SUMS, keys.CACHE_REPEATS)]
        self._documents = documents
        # A cluster keeps the documents on another server: they are asked for in a round trip of their own.
        together = documents is not None and not is_cluster(client)
        self._versions = [keys.DOCUMENT_VERSIONS.build(namespace=str(documents))] if together else []

    @guarded()
    def exact(self, fingerprint: str) -> SearchResult | None:
        """What is stored under the fingerprint of a question, with its answer."""
        found = script("cache_exact")(self._redis, keys=[self._exact, *self._versions], args=[fingerprint, self.now])
        if not found:
            return None
        id, now, version, changed, row = found
        entry = stored_under(id.decode(), row)
        result = SearchResult(
            near=(),
            exact=entry,
            group_size=None,
            progress=Progress(int(version or 0)),
            answers={entry.entry_id: StoredAnswer.of(row[-len(ANSWER_FIELDS) :])},
            now=float(now),
            changed=_versions(json.loads(changed)) if changed else {},
        )
        return self._compared(result)

    @guarded()
    def search(self, question: Question, vector: bytes, *, count: int, exact: bool = False) -> SearchResult:
        """The nearest entries asked in the same context with the question's tags, best first.

        Among them at least `count` that are neither expired nor rejected, if there are so many. With `exact`, also what
        is stored under its fingerprint.
        """
        found = script("cache_search")(
            self._redis,
            keys=[self._vectors, *self._learned, self._exact, *self._versions],
            args=[
                self._prefix, vector, count, MOST_LOOKED_AT, self.now, question.fingerprint, question.context,
                int(exact), *question.tags,
            ],
        )  # fmt: skip
        return self._result(found)

    def _result(self, found: Sequence[Any]) -> SearchResult:
        """A reply of cache_search.lua."""
        known, sent, answer, now = found
        progress, changed, same, size, *rows = json.loads(known)
        result = SearchResult(
            near=tuple([near_of(row) for row in rows]),
            exact=near_of(same) if same else None,
            group_size=size,
            progress=Progress.of(progress),
            answers={sent.decode(): StoredAnswer.of(answer)} if answer else {},
            now=float(now),
            changed=_versions(changed),
        )
        return self._compared(result)

    def _compared(self, result: SearchResult) -> SearchResult:
        """With the documents that have changed: a cluster's scripts do not see them, and they are asked for here."""
        if self._versions or self._documents is None:
            return result
        documents = [document for entry in result.entries for document in entry.sources or ()]
        return replace(result, changed=current_versions(self._redis, self._documents, documents))

    @guarded()
    def answer(self, entry_id: str, *, now: float) -> StoredAnswer | None:
        """The answer of an entry; None if it may not be served any more."""
        found: Any = self._redis.hmget(self._prefix + entry_id, "expires", "rejected", *ANSWER_FIELDS)
        expires, rejected, *answer = found
        if expires is None or (rejected or b"0") != b"0" or 0 < float(expires) <= now:
            return None
        return StoredAnswer.of(answer)

    @guarded()
    def put(self, *entries: NewEntry, cap: int | None, registration: Registration) -> int:
        """Stores entries, each in place of the one under the same question, and registers the scope, at once.

        Returns how many were evicted for them. Whoever erases the scope meets all of it or nothing.
        """
        if not entries:
            return 0
        if cap:
            self._counted()  # the order of eviction depends on these counts
        stores = [
            Store(entry.ttl_s, tuple(entry.sources), partial(self._queue, entry=entry, cap=cap or 0))
            for entry in entries
        ]
        return sum(stored(self._redis, stores, registration))

    def _queue(self, pipe: Pipeline, documents: str, *, entry: NewEntry, cap: int) -> None:
        indexes = self._indexes(entry)
        fields = to_hash(entry, indexes=indexes)
        script("cache_store")(
            pipe,
            keys=[*self._own, *indexes],
            args=[
                self._prefix, entry.entry_id, entry.question.fingerprint, entry.vector, self.now, entry.ttl_s or 0,
                GRACE_MS, USE_HALF_LIFE_S, cap, self.idle_s, documents, *[x for pair in fields.items() for x in pair],
            ],
        )  # fmt: skip

    @property
    def now(self) -> float | str:
        """What scripts are told of the time: '' = by Redis' clock."""
        return "" if self._clock is None else self._clock()

    def _indexes(self, entry: NewEntry) -> list[str]:
        by_source = [keys.CACHE_SOURCE.build(scope=self.scope, source=source) for source in entry.sources]
        return by_source + [keys.CACHE_TAG.build(scope=self.scope, tag=tag) for tag in entry.tags]

    @guarded()
    def renew(self, chosen: NearEntry, *, now: float, registration: Registration) -> None:
        """Starts the lifetime of an entry anew, if it is still there, and of what registers its scope."""
        if not chosen.expires_at:
            return
        if renewed(self._redis, registration, chosen.sources or {}, chosen.expires_at - chosen.created_at):
            script("cache_renew")(
                self._redis,
                keys=[self._vectors, self._expiry, self._use, self._exact],
                args=[self._prefix, chosen.entry_id, now, GRACE_MS],
            )

    def remove(
        self,
        ids: Iterable[str],
        *,
        counter: str,
        due: float | None = None,
        older_than: tuple[str, int] | None = None,
    ) -> int:
        """Removes entries with vector and indexes; returns how many were there.

        `due`: only those that expire by then. `older_than` (document, version): only those built from an older version.
        """
        document, version = older_than or ("", "")
        conditions = [self._prefix, counter, "" if due is None else due, document, version, self.idle_s]
        removed = 0
        for batch in _batches(ids):
            with guarded():
                removed += int(script("cache_remove")(self._redis, keys=self._own, args=[*conditions, *batch]))
        return removed

    @guarded()
    def by_source(self, source: str) -> list[str]:
        """Ids of the answers built from a document."""
        return self._members(keys.CACHE_SOURCE.build(scope=self.scope, source=source))

    @guarded()
    def by_tag(self, tag: str) -> list[str]:
        """Ids of the answers that carry a tag."""
        return self._members(keys.CACHE_TAG.build(scope=self.scope, tag=tag))

    def _members(self, key: str) -> list[str]:
        members: Any = self._redis.smembers(key)
        return [id.decode() for id in members]

    @guarded()
    def most_used(self, offset: int, limit: int) -> list[str]:
        """Ids, the most used first."""
        self._counted()
        found: Any = self._redis.zrange(self._use, offset, offset + limit - 1, desc=True)
        return [id.decode() for id in found]

    @guarded()
    def read(self, ids: Sequence[str]) -> list[Entry]:
        """The entries that are there, in the order of `ids`."""
        self._counted()
        pipe = self._redis.pipeline(transaction=False)
        for id in ids:
            pipe.hmget(self._prefix + id, *ENTRY_FIELDS)
        return [from_hash(id, row) for id, row in zip(ids, pipe.execute(), strict=True) if row[0] is not None]

    def clear(self) -> int:
        """Removes all entries; returns how many."""
        removed = 0
        while ids := self.most_used(0, _BATCH):
            removed += self.remove(ids, counter="invalidated")
        return removed

    @guarded()
    def forget(self) -> None:
        """Starts the counters again from zero, and forgets what was refused."""
        self._counted()
        self._redis.delete(self._counters, keys.CACHE_REFUSED.build(scope=self.scope))

    def all(self, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """All entries, the most used first, fetched in pages."""
        end = math.inf if limit is None else offset + limit
        while offset < end:
            ids = self.most_used(offset, int(min(_BATCH, end - offset)))
            if not ids:
                return
            yield from self.read(ids)
            offset += len(ids)

    @guarded()
    def count(self, counter: str, by: int = 1) -> None:
        """Raises a counter of the scope."""
        script("cache_count")(self._redis, keys=[self._counters], args=[counter, by, self.idle_s])

    @guarded()
    def size(self) -> int:
        """Number of entries."""
        return int(self._redis.zcard(self._use))

    @guarded()
    def counters(self) -> dict[str, float]:
        """All counters of the scope."""
        self._counted()
        found: Any = self._redis.hgetall(self._counters)
        return {name.decode(): float(value) for name, value in found.items()}


def _versions(changed: Mapping[str, str]) -> dict[str, int]:
    return {document: int(version) for document, version in changed.items()}


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for id in ids:
        batch.append(id)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
