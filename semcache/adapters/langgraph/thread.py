"""One thread in Redis: what is written and read of it, each change one MULTI in its slot."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import redis
from langgraph.checkpoint.base import writes_sort_key
from redis.client import Pipeline
from redis.exceptions import WatchError

from semcache.adapters.langgraph.records import (
    Place,
    State,
    ThreadKeys,
    Typed,
    Write,
    between,
    pack_state,
    pack_typed,
    pack_write,
    place_of_run,
    run_member,
    unpack_state,
    unpack_typed,
    unpack_write,
    write_field,
)
from semcache.store.connect import guarded

_PAGE = 200


class Thread:
    """A thread's keys with the client that reads and writes them. `ttl_ms`: all keys live that long, together."""

    def __init__(self, client: redis.Redis, keys: ThreadKeys, ttl_ms: int | None) -> None:
        self.keys = keys
        self._redis = client
        self._ttl_ms = ttl_ms

    def put(self, place: Place, state: State, blobs: dict[str, Typed], run: str | None) -> None:
        """Stores a checkpoint and the new versions of its channels."""
        with guarded(), self._redis.pipeline() as pipe:
            if blobs:
                pipe.hset(self.keys.blobs, mapping={field: pack_typed(value) for field, value in blobs.items()})
            pipe.hset(self.keys.states, place.member, pack_state(state))
            pipe.zadd(self.keys.checkpoints, {place.member: 0})
            if run is not None:
                pipe.zadd(self.keys.runs, {run_member(run, place): 0})
            self._touch(pipe)
            pipe.execute()

    def put_writes(self, place: Place, writes: Sequence[Write]) -> None:
        """Stores writes: of ordinary ones the first stays, of special ones (number < 0) the last."""
        with guarded(), self._redis.pipeline() as pipe:
            for write in writes:
                field = write_field(place, write.task, write.number)
                (pipe.hset if write.number < 0 else pipe.hsetnx)(self.keys.writes, field, pack_write(write))
                pipe.zadd(self.keys.order, {field: 0})
            self._touch(pipe)
            pipe.execute()

    def touch(self) -> None:
        """Begins the lifetime of all keys anew, if they have one."""
        if self._ttl_ms is not None:
            with guarded(), self._redis.pipeline() as pipe:
                self._touch(pipe)
                pipe.execute()

    def _touch(self, pipe: Pipeline) -> None:
        if self._ttl_ms is not None:
            for key in self.keys.all:
                pipe.pexpire(key, self._ttl_ms)

    def latest(self, namespace: str) -> Place | None:
        """The newest checkpoint of a namespace."""
        low, high = between(Place(namespace, "").member)
        with guarded():
            found: Any = self._redis.zrevrangebylex(self.keys.checkpoints, high, low, start=0, num=1)
        return Place.of_member(found[0]) if found else None

    def places(self, namespace: str | None = None) -> Iterator[Place]:
        """The checkpoints of a namespace, or of all; newest first."""
        if namespace is not None:
            yield from self._newest_first(namespace)
            return
        ordered = (self._newest_first(name) for name in self.namespaces())
        yield from heapq.merge(*ordered, key=lambda place: place.checkpoint, reverse=True)

    def namespaces(self) -> list[str]:
        """The namespaces that have checkpoints, in the order of their names: each is found by jumping over the last."""
        found: list[str] = []
        low: str | bytes = "-"
        while True:
            with guarded():
                first: Any = self._redis.zrangebylex(self.keys.checkpoints, low, "+", start=0, num=1)
            if not first:
                return found
            found.append(Place.of_member(first[0]).namespace)
            low = between(Place(found[-1], "").member)[1]

    def _newest_first(self, namespace: str) -> Iterator[Place]:
        low, high = between(Place(namespace, "").member)
        upper: str | bytes = high
        while True:
            with guarded():
                page: Any = self._redis.zrevrangebylex(self.keys.checkpoints, upper, low, start=0, num=_PAGE)
            yield from map(Place.of_member, page)
            if len(page) < _PAGE:
                return
            upper = b"(" + page[-1]

    def states(self, places: Sequence[Place]) -> dict[Place, State]:
        """The states of those that are there."""
        if not places:
            return {}
        with guarded():
            stored: Any = self._redis.hmget(self.keys.states, [place.member for place in places])
        return {place: unpack_state(value) for place, value in zip(places, stored, strict=True) if value is not None}

    def blobs(self, fields: Sequence[str]) -> list[Typed | None]:
        """Values of channels; None for one that is not stored."""
        if not fields:
            return []
        with guarded():
            stored: Any = self._redis.hmget(self.keys.blobs, list(fields))
        return [None if value is None else unpack_typed(value) for value in stored]

    def writes(self, place: Place) -> list[Write]:
        """The writes behind a checkpoint, in the order in which a run applies them."""
        with guarded():
            fields: Any = self._redis.zrangebylex(self.keys.order, *between(place.prefix))
            stored: Any = self._redis.hmget(self.keys.writes, fields) if fields else []
        writes = [unpack_write(value) for value in stored if value is not None]
        return sorted(writes, key=lambda write: writes_sort_key(write.path, write.task, write.number))

    def of_runs(self, runs: Iterable[str]) -> set[Place]:
        """The checkpoints of runs."""
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for run in runs:
                pipe.zrangebylex(self.keys.runs, *between(run_member(run, Place("", "")).partition(":")[0] + ":"))
            return {place_of_run(member) for found in pipe.execute() for member in found}

    def removal(self, places: Sequence[Place], refers: set[str]) -> Removal:
        """What leaves with checkpoints: their writes and runs, and the values that are not in `refers`."""
        prefixes = tuple(place.prefix.encode() for place in places)
        gone = {place.member.encode() for place in places}
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(self.keys.order, 0, -1)
            pipe.zrange(self.keys.runs, 0, -1)
            pipe.hkeys(self.keys.blobs)
            order, runs, blobs = pipe.execute()
        return Removal(
            places,
            [field for field in order if field.startswith(prefixes)] if prefixes else [],
            [member for member in runs if member.partition(b":")[2] in gone],
            [field for field in blobs if field.decode() not in refers],
        )

    def change(self, plan: Callable[[], Removal]) -> None:
        """Removes what `plan` finds to be removed; plans again if a checkpoint was put in between."""
        with guarded(), self._redis.pipeline() as pipe:
            while not self._changed(pipe, plan):
                pass

    def _changed(self, pipe: Pipeline, plan: Callable[[], Removal]) -> bool:
        pipe.watch(self.keys.checkpoints)
        removal = plan()
        pipe.multi()
        removal.queue(pipe, self.keys)
        try:
            pipe.execute()
        except WatchError:
            return False
        return True

    def copy_to(self, other: Thread) -> None:
        """Copies every checkpoint with its values and writes into another thread, which keeps what it has."""
        mine, theirs = self.keys, other.keys
        with guarded(), self._redis.pipeline() as pipe:
            for hash in (mine.states, mine.blobs, mine.writes):
                pipe.hgetall(hash)
            for order in (mine.checkpoints, mine.order, mine.runs):
                pipe.zrange(order, 0, -1)
            states, blobs, writes, *orders = pipe.execute()
            for key, fields in ((theirs.states, states), (theirs.blobs, blobs), (theirs.writes, writes)):
                if fields:
                    pipe.hset(key, mapping=fields)
            for key, members in zip((theirs.checkpoints, theirs.order, theirs.runs), orders, strict=True):
                if members:
                    pipe.zadd(key, dict.fromkeys(members, 0))
            other._touch(pipe)
            pipe.execute()

    def delete(self) -> None:
        with guarded():
            self._redis.delete(*self.keys.all)


class Removal:
    """What is to be removed of a thread: checkpoints with their writes, and values that nothing refers to any more."""

    def __init__(
        self, places: Sequence[Place], writes: Sequence[bytes], runs: Sequence[bytes], blobs: Sequence[bytes]
    ) -> None:
        self.places = places
        self._writes = writes
        self._runs = runs
        self._blobs = blobs

    def queue(self, pipe: Pipeline, keys: ThreadKeys) -> None:
        """Queues the removal on a transaction."""
        members = [place.member for place in self.places]
        for hash, fields in ((keys.states, members), (keys.writes, self._writes), (keys.blobs, self._blobs)):
            if fields:
                pipe.hdel(hash, *fields)
        for order, found in ((keys.checkpoints, members), (keys.order, self._writes), (keys.runs, self._runs)):
            if found:
                pipe.zrem(order, *found)
