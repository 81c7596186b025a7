"""Records: hashes of text fields with a vector each, found by distance, ended by their lifetimes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike
from redis import Redis

from semcache.store.connect import guarded
from semcache.store.keys import escape, unescape
from semcache.store.keys.records import RECORD, RECORD_ENDS, RECORD_SCHEMA, RECORD_VECTORS
from semcache.store.lua import script
from semcache.store.vectors import MAX_COUNT, VectorSet, blob, neighbours

Fields = dict[str, str]
Wanted = Callable[[Fields], bool]

_AT_ONCE = 500
_FIRST_LOOK = 32
_EFFORT = 200
_ROUNDING = 1e-6  # of a cosine in 32 bits


@dataclass(frozen=True, slots=True)
class NearRecord:
    """A record and its cosine distance, 0..2, from what was asked."""

    id: str
    distance: float
    fields: Fields


class Records:
    """The records of one name and kind. All keys are in one slot; each change is one step.

    Raises RedisUnavailable when Redis does not answer, and InvalidInput for a vector of another dimension.
    """

    def __init__(self, client: Redis, kind: str, name: str, *, dim: int) -> None:
        self._redis = client
        self._parts = {"kind": kind, "name": name}
        self._dim = dim
        self._ends = RECORD_ENDS.build(**self._parts)
        self._schema = RECORD_SCHEMA.build(**self._parts)
        self._vectors = VectorSet(client, RECORD_VECTORS.build(**self._parts), dim=dim)
        self._prefix = self.key("")

    def key(self, id: str) -> str:
        """The key of a record."""
        return RECORD.build(**self._parts, id=id)

    def id_of(self, key: str) -> str | None:
        """The id of the record with this key; None if it is no record of this name."""
        return unescape(key.removeprefix(self._prefix)) if key.startswith(self._prefix) else None

    @guarded()
    def put(self, id: str, vector: ArrayLike, fields: Mapping[str, str], *, ttl_s: float | None = None) -> str:
        """Stores a record in place of the one with its id; its key."""
        key, packed = self.key(id), blob(vector, self._dim)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            pipe.hset(key, items=[part for pair in fields.items() for part in pair])
            pipe.execute_command("VADD", self._vectors.key, "FP32", packed, escape(id), "NOQUANT")
            self._end(pipe, id, ttl_s)
            pipe.execute()
        self._sweep()
        return key

    @guarded()
    def change(self, id: str, fields: Mapping[str, str]) -> bool:
        """Changes fields of a record; False if it is not there."""
        flat = [part for pair in fields.items() for part in pair]
        return bool(script("records_change")(self._redis, keys=[self.key(id)], args=flat))

    @guarded()
    def touch(self, lifetimes: Mapping[str, float]) -> None:
        """Begins the lifetimes, s, of records anew."""
        if not lifetimes:
            return
        with self._redis.pipeline(transaction=True) as pipe:
            for id, ttl_s in lifetimes.items():
                self._end(pipe, id, ttl_s)
            pipe.execute()

    @guarded()
    def read(self, ids: Sequence[str]) -> list[Fields | None]:
        """The fields of records; None for one that is not there."""
        if not ids:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hgetall(self.key(id))
            return [{name.decode(): value.decode() for name, value in row.items()} or None for row in pipe.execute()]

    def near(self, vector: ArrayLike, *, distance: float, count: int, wanted: Wanted) -> list[NearRecord]:
        """The `count` nearest records that are wanted, within a cosine distance, nearest first."""
        seen, found = set[str](), list[NearRecord]()
        look = min(max(_FIRST_LOOK, 2 * count), MAX_COUNT)
        while True:
            rows = self._within(vector, look, distance)
            found += self._wanted([row for row in rows if row[0] not in seen], wanted, count - len(found))
            if len(found) >= count or len(rows) < look or look == MAX_COUNT:
                return sorted(found, key=lambda record: record.distance)[:count]
            seen |= {id for id, _ in rows}
            look = min(4 * look, MAX_COUNT)

    def ids(self) -> list[str]:
        """The ids of all records."""
        with guarded():
            found: Any = self._redis.zrange(self._ends, 0, -1)
        return [unescape(id.decode()) for id in found]

    @guarded()
    def drop(self, ids: Sequence[str]) -> int:
        """Removes records; how many were there."""
        dropped = 0
        for some in (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)):
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.unlink(*map(self.key, some))
                pipe.zrem(self._ends, *map(escape, some))
                for id in some:
                    self._vectors.remove(escape(id), pipe=pipe)
                dropped += int(pipe.execute()[0])
        return dropped

    def clear(self) -> int:
        """Removes all records; how many there were."""
        return self.drop(self.ids())

    @guarded()
    def schema(self) -> str | None:
        """What the name was opened with, or None."""
        found: Any = self._redis.get(self._schema)
        return found.decode() if found is not None else None

    @guarded()
    def set_schema(self, schema: str | None) -> None:
        """Notes what the name is opened with; None forgets it."""
        if schema is None:
            self._redis.delete(self._schema)
        else:
            self._redis.set(self._schema, schema)

    def _end(self, pipe: Any, id: str, ttl_s: float | None) -> None:
        if ttl_s is not None:
            pipe.pexpire(self.key(id), max(1, round(ttl_s * 1000)))
        pipe.zadd(self._ends, {escape(id): "+inf" if ttl_s is None else round((time.time() + ttl_s) * 1000)})

    def _within(self, vector: ArrayLike, look: int, distance: float) -> list[tuple[str, float]]:
        command = self._vectors.search_command(vector, count=look, effort=max(look, _EFFORT))
        with guarded():
            rows = neighbours(self._redis.execute_command(*command))
        return [(unescape(id), max(0.0, 1 - cosine)) for id, cosine in rows if 1 - cosine <= distance + _ROUNDING]

    def _wanted(self, rows: Sequence[tuple[str, float]], wanted: Wanted, count: int) -> list[NearRecord]:
        """The first `count` of the rows that are wanted: as many are read as there must be, then ever more."""
        found, start, some = list[NearRecord](), 0, count
        while start < len(rows) and len(found) < count:
            page = rows[start : start + some]
            fields = self.read([id for id, _ in page])
            if None in fields:
                self._sweep()
            read = zip(page, fields, strict=True)
            found += [NearRecord(id, distance, row) for (id, distance), row in read if row is not None and wanted(row)]
            start, some = start + some, 2 * some
        return found

    @guarded()
    def _sweep(self) -> None:
        due: Any = self._redis.zrange(self._ends, "-inf", time.time() * 1000, byscore=True, offset=0, num=_AT_ONCE)
        if due:
            ids = [id.decode() for id in due]
            names = [self.key(unescape(id)) for id in ids]
            script("records_sweep")(self._redis, keys=[self._vectors.key, self._ends, *names], args=ids)
