"""A knowledge base of the test's own."""

from __future__ import annotations

import pytest
from redis import Redis

from semcache.embed import CachedEmbedder, open_embedder
from semcache.knowledge import KnowledgeBase
from semcache.settings import load_settings
from tests.conftest import Clock


@pytest.fixture(scope="session")
def other_embedder() -> CachedEmbedder:
    """The fast model, whose vectors live in a space of their own."""
    settings = load_settings(embed_model="all-minilm-l6-v2-q")
    return open_embedder(settings.embed, model_dir=settings.model_dir)


@pytest.fixture
def kb(redis: Redis, embedder: CachedEmbedder, namespace: str, clock: Clock) -> KnowledgeBase:
    return KnowledgeBase(redis, embedder=embedder, namespace=namespace, clock=clock)
