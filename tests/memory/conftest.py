"""Memories for tests: one user each, on the shared Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.memory import AgentMemory, NewTurn, TurnWriter
from tests.conftest import Clock

OpenMemory = Callable[..., AgentMemory]


@pytest.fixture
def open_memory(redis: Redis, embedder: CachedEmbedder, namespace: str, clock: Clock) -> OpenMemory:
    """Opens the memory of a user of this test."""

    def open_(user: str = "ann", **options: object) -> AgentMemory:
        given: dict[str, Any] = {"embedder": embedder, "namespace": namespace, "clock": clock} | options
        return AgentMemory(redis, user=user, **given)

    return open_


@pytest.fixture
def memory(open_memory: OpenMemory) -> AgentMemory:
    return open_memory()


@pytest.fixture
def writer(redis: Redis, embedder: CachedEmbedder, clock: Clock) -> TurnWriter:
    return TurnWriter(redis, embedder, clock=clock)


@pytest.fixture
def turn(namespace: str, clock: Clock) -> Callable[..., NewTurn]:
    """A new turn of this test; `n` is its place in time and its event id."""

    def make(n: int, text: str, *, user: str = "ann", session: str = "s", role: str = "user", **more: str) -> NewTurn:
        return NewTurn(user, session, role, text, clock.now - 1_000 + n, f"{user}-{session}-{n}", namespace, **more)

    return make
