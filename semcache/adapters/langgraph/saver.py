"""The checkpointers: a graph's threads in Redis, without modules."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict

import redis
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from semcache.adapters.langgraph.asynchronous import FromAsyncio
from semcache.adapters.langgraph.catalogue import Catalogue
from semcache.adapters.langgraph.configs import config_of, namespace_of, thread_id, user_of
from semcache.adapters.langgraph.opening import open_client
from semcache.adapters.langgraph.pruning import DELTA_COUNTERS, Link, latest, needed
from semcache.adapters.langgraph.records import (
    EMPTY,
    Place,
    State,
    ThreadKeys,
    Typed,
    Write,
    blob_field,
    refers_to,
)
from semcache.adapters.langgraph.thread import Removal, Thread
from semcache.inputs import check_id, duration

DEFAULT_GRAPH = "default"


class SaverTtl(TypedDict, total=False):
    """Lifetime of a thread after its last write, minutes; with `refresh_on_read` after its last use."""

    default_ttl: float | None
    refresh_on_read: bool


class RedisSaver(FromAsyncio):
    """Keeps the checkpoints of LangGraph threads; synchronous, and asynchronous by threads.

    A thread is six keys of core Redis types, however many turns it has; with a `ttl` they expire together. A thread
    whose config has a `user_id` is removed when that user's memory is erased in the namespace of the same name.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        *,
        redis_client: redis.Redis | None = None,
        connection_args: dict[str, Any] | None = None,
        ttl: SaverTtl | None = None,
        checkpoint_prefix: str = DEFAULT_GRAPH,
        checkpoint_write_prefix: str = "",
        serde: SerializerProtocol | None = None,
    ) -> None:
        """`checkpoint_prefix`: the namespace of the keys, one for each application that shares a Redis.
        `checkpoint_write_prefix` is accepted and has no effect: writes lie beside their checkpoints. `serde`:
        `SealedSerializer` and LangGraph's `EncryptedSerializer` keep values secret. Nothing is sent to Redis yet.

        Raises:
            InvalidInput: neither or both of URL and client are given, or the client decodes responses.
        """
        super().__init__(serde=serde)
        self._redis, self._owned = open_client(redis_url, redis_client, connection_args)
        self._graph = check_id("checkpoint_prefix", checkpoint_prefix)
        minutes = (ttl or {}).get("default_ttl")
        self._ttl_s = None if minutes is None else duration("ttl['default_ttl'] * 60", minutes * 60)
        self._refreshes = bool((ttl or {}).get("refresh_on_read", False))
        self._catalogue = Catalogue(self._redis, self._graph, self._ttl_s)

    @classmethod
    @contextlib.contextmanager
    def from_conn_string(cls, redis_url: str, **options: Any) -> Iterator[RedisSaver]:
        """A saver whose connections are closed at the end; options as the constructor's."""
        saver = cls(redis_url, **options)
        try:
            yield saver
        finally:
            saver.close()

    def setup(self) -> None:
        """Does nothing: there are no indexes to create."""

    async def asetup(self) -> None:
        """Does nothing, as `setup`."""

    def close(self) -> None:
        """Closes the connections, unless the client was passed in."""
        if self._owned:
            self._redis.close()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Stores a checkpoint, with the values of the channels whose versions are new."""
        thread, namespace = thread_id(config), namespace_of(config) or ""
        place = Place(namespace, checkpoint["id"])
        values = checkpoint["channel_values"]
        rest = {name: value for name, value in checkpoint.items() if name != "channel_values"}
        merged = get_checkpoint_metadata(config, metadata)
        state = State(self.serde.dumps_typed(rest), self.serde.dumps_typed(merged), get_checkpoint_id(config) or "")
        blobs = {
            blob_field(namespace, channel, version): self._dumped(values, channel)
            for channel, version in new_versions.items()
        }
        run = merged.get("run_id")
        self._thread(thread).put(place, state, blobs, None if run is None else str(run))
        self._catalogue.add(thread, user_of(config))
        return config_of(thread, place)

    def _dumped(self, values: Mapping[str, Any], channel: str) -> Typed:
        return self.serde.dumps_typed(values[channel]) if channel in values else (EMPTY, b"")

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores what a task wrote behind a checkpoint; again, it changes errors, interrupts and resumes only."""
        place = Place(namespace_of(config) or "", str(config["configurable"]["checkpoint_id"]))
        rows = [
            Write(task_id, WRITES_IDX_MAP.get(channel, at), task_path, channel, self.serde.dumps_typed(value))
            for at, (channel, value) in enumerate(writes)
        ]
        if rows:
            self._thread(thread_id(config)).put_writes(place, rows)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that the config names, or the newest of its namespace; None if there is none."""
        id, namespace, asked = thread_id(config), namespace_of(config) or "", get_checkpoint_id(config)
        thread = self._thread(id)
        place = Place(namespace, asked) if asked else thread.latest(namespace)
        state = thread.states([place]).get(place) if place else None
        if place is None or state is None:
            return None
        if self._refreshes:
            thread.touch()
            self._catalogue.add(id, user_of(config))
        return self._tuple(thread, place, state, config if asked else config_of(id, place))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, newest first: of a namespace, of a thread (no `checkpoint_ns`), or of all threads (None).

        `filter`: values that the metadata must have. `before`: only what is older than that checkpoint.
        """
        left = limit
        for thread, place in self._places(config, before):
            if left is not None and left <= 0:
                return
            state = thread.states([place]).get(place)
            if state is None:
                continue
            metadata = self.serde.loads_typed(state.metadata)
            if all(metadata.get(name) == value for name, value in (filter or {}).items()):
                left = None if left is None else left - 1
                yield self._tuple(thread, place, state, config_of(thread.keys.thread, place))

    def _places(self, config: RunnableConfig | None, before: RunnableConfig | None) -> Iterator[tuple[Thread, Place]]:
        ids = self._catalogue.threads() if config is None else [thread_id(config)]
        namespace = None if config is None else namespace_of(config)
        asked = None if config is None else get_checkpoint_id(config)
        end = get_checkpoint_id(before) if before else None
        listed = [_with(thread, thread.places(namespace)) for thread in map(self._thread, ids)]
        for thread, place in heapq.merge(*listed, key=lambda found: found[1].checkpoint, reverse=True):
            if (not asked or place.checkpoint == asked) and (not end or place.checkpoint < end):
                yield thread, place

    def _tuple(self, thread: Thread, place: Place, state: State, config: RunnableConfig) -> CheckpointTuple:
        checkpoint = self.serde.loads_typed(state.checkpoint)
        versions = checkpoint["channel_versions"]
        blobs = thread.blobs(refers_to(place.namespace, versions.items()))
        values = {
            channel: self.serde.loads_typed(blob)
            for channel, blob in zip(versions, blobs, strict=True)
            if blob is not None and blob[0] != EMPTY
        }
        parent = config_of(thread.keys.thread, Place(place.namespace, state.parent)) if state.parent else None
        writes = [(write.task, write.channel, self.serde.loads_typed(write.value)) for write in thread.writes(place)]
        metadata = self.serde.loads_typed(state.metadata)
        return CheckpointTuple(config, {**checkpoint, "channel_values": values}, metadata, parent, writes)

    def get_next_version(self, current: str | int | None, channel: None) -> str:
        """The version after `current`: its number counts up, and a random part tells branches apart."""
        number = 0 if current is None else int(str(current).split(".", maxsplit=1)[0])
        return f"{number + 1:032}.{random.random():016}"

    def delete_thread(self, thread_id: str) -> None:
        """Removes all of a thread."""
        self._thread(str(thread_id)).delete()
        self._catalogue.remove([str(thread_id)])

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Removes the checkpoints of runs; those without which another's delta channels would be lost stay."""
        runs = [str(run) for run in run_ids]
        for thread in map(self._thread, self._catalogue.threads() if runs else []):
            if doomed := thread.of_runs(runs):
                self._keep(thread, lambda places, doomed=doomed: places - doomed)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies a thread's checkpoints, with values and writes, into another one."""
        target = self._thread(str(target_thread_id))
        self._thread(str(source_thread_id)).copy_to(target)
        if target.namespaces():
            self._catalogue.add(str(target_thread_id), None)

    def prune(
        self, thread_ids: Sequence[str], *, strategy: Literal["keep_latest", "delete"] | str = "keep_latest"
    ) -> None:
        """Removes all checkpoints but the newest of each namespace ("keep_latest"), or all ("delete").

        Ancestors from which the newest makes the values of its delta channels stay.
        """
        for id in map(str, thread_ids):
            if strategy == "delete":
                self.delete_thread(id)
            elif strategy == "keep_latest":
                self._keep(self._thread(id), latest)
            else:
                raise ValueError(f"strategy is 'keep_latest' or 'delete', not {strategy!r}")

    def _keep(self, thread: Thread, wanted: Any) -> None:
        """Removes what none of the `wanted` (places -> places) needs, with values that nothing refers to any more."""

        def plan() -> Removal:
            states = thread.states(list(thread.places()))
            loaded = {place: self.serde.loads_typed(state.checkpoint) for place, state in states.items()}
            links = {place: self._link(thread, place, state, loaded[place]) for place, state in states.items()}
            kept = needed(links, wanted(set(states)))
            refers = {
                field
                for place in kept
                for field in refers_to(place.namespace, loaded[place]["channel_versions"].items())
            }
            return thread.removal([place for place in states if place not in kept], refers)

        thread.change(plan)

    def _link(self, thread: Thread, place: Place, state: State, checkpoint: Mapping[str, Any]) -> Link:
        pending = frozenset(self.serde.loads_typed(state.metadata).get(DELTA_COUNTERS) or ())
        versions = checkpoint["channel_versions"]
        blobs = thread.blobs(refers_to(place.namespace, versions.items()))
        there = (channel for channel, blob in zip(versions, blobs, strict=True) if blob and blob[0] != EMPTY)
        return Link(state.parent, frozenset(there), pending)

    def _thread(self, thread: str) -> Thread:
        return Thread(
            self._redis, ThreadKeys(self._graph, thread), None if self._ttl_s is None else round(self._ttl_s * 1000)
        )


class AsyncRedisSaver(RedisSaver):
    """The same saver, opened by `async with AsyncRedisSaver.from_conn_string(url)`."""

    @classmethod
    @contextlib.asynccontextmanager
    async def from_conn_string(cls, redis_url: str, **options: Any) -> AsyncIterator[AsyncRedisSaver]:  # type: ignore[override]
        """A saver whose connections are closed at the end; options as the constructor's."""
        saver = cls(redis_url, **options)
        try:
            yield saver
        finally:
            await asyncio.to_thread(saver.close)


def _with(thread: Thread, places: Iterator[Place]) -> Iterator[tuple[Thread, Place]]:
    return ((thread, place) for place in places)
