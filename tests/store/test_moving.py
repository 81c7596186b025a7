"""Slots that move: every script either does its work whole, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py
from redis.crc import key_slot

from semcache.devstack.redundant import EmbeddedCluster, Node
from semcache.errors import RedisUnavailable
from semcache.store.connect import connect, guarded
from semcache.store.lua import names, script
from tests.slots import moving, owner, primary_nodes

HOME = "sc:{moves}"
SLOT = key_slot(HOME.encode())
KEY = f"{HOME}:there"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path_factory.mktemp("cluster"), replicas=0)
    servers.start(tied=True)
    yield servers
    servers.stop()


def elsewhere(cluster: EmbeddedCluster) -> Node:
    return next(node for node in primary_nodes(cluster) if node is not owner(cluster, SLOT))


def run(name: str, client: redis_py.Redis, *, asking: bool = False) -> None:
    """The script on keys that are all there, with arguments of some kind."""
    if asking:
        client.execute_command("ASKING")
    with guarded():
        script(name)(client, keys=[KEY] * 12, args=["1"] * 12)


def contents(node: Node) -> dict[bytes, bytes]:
    with redis_py.Redis(port=node.server.port, single_connection_client=True, protocol=2) as client:
        found: dict[bytes, bytes] = {}
        for key in client.scan_iter("sc:*"):
            client.execute_command("ASKING")
            found[key] = client.dump(key) or b""
        return found


@pytest.mark.parametrize("name", names())
def test_no_script_writes_while_its_slot_moves(cluster: EmbeddedCluster, name: str) -> None:
    """Whichever node is asked, it is an outage for a moment, and nothing has changed."""
    with connect(cluster.address) as everything:
        everything.set(KEY, 1)
    with moving(cluster, SLOT, elsewhere(cluster)) as move:
        for node, asking in ((move.source, False), (move.target, True)):
            if asking:
                move.carry(KEY.encode())
            before = contents(node)
            with redis_py.Redis(port=node.server.port, single_connection_client=True, protocol=2) as client:
                client.script_load(script(name).text)
                with pytest.raises(RedisUnavailable, match="moving the keys"):
                    run(name, client, asking=asking)
            assert contents(node) == before


def test_what_moves_is_there_again_afterwards(cluster: EmbeddedCluster) -> None:
    """The client follows the slot, and scripts run at its new place."""
    client = connect(cluster.address)
    client.hset(f"{HOME}:offsets", "p", "1")
    with moving(cluster, SLOT, elsewhere(cluster)), pytest.raises(RedisUnavailable), guarded():
        script("ingest_advance")(client, keys=[f"{HOME}:offsets"], args=["p", "1", "2"])
    assert script("ingest_advance")(client, keys=[f"{HOME}:offsets"], args=["p", "1", "2"]) == 1
    assert client.hget(f"{HOME}:offsets", "p") == b"2"
