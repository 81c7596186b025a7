"""A cache on a cluster, one server of which is away: its tenants have an outage, the others do not notice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semcache.cache import Hit, SemanticCache
from semcache.devstack.redundant import EmbeddedCluster
from semcache.embed import CachedEmbedder
from semcache.errors import RedisUnavailable
from semcache.store import keys
from semcache.store.clients.client import Client, node_of
from semcache.store.connect import connect

CacheOf = Callable[[str], SemanticCache]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedCluster]:
    servers = EmbeddedCluster(tmp_path / "cluster", replicas=0)
    servers.start(tied=True)
    yield servers
    servers.stop()


@pytest.fixture
def client(cluster: EmbeddedCluster) -> Iterator[Client]:
    with connect(cluster.address, timeout_s=1.0) as client:
        yield client


def names() -> Iterator[str]:
    while True:
        yield f"t{uuid.uuid4().hex[:12]}"


def catalogue_node(client: Client, namespace: str) -> str:
    return node_of(client, keys.CACHE_SCOPES.build(namespace=namespace))


def spread_namespace(client: Client) -> str:
    """One whose catalogue and documents lie on different servers."""
    return next(
        name
        for name in names()
        if catalogue_node(client, name) != node_of(client, keys.DOCUMENT_VERSIONS.build(namespace=name))
    )


def home(client: Client, cache: SemanticCache) -> str:
    return node_of(client, keys.CACHE_USE.build(scope=cache.scope.id))


def kill(cluster: EmbeddedCluster, address: str) -> None:
    next(node for node in cluster.nodes if address.endswith(f":{node.server.port}")).kill()


def test_the_death_of_one_server_is_noticed_by_its_tenants_alone(
    cluster: EmbeddedCluster, client: Client, embedder: CachedEmbedder
) -> None:
    """The server of the catalogue dies: known scopes elsewhere store and serve at once; for its own it is an outage."""
    namespace = spread_namespace(client)
    dying = catalogue_node(client, namespace)

    def cache_of(tenant: str) -> SemanticCache:
        return SemanticCache(client, embedder=embedder, namespace=namespace, scope={"tenant": tenant})

    tenants = [cache_of(f"tenant{n}") for n in range(12)]
    alive = [cache for cache in tenants if home(client, cache) != dying]
    hit = [cache for cache in tenants if home(client, cache) == dying]
    assert alive
    assert hit
    for cache in alive:
        cache.store("How do I pay?", "By card.", sources={"prices": 1})
    kill(cluster, dying)
    for cache in alive:
        began = time.monotonic()
        cache.store("Where is my order?", "On its way.", sources={"prices": 1})
        assert isinstance(cache.lookup("Where is my order?"), Hit)
        assert time.monotonic() - began < 1
    for cache in hit:
        with pytest.raises(RedisUnavailable):
            cache.store("How do I pay?", "By card.")
        with pytest.raises(RedisUnavailable):
            cache.lookup("How do I pay?")


def test_an_answer_that_nothing_would_lead_to_is_not_stored(
    cluster: EmbeddedCluster, client: Client, embedder: CachedEmbedder
) -> None:
    """While the catalogue's server is away a new scope, a new document, another lifetime: nothing of it is stored."""
    namespace = spread_namespace(client)
    dying = catalogue_node(client, namespace)
    caches = (
        SemanticCache(client, embedder=embedder, namespace=namespace, scope={"tenant": f"{n}"}, ttl=100)
        for n in range(100)
    )
    known, new = [cache for cache in caches if home(client, cache) != dying][:2]
    known.store("How do I pay?", "By card.", sources={"prices": 1})
    kill(cluster, dying)
    for refused in (
        lambda: new.store("How do I pay?", "By card."),
        lambda: known.store("Where are you?", "In Ghent.", sources={"places": 1}),
        lambda: known.store("Where are you?", "In Ghent.", ttl=40 * 86_400),
        lambda: known.store("Where are you?", "In Ghent.", ttl=5),
    ):
        with pytest.raises(RedisUnavailable):
            refused()
    assert known.stats().entries == 1
    assert new.stats().entries == 0
