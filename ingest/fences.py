"""The keys beside the data that tell how far the log is applied: one on a single server, 64 on a cluster.

A server that comes back with less than it had brings its fence back with it. On a cluster each of 64 fences lies in
another 256 slots, so that every server that holds data holds one; a slot that moves takes its fence along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count

from redis.crc import key_slot

from semcache.errors import ConfigurationError
from semcache.store import keys
from semcache.store.clients.client import Client, is_cluster, node_of, serving

FENCES = 64
_SLOTS_EACH = 16_384 // FENCES


def fences(client: Client, group: str) -> Sequence[str]:
    """The fences of a consumer group on this client's servers."""
    return _spread(group) if is_cluster(client) else (keys.INGEST_OFFSETS.build(group=group),)


def by_node(client: Client, group: str) -> dict[str, list[str]]:
    """The fences on each server, by its address.

    Raises:
        ConfigurationError: a server that serves slots holds none: what it loses would not be noticed.
    """
    found: dict[str, list[str]] = {}
    for fence in fences(client, group):
        found.setdefault(node_of(client, fence), []).append(fence)
    if bare := serving(client) - found.keys():
        raise ConfigurationError(
            f"{', '.join(sorted(bare))} serve slots, but hold none of the {FENCES} fences: spread the slots so that "
            f"each server has {2 * _SLOTS_EACH} neighbouring ones at least, or use fewer servers"
        )
    return found


@lru_cache(maxsize=64)
def _spread(group: str) -> Sequence[str]:
    """A name for each of the parts, found by counting until its slot lies there."""
    return tuple(next(_in_part(group, part)) for part in range(FENCES))


def _in_part(group: str, part: int) -> Iterator[str]:
    for number in count():
        name = keys.INGEST_FENCE.build(group=group, fence=f"{part}.{number}")
        if key_slot(name.encode()) // _SLOTS_EACH == part:
            yield name
