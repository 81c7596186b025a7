"""The client of Redis that everything above `store` knows: one server, Sentinel and Cluster behind one interface.

All three are redis-py's `Redis` to the caller, with its commands and pipelines; what a command alone cannot tell of
several servers (all keys, all primaries, who holds a key) is asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis
from redis.client import Pipeline

from semcache.store.clients.clustered import ClusterClient

Client = redis.Redis
"""A client made by `semcache.store.connect`, or the caller's own of one server or of a primary under Sentinel."""

__all__ = ["Client", "Pipeline", "every_server", "is_cluster", "node_of", "primaries", "scan_pages", "serving"]


def is_cluster(client: Client) -> bool:
    """Whether the keys are spread over several servers."""
    return isinstance(client, ClusterClient)


def primaries(client: Client) -> dict[str, Client]:
    """A client of each server that takes writes, by its address; of one server (or Sentinel), that client itself."""
    return client.primaries() if isinstance(client, ClusterClient) else {"": client}


def every_server(client: Client) -> dict[str, Client]:
    """A client of each server by its address, replicas of a cluster among them; of one server, that client itself."""
    return client.every_server() if isinstance(client, ClusterClient) else {"": client}


def node_of(client: Client, key: str) -> str:
    """The address, as in `primaries`, of the server that holds the key now."""
    return client.address_of(key) if isinstance(client, ClusterClient) else ""


def scan_pages(client: Client, match: str, *, count: int = 1_000) -> Iterator[list[bytes]]:
    """The names of the keys that match, of all primaries, in pages of some `count`; a key may come twice."""
    for node in primaries(client).values():
        cursor = -1
        while cursor:
            scanned: Any = node.scan(max(cursor, 0), match=match, count=count)
            cursor, names = scanned
            yield names


def serving(client: Client) -> set[str]:
    """The addresses, as in `primaries`, of the servers that serve slots, as far as is known now."""
    return client.serving() if isinstance(client, ClusterClient) else {""}
