"""The ingestor on several Redis servers: what one loses is read again, one that dies stops nothing for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from semcache.devstack.redundant import EmbeddedCluster, EmbeddedSentinel
from semcache.embed import Embedder
from semcache.errors import RedisUnavailable
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache.store import keys
from semcache.store.checks import check_data
from semcache.store.clients.client import node_of, primaries
from semcache.store.connect import connect
from semcache_ingest.connection import durable
from semcache_ingest.fences import FENCES, fences
from semcache_ingest.status import group_status
from tests.ingest.conftest import Run, Running
from tests.ingest.producing import message, send_events
from tests.waiting import wait_until

Drain = Callable[..., Running]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path / "cluster")
    servers.start(tied=True)
    yield servers
    servers.stop()


def on(settings: Settings, url: str, **ingest: object) -> Settings:
    update = {
        "redis": settings.redis.model_copy(update={"url": url, "timeout_s": 1.0}),
        "ingest": settings.ingest.model_copy(update=ingest),
    }
    return settings.model_copy(update=update)


def test_fences_lie_evenly(cluster: EmbeddedCluster) -> None:
    """Each of 64 fences is in a part of the slots of its own, whatever the group is called."""
    with connect(cluster.address) as client:
        for group in ("semcache-ingest", "a:b{c}", "ä"):
            parts = [key_slot(fence.encode()) * FENCES // 16_384 for fence in fences(client, group)]
            assert parts == list(range(FENCES))


def test_what_another_server_than_the_groups_loses_is_read_again(
    settings: Settings, fast_embedder: Embedder, run: Run, cluster: EmbeddedCluster
) -> None:
    """A server that holds a user's turns, and not the group's own key, is emptied: the worker notices by its fence."""
    elsewhere = on(settings, cluster.address)
    client = connect(cluster.address)
    ours = node_of(client, keys.INGEST_OFFSETS.build(group=settings.ingest.group))
    user = next(
        name for name in map("user{}".format, range(100)) if node_of(client, _chronology(settings, name)) != ours
    )
    with run(settings=elsewhere) as worker:
        send_events(settings, [message(n, user=user) for n in range(20)])
        memory = AgentMemory(client, user=user, embedder=fast_embedder, namespace=settings.namespace)
        wait_until("all is applied", lambda: len(memory.window("s")) == 20 and group_status(settings).lag == 0)
        primaries(client)[node_of(client, _chronology(settings, user))].flushall()
        send_events(settings, [message(20, user=user)])
        wait_until("all is there again", lambda: len(memory.window("s")) == 21)
        assert worker.count("semcache_ingest_rollbacks_total") > 0


def test_replicas_confirm_on_every_server(settings: Settings, drain: Drain, cluster: EmbeddedCluster) -> None:
    """With durability replica a batch is committed if each server's replica has it, and not if one has none."""
    send_events(settings, [message(n) for n in range(5)])
    drain(settings=on(settings, cluster.address, durability="replica"))
    cluster.nodes[-1].kill()
    with connect(cluster.address) as client:
        confirm = durable(client, "replica", group=settings.ingest.group, timeout_s=0.5)
        with pytest.raises(RedisUnavailable, match="WAIT"):
            confirm()


@pytest.mark.storm
@pytest.mark.parametrize("kind", ["cluster", "sentinel"])
def test_a_primary_killed_under_load_loses_nothing_that_was_committed(
    kind: str, settings: Settings, fast_embedder: Embedder, run: Run, tmp_path: Path
) -> None:
    """30 s of events of twelve users, a primary killed in the middle: every event is applied, once, no dead letter."""
    servers = EmbeddedCluster(tmp_path, replicas=2) if kind == "cluster" else EmbeddedSentinel(tmp_path)
    servers.start(tied=True)
    elsewhere = on(settings, servers.address, durability="replica")
    client = connect(servers.address, timeout_s=1.0)
    users = [f"user{n}" for n in range(12)]
    sent = recovered = 0
    try:
        with run(settings=elsewhere) as worker:
            began = time.monotonic()
            killed_at = 0.0
            while (passed := time.monotonic() - began) < 30:
                send_events(settings, [message(sent, user=user) for user in users])
                sent += 1
                if passed > 8 and not killed_at:
                    servers.nodes[0].kill()
                    killed_at, behind = time.monotonic(), sent * len(users)
                if killed_at and not recovered and _applied(worker) > behind:
                    recovered = round(time.monotonic() - killed_at, 1)
            assert recovered, "nothing was applied after the kill"
            wait_until("all is committed", lambda: group_status(settings).lag == 0, timeout_s=90)
            print(f"\n{kind}: {sent * len(users)} events, applied again {recovered} s after the kill")
            for user in users:
                assert client.zcard(_chronology(settings, user)) == sent
            assert worker.count("semcache_ingest_records_total", outcome="dead_letter") == 0
        assert check_data(client, settings.namespace) == []
    finally:
        servers.stop()


def _applied(worker: Running) -> float:
    return worker.count("semcache_ingest_records_total", outcome="applied")


def _chronology(settings: Settings, user: str) -> str:
    return keys.CHRONOLOGY.build(namespace=settings.namespace, user=user)
