"""How a graph's thread lies in Redis: six keys, however many turns it has, and the names of the fields in them.

`checkpoints` orders the ids of each namespace; `states` has what belongs to a checkpoint but the values of its
channels; `blobs` has these, one for each version of a channel, shared by all checkpoints that refer to it; `writes` and
`write-order` have what tasks wrote behind a checkpoint; `runs` has the checkpoints of each run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from semcache.store import keys
from semcache.store.keys import escape, unescape

EMPTY = "empty"

Typed = tuple[str, bytes]
"""A serialized value as LangGraph has it: the name of its type, and its bytes."""


class Place(NamedTuple):
    """Where a checkpoint is in its thread."""

    namespace: str
    checkpoint: str

    @property
    def member(self) -> str:
        """Its name in `checkpoints`: in one namespace these sort as the ids do."""
        return f"{escape(self.namespace)}:{self.checkpoint}"

    @property
    def prefix(self) -> str:
        """What the names of its writes begin with."""
        return f"{escape(self.namespace)}:{escape(self.checkpoint)}:"

    @classmethod
    def of_member(cls, member: bytes) -> Place:
        namespace, _, checkpoint = member.decode().partition(":")
        return cls(unescape(namespace), checkpoint)


@dataclass(frozen=True, slots=True)
class ThreadKeys:
    """The keys of one thread; they share a hash tag, so that MULTI changes them together."""

    graph: str
    thread: str

    def of(self, kind: keys.KeyKind) -> str:
        return kind.build(namespace=self.graph, thread=self.thread)

    @property
    def checkpoints(self) -> str:
        return self.of(keys.GRAPH_CHECKPOINTS)

    @property
    def states(self) -> str:
        return self.of(keys.GRAPH_STATES)

    @property
    def blobs(self) -> str:
        return self.of(keys.GRAPH_BLOBS)

    @property
    def writes(self) -> str:
        return self.of(keys.GRAPH_WRITES)

    @property
    def order(self) -> str:
        return self.of(keys.GRAPH_WRITE_ORDER)

    @property
    def runs(self) -> str:
        return self.of(keys.GRAPH_RUNS)

    @property
    def all(self) -> list[str]:
        return [self.of(kind) for kind in keys.GRAPH_THREAD]


class State(NamedTuple):
    """A checkpoint without the values of its channels, its metadata, and its parent's id ('' for the first)."""

    checkpoint: Typed
    metadata: Typed
    parent: str


class Write(NamedTuple):
    """One write of a task; `number` < 0 for errors, interrupts and the like, of which a task has one each."""

    task: str
    number: int
    path: str
    channel: str
    value: Typed


def blob_field(namespace: str, channel: str, version: object) -> str:
    """The field of a channel's value in `blobs`; a version is text or a number, and 1 is not "1"."""
    return f"{escape(namespace)}:{escape(channel)}:{escape(json.dumps(version))}"


def write_field(place: Place, task: str, index: int) -> str:
    return f"{place.prefix}{escape(task)}:{index}"


def run_member(run: str, place: Place) -> str:
    return f"{escape(run)}:{place.member}"


def place_of_run(member: bytes) -> Place:
    return Place.of_member(member.partition(b":")[2])


def between(prefix: str) -> tuple[str, bytes]:
    """The range of ZRANGEBYLEX that has what begins with a prefix: no UTF-8 has the byte 0xff."""
    return f"[{prefix}", f"[{prefix}".encode() + b"\xff"


def pack(head: Any, *parts: bytes) -> bytes:
    """JSON of names and lengths, then the bytes of each part, as one value."""
    return json.dumps([head, *map(len, parts)]).encode() + b"\n" + b"".join(parts)


def unpack(value: bytes) -> tuple[Any, list[bytes]]:
    """What `pack` was given."""
    line, _, rest = value.partition(b"\n")
    head, *lengths = json.loads(line)
    parts, at = [], 0
    for length in lengths:
        parts.append(rest[at : at + length])
        at += length
    return head, parts


def pack_typed(value: Typed) -> bytes:
    return pack(value[0], value[1])


def unpack_typed(stored: bytes) -> Typed:
    type_, (data,) = unpack(stored)
    return type_, data


def pack_state(state: State) -> bytes:
    return pack([state.checkpoint[0], state.metadata[0], state.parent], state.checkpoint[1], state.metadata[1])


def unpack_state(stored: bytes) -> State:
    (type_, metadata_type, parent), (checkpoint, metadata) = unpack(stored)
    return State((type_, checkpoint), (metadata_type, metadata), parent)


def pack_write(write: Write) -> bytes:
    return pack([write.task, write.number, write.path, write.channel, write.value[0]], write.value[1])


def unpack_write(stored: bytes) -> Write:
    (task, index, path, channel, type_), (data,) = unpack(stored)
    return Write(task, index, path, channel, (type_, data))


def refers_to(namespace: str, versions: Iterable[tuple[str, object]]) -> list[str]:
    """The fields in `blobs` of the values that a checkpoint refers to, in its order of channels."""
    return [blob_field(namespace, channel, version) for channel, version in versions]
