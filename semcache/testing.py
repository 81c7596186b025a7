"""pytest fixtures: a Redis for the session, a namespace for each test. Needs `pip install 'semcache[testing]'`.

    # conftest.py
    pytest_plugins = ["semcache.testing"]

    # test_answers.py
    def test_an_answer_is_served(semcache_cache):
        semcache_cache.store("How do I pay?", "By card.")
        assert semcache_cache.lookup("How do I pay?")

`pytest --semcache-redis redis://localhost:6379` uses a Redis that is there in place of one of the session's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from semcache.cache import SemanticCache
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.errors import MissingExtra
from semcache.memory import AgentMemory

try:
    import pytest
except ImportError as error:
    raise MissingExtra("testing", "semcache.testing") from error


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that names a Redis."""
    parser.addoption("--semcache-redis", metavar="URL", help="a Redis 8 that is there; else one is started")


@pytest.fixture(scope="session")
def semcache_redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis 8 that ends with the session: on a free port, with its data in a temporary folder."""
    if given := request.config.getoption("--semcache-redis"):
        yield str(given)
        return
    server = RedisServer(tmp_path_factory.mktemp("semcache-redis"), free_port())
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        yield server.address
    finally:
        process.kill()


@pytest.fixture
def semcache_namespace() -> str:
    """A namespace of the test's own: tests share the server, never keys."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def semcache_cache(semcache_redis_url: str, semcache_namespace: str) -> Iterator[SemanticCache]:
    """An empty cache, which learns before it returns, and is gone after the test."""
    with SemanticCache(semcache_redis_url, namespace=semcache_namespace, learn="inline") as cache:
        yield cache
        cache.drop()


@pytest.fixture
def semcache_memory(semcache_redis_url: str, semcache_namespace: str) -> Iterator[Callable[[str], AgentMemory]]:
    """Memories of users, empty at first and erased after the test: `semcache_memory("ann")`."""
    opened: dict[str, AgentMemory] = {}

    def memory_of(user: str) -> AgentMemory:
        if user not in opened:
            opened[user] = AgentMemory(semcache_redis_url, user=user, namespace=semcache_namespace)
        return opened[user]

    yield memory_of
    for memory in opened.values():
        memory.erase()
