"""Real servers for every test: one embedded Redis and one embedded Kafka a session, a namespace a test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.devstack.redundant import EmbeddedCluster, EmbeddedSentinel
from semcache.embed import CachedEmbedder, default_embedder
from semcache.store.clients.client import Client
from semcache.store.connect import connect

# The tests of a run share the machine: how long one example takes says nothing about the code.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")


def _running(server: RedisServer | KafkaServer) -> Iterator[str]:
    """The server's address while it runs; it ends with the session, however that ends."""
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        yield server.address
    finally:
        process.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the Redis for the whole session: one server, or what TEST_REDIS asks for (cluster, sentinel)."""
    folder, kind = tmp_path_factory.mktemp("redis"), os.environ.get("TEST_REDIS", "single")
    if kind == "single":
        yield from _running(RedisServer(folder, free_port()))
    else:
        yield from _redundant({"cluster": EmbeddedCluster, "sentinel": EmbeddedSentinel}[kind](folder))


def _redundant(servers: EmbeddedCluster | EmbeddedSentinel) -> Iterator[str]:
    servers.start(tied=True)
    try:
        yield servers.address
    finally:
        servers.stop()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Client]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of one broker for the whole session, started when the first test asks for it."""
    yield from _running(KafkaServer(tmp_path_factory.mktemp("kafka"), free_port()))


@pytest.fixture
def topic(kafka: str) -> Callable[..., str]:
    """Creates a topic of the test's own: `topic()`, `topic("orders", partitions=4, config={...})` -> its name."""

    def create(stem: str = "t", *, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        name = f"{stem}.{uuid.uuid4().hex[:12]}"
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config or {})
        admin = AdminClient({"bootstrap.servers": kafka})
        admin.create_topics([new])[name].result(timeout=20)
        return name

    return create


@pytest.fixture(scope="session")
def embedder() -> CachedEmbedder:
    """The default model, loaded once; its vectors are remembered across tests."""
    return default_embedder()


@pytest.fixture
def namespace() -> str:
    """A namespace of the test's own: tests share the server, never keys."""
    return f"t{uuid.uuid4().hex[:12]}"


class Clock:
    """Time as an argument: a clock that a test moves."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()
