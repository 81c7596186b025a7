"""From Kafka to Redis, through the real servers."""

from __future__ import annotations

from collections.abc import Callable

import redis as redis_py

from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import Settings
from tests.ingest.conftest import Running
from tests.ingest.producing import message, send_events, upsert

Drain = Callable[..., Running]


def test_messages_become_memory(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """What was said on Kafka is recalled from Redis."""
    send_events(settings, [message(0, text="My cat is called Pixel."), message(1, text="What a lovely name!")])
    worker = drain()
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
    assert [turn.text for turn in memory.window("s")] == ["My cat is called Pixel.", "What a lovely name!"]
    assert memory.recall("the name of the cat", k=1)[0].turn.text == "My cat is called Pixel."
    assert worker.count("semcache_ingest_records_total", outcome="applied") == 2


def test_documents_become_knowledge(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """A document on Kafka is found in the knowledge base, in its newest version."""
    send_events(settings, [upsert("kettle", 1, "Descale it monthly."), upsert("kettle", 2, "Descale it weekly.")])
    drain()
    base = KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace)
    found = base.search("how often to descale", k=1)[0]
    assert (found.document, found.version, found.text) == ("kettle", 2, "Descale it weekly.")
