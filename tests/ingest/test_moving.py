"""Slots move from server to server while answers are stored and served and events are applied."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from semcache.cache import Hit, SemanticCache, invalidate_source
from semcache.devstack.redundant import EmbeddedCluster
from semcache.embed import Embedder
from semcache.errors import RedisUnavailable
from semcache.knowledge import KnowledgeBase
from semcache.settings import Settings
from semcache.store import keys
from semcache.store.checks import check_data
from semcache.store.connect import connect
from semcache_ingest.status import group_status
from tests.ingest.conftest import Run
from tests.ingest.producing import message, send_events, upsert
from tests.ingest.test_redundant import on
from tests.slots import moving, owner, primary_nodes
from tests.waiting import wait_until

LASTS_S = 25.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path / "cluster", replicas=0)
    servers.start(tied=True)
    yield servers
    servers.stop()


def shuttle(cluster: EmbeddedCluster, slots: list[int], stop: threading.Event) -> int:
    """Moves one slot after the other to a server chosen by chance, key by key; how many moves there were."""
    chance = random.Random(1)
    for count, slot in enumerate(itertools.cycle(slots)):
        if stop.is_set():
            return count
        target = chance.choice([node for node in primary_nodes(cluster) if node is not owner(cluster, slot)])
        with moving(cluster, slot, target) as move:
            for key in chance.sample(found := move.keys(1_000), len(found)):
                move.carry(key)
                stop.wait(0.002)
    raise AssertionError


class Visitors:
    """Who stores, asks and invalidates in a few scopes until told to stop; an outage is tried again."""

    def __init__(self, caches: list[SemanticCache], stop: threading.Event) -> None:
        self._caches = caches
        self._stop = stop
        self.stored = self.served = self.outages = 0
        self.wrong: list[str] = []

    def visit(self) -> None:
        for n in itertools.count():
            if self._stop.is_set():
                return
            try:
                self._once(self._caches[n % len(self._caches)], n // len(self._caches) % 40)
            except RedisUnavailable:
                self.outages += 1

    def _once(self, cache: SemanticCache, n: int) -> None:
        found = cache.lookup(f"What does item {n} cost?")
        if not isinstance(found, Hit):
            cache.store(f"What does item {n} cost?", f"{n} euros.", sources={"prices": 1}, tags=["price"])
            self.stored += 1
            return
        self.served += 1
        if found.response != f"{found.prompt.split()[3]} euros." or found.prompt != f"What does item {n} cost?":
            self.wrong.append(f"{found.prompt} for {n}: {found.response}")
        if n % 5 == 0:
            cache.invalidate(entry_id=found.entry_id)


@pytest.mark.storm
def test_slots_that_move_tear_nothing(
    settings: Settings, fast_embedder: Embedder, run: Run, cluster: EmbeddedCluster
) -> None:
    """25 s of stores, look-ups, changes and events: each event once, no dead letter, no wrong answer, data whole."""
    elsewhere = on(settings, cluster.address)
    client = connect(cluster.address)
    space = settings.namespace
    users = [f"user{n}" for n in range(4)]
    caches = [
        SemanticCache(client, embedder=fast_embedder, namespace=space, scope={"tenant": f"{n}"}) for n in range(3)
    ]
    homes = [
        *(keys.CACHE_USE.build(scope=cache.scope.id) for cache in caches),
        *(keys.CHRONOLOGY.build(namespace=space, user=user) for user in users),
        keys.CACHE_SCOPES.build(namespace=space),
        keys.DOCUMENT_VERSIONS.build(namespace=space),
        keys.INGEST_OFFSETS.build(group=settings.ingest.group),
    ]
    stop = threading.Event()
    visitors = Visitors(caches, stop)
    moves: list[int] = []
    threads = [threading.Thread(target=visitors.visit) for _ in range(2)]
    threads.append(
        threading.Thread(
            target=lambda: moves.append(shuttle(cluster, [key_slot(home.encode()) for home in homes], stop))
        )
    )
    sent = 0
    with run(settings=elsewhere) as worker:
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while time.monotonic() - began < LASTS_S:
            send_events(
                settings,
                [
                    *(message(sent, user=user) for user in users),
                    upsert(f"d{sent % 7}", sent + 1, f"Text number {sent}."),
                ],
            )
            sent += 1
        stop.set()
        for thread in threads:
            thread.join()
        wait_until("all is applied", lambda: group_status(elsewhere).lag == 0, timeout_s=90)
        for user in users:
            assert client.zcard(keys.CHRONOLOGY.build(namespace=space, user=user)) == sent
        assert worker.count("semcache_ingest_records_total", outcome="dead_letter") == 0
    print(
        f"\n{moves[0]} moves, {sent * 5} events, {visitors.stored} stored, {visitors.served} served, "
        f"{visitors.outages} outages of a moment"
    )
    assert moves[0] >= len(homes)
    assert visitors.stored > 40
    assert visitors.wrong == []
    assert len(list(KnowledgeBase(client, embedder=fast_embedder, namespace=space).documents())) == min(sent, 7)
    assert check_data(client, space) == []
    invalidate_source(client, space, "prices")
    assert sum(cache.stats().entries for cache in caches) == 0
