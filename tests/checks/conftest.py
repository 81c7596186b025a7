"""A small installation of every kind of data, and what a check finds in it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from redis import Redis

from semcache.cache import CacheOptions, SemanticCache
from semcache.embed.protocol import Kind, Vectors
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.memory.facts.kept import keep_claims
from semcache.memory.facts.types import Claim
from semcache.memory.stored.layout import UserKeys
from semcache.store.checks import Finding, check_data
from semcache.store.sealing import UNSEALED

START = time.time()  # the same for all installations of a run, so that equal events leave equal bytes


class Turning:
    """An embedder that gives each text a vector of its own at once: what is tested here is the bookkeeping."""

    dim, fingerprint = 16, "turning~1"

    def embed(self, texts: list[str], *, kind: Kind = "symmetric") -> Vectors:
        rows = [np.random.default_rng(list(text.encode())).normal(size=self.dim) for text in texts]
        vectors = np.array(rows, np.float32).reshape(-1, self.dim)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class Installation:
    """Memories, documents and cached answers of one namespace."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self.redis = redis
        self.namespace = namespace
        self.embedder = Turning()
        self.knowledge = KnowledgeBase(
            redis,
            embedder=self.embedder,
            namespace=namespace,
            clock=lambda: START,  # type: ignore[arg-type]
        )
        self.cache = SemanticCache(
            redis,
            embedder=self.embedder,
            namespace=namespace,
            scope={"tenant": "acme"},
            options=CacheOptions(max_entries=500),
        )

    def memory(self, user: str = "ann") -> AgentMemory:
        return AgentMemory(self.redis, user=user, embedder=self.embedder, namespace=self.namespace)  # type: ignore[arg-type]

    def fill(self) -> None:
        for user in ("ann", "a:b}"):
            memory = self.memory(user)
            for n, text in enumerate(("I live in Lyon.", "Lyon is rainy.", "My cat is called Tom.", "!")):
                turn = memory.append(f"s{n % 2}", "user", text, event_id=f"{user}{n}", at=START + n)
            owner = UserKeys(self.namespace, user)
            keep_claims(self.redis, owner, turn, [Claim("mood", "surprised")], sealer=UNSEALED)
        self.knowledge.upsert("faq", "Returns take 14 days.\n\nShipping is free.", version=3)
        self.knowledge.upsert("gone", "Old prices.", version=1)
        self.knowledge.delete("gone", version=2)
        self.cache.store("How long do returns take?", "14 days", sources={"faq": 3}, tags=["returns"])
        self.cache.store("Is shipping free?", "Yes", ttl=60)
        self.cache.store("x" * 3_000, "a long prompt", sources={"faq": 3})

    def remove(self) -> None:
        scopes = self.redis.hkeys(f"sc:{{cs:{self.namespace}}}:scopes")
        for pattern in (f"sc:{{*:{self.namespace}*", *(f"sc:{{c:{scope.decode()}}}*" for scope in scopes)):
            for key in self.redis.scan_iter(match=pattern, count=1_000):
                self.redis.delete(key)

    def findings(self) -> list[Finding]:
        return check_data(self.redis, self.namespace)


@pytest.fixture
def installation(redis: Redis, namespace: str) -> Iterator[Installation]:
    """A filled installation; nothing of it stays."""
    made = Installation(redis, namespace)
    made.fill()
    yield made
    made.remove()
