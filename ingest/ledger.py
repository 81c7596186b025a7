"""How far the log has been applied: what Redis says, and what it ought to say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from typing import Any

from semcache.errors import RedisUnavailable
from semcache.store import keys
from semcache.store.clients.client import Client, is_cluster
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache_ingest.fences import by_node, fences
from semcache_ingest.records import Partition

_log = logging.getLogger("semcache.ingest")


class AppliedOffsets:
    """In Redis, beside the data: up to which offset each partition of a group has been applied.

    If Redis comes back with less than it had (a crash before fsync, a restored backup), this comes back with it,
    and tells where to start again. On a cluster each part of it has a fence (`ingest.fences`), and the least counts.
    """

    def __init__(self, client: Client, group: str) -> None:
        self._redis = client
        self._group = group

    @guarded()
    def of(self, partitions: Collection[Partition]) -> dict[Partition, int | None]:
        """Up to which offset each is applied; None where nothing is known."""
        if not partitions:
            return {}
        fields = [_field(partition) for partition in partitions]
        by_node(self._redis, self._group)
        with self._redis.pipeline(transaction=False) as pipe:
            for fence in fences(self._redis, self._group):
                pipe.hmget(fence, fields)
            rows: Any = pipe.execute()
        return {p: _least(values) for p, values in zip(partitions, zip(*rows, strict=True), strict=True)}

    @guarded()
    def advance(self, partition: Partition, before: int | None, offset: int) -> None:
        """Notes that the partition is applied up to `offset`, if it was up to `before`.

        Raises:
            RedisUnavailable: it is not where it was: Redis has gone back, or another worker has the partition.
        """
        arguments = [_field(partition), "" if before is None else before, offset]
        if not self._moved(arguments):
            raise RedisUnavailable(f"the offset of {_field(partition)} has changed meanwhile: looking again")

    def _moved(self, arguments: list[str | int]) -> bool:
        held = fences(self._redis, self._group)
        if not is_cluster(self._redis):
            return bool(script("ingest_advance")(self._redis, keys=held, args=arguments))
        with self._redis.pipeline(transaction=False) as pipe:
            for fence in held:
                script("ingest_advance_fence")(pipe, keys=[fence], args=arguments)
            return all(pipe.execute())


class Skips:
    """In Redis: records that somebody told the ingestor to pass over (`semcache-ingest dlq skip`)."""

    def __init__(self, client: Client, group: str) -> None:
        self._redis = client
        self._key = keys.INGEST_SKIPS.build(group=group)

    @guarded()
    def add(self, partition: Partition, offset: int) -> None:
        self._redis.sadd(self._key, f"{_field(partition)}:{offset}")

    @guarded()
    def of(self, partition: Partition) -> set[int]:
        """The offsets to pass over in a partition."""
        found: Any = self._redis.smembers(self._key)
        places = (member.decode().rpartition(":") for member in found)
        return {int(offset) for place, _, offset in places if place == _field(partition)}

    @guarded()
    def passed(self, partition: Partition, offsets: Collection[int]) -> None:
        """Those are in the dead-letter topic now."""
        if offsets:
            self._redis.srem(self._key, *(f"{_field(partition)}:{offset}" for offset in offsets))


class Ledger:
    """Up to which offset Redis must hold each partition's log, as far as this process knows. Thread-safe.

    With `rebuild_empty`, a Redis that holds nothing at all has lost everything; without, it is taken as it is.
    """

    def __init__(self, *, rebuild_empty: bool = True) -> None:
        self._rebuild_empty = rebuild_empty
        self._lock = threading.Lock()
        self._expected: dict[Partition, int] = {}

    def expect(self, partition: Partition, offset: int | None) -> None:
        """From now on Redis holds the partition's log up to this offset; None if that is not known."""
        with self._lock:
            if offset is None:
                self._expected.pop(partition, None)
            else:
                self._expected[partition] = offset

    def expected(self, partition: Partition) -> int | None:
        """Up to which offset Redis holds the partition's log, if that is known."""
        with self._lock:
            return self._expected.get(partition)

    def lacks(self, partition: Partition, stored: int | None) -> bool:
        """Whether `stored`, which Redis said last, is less than it held before."""
        with self._lock:
            expected = self._expected.get(partition)
        if stored is None and expected is not None and not self._rebuild_empty:
            _log.error("Redis has lost all records before offset %d of %s:%d", expected, *partition)
            self.expect(partition, None)
            return False
        return expected is not None and (stored is None or stored < expected)

    def lost(self, partitions: Collection[Partition], applied: AppliedOffsets) -> dict[Partition, int | None]:
        """The partitions that Redis has lost a part of, and up to where it holds them; None for nothing at all."""
        with self._lock:
            known = dict(self._expected)  # before Redis is asked: the writer moves both, Redis first
        stored = applied.of([p for p in partitions if p in known])
        behind = {p: offset for p, offset in stored.items() if offset is None or offset < known[p]}
        return {p: offset for p, offset in behind.items() if self.lacks(p, offset)}


def _least(values: Sequence[bytes | None]) -> int | None:
    """The least offset; None if a server knows none."""
    known = [int(value) for value in values if value is not None]
    return min(known) if len(known) == len(values) else None


def _field(partition: Partition) -> str:
    return f"{partition[0]}:{partition[1]}"
