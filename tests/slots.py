"""Slots that move from one node of an embedded cluster to another, key by key, as redis-cli moves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from semcache.devstack.ports import LOOPBACK
from semcache.devstack.redundant import EmbeddedCluster, Node


@dataclass(frozen=True, slots=True)
class Move:
    """A slot on its way from `source` to `target`."""

    slot: int
    source: Node
    target: Node

    def keys(self, most: int = 100) -> list[bytes]:
        """Keys that are still at the source."""
        found: list[bytes] = self.source.ask("CLUSTER", "GETKEYSINSLOT", self.slot, most)
        return found

    def carry(self, key: bytes) -> None:
        """Moves one key."""
        self.source.ask("MIGRATE", LOOPBACK, self.target.server.port, key, 0, 5_000)


def owner(cluster: EmbeddedCluster, slot: int) -> Node:
    """The primary that serves the slot."""
    for first, last, (_, port, *_), *_ in cluster.nodes[0].ask("CLUSTER", "SLOTS"):
        if first <= slot <= last:
            return next(node for node in cluster.nodes if node.server.port == port)
    raise AssertionError(f"nobody serves slot {slot}")


@contextmanager
def moving(cluster: EmbeddedCluster, slot: int, target: Node) -> Iterator[Move]:
    """The slot is on the move inside, and at the target afterwards, with all that is in it."""
    source = owner(cluster, slot)
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
    move = Move(slot, source, target)
    yield move
    while keys := move.keys():
        for key in keys:
            move.carry(key)
    for node in (target, source):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.ask("CLUSTER", "MYID"))


def primary_nodes(cluster: EmbeddedCluster) -> list[Node]:
    return [node for node in cluster.nodes if node.info("replication")["role"] == "master"]
