"""Null values on the knowledge topic: deletes whose place in the log is all that orders them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py

from semcache.cache import SemanticCache
from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.settings import Settings
from semcache_ingest.kafka.clients import open_admin
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.worker.assemble import RunOptions
from semcache_ingest.worker.bounds import Start
from tests.ingest.conftest import Running
from tests.ingest.producing import as_record, delete, send, upsert
from tests.waiting import wait_until

Drain = Callable[..., Running]


def tombstone(settings: Settings, document: str) -> dict[str, Any]:
    return {"topic": settings.kafka.knowledge_topic, "key": document, "value": None}


@pytest.fixture
def base(settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder) -> KnowledgeBase:
    return KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace)


def test_tombstone_deletes_the_document_and_its_answers(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, base: KnowledgeBase, drain: Drain
) -> None:
    """A null value ends the document in its key, whatever its version, and what was answered from it."""
    send(settings, [as_record(settings, upsert("kettle", 6, "Descale it monthly."))])
    drain()
    cache = SemanticCache(redis, embedder=fast_embedder, namespace=settings.namespace)
    cache.store("How often?", "Monthly.", sources={"kettle": 6})
    send(settings, [tombstone(settings, "kettle")])
    drain()
    assert base.get("kettle") is None
    assert not list(cache.entries())


@pytest.mark.parametrize("gone", [lambda s: tombstone(s, "kettle"), lambda s: as_record(s, delete("kettle"))])
def test_document_comes_back_after_a_delete_without_a_version_and_stays_on_replay(
    gone: Callable[[Settings], dict[str, Any]], settings: Settings, base: KnowledgeBase, drain: Drain
) -> None:
    """Versions 6, delete, 7: version 7 is there, also after the log has been read again from its beginning."""
    send(
        settings,
        [
            as_record(settings, upsert("kettle", 6, "Six.")),
            gone(settings),
            as_record(settings, upsert("kettle", 7, "Seven.")),
        ],
    )
    drain()
    assert (document := base.get("kettle")) is not None
    assert (document.version, document.text) == (7, "Seven.")
    again = drain(RunOptions(start=Start(from_beginning=True)))
    assert (document := base.get("kettle")) is not None
    assert document.version == 7
    assert again.count("semcache_ingest_records_total", outcome="applied") == 0


def test_repeated_version_after_a_tombstone_does_not_resurrect(
    settings: Settings, base: KnowledgeBase, drain: Drain
) -> None:
    """The version that was deleted, arriving once more, stays deleted."""
    six = as_record(settings, upsert("kettle", 6, "Six."))
    send(settings, [six, tombstone(settings, "kettle"), six])
    drain()
    assert base.get("kettle") is None


def test_tombstone_of_a_topic_made_anew_counts(settings: Settings, base: KnowledgeBase, drain: Drain) -> None:
    """Offsets begin again in a topic that was deleted and made again: a later delete there is a new one."""
    padding = [as_record(settings, upsert("kettle", n, f"{n}.")) for n in range(1, 5)]
    send(settings, [*padding, tombstone(settings, "kettle"), as_record(settings, upsert("kettle", 5, "Five."))])
    drain()
    made_anew(settings)
    send(settings, [tombstone(settings, "kettle")])
    drain(RunOptions(group=f"{settings.namespace}-2"))
    assert base.get("kettle") is None


def made_anew(settings: Settings) -> None:
    admin, topic = open_admin(settings.kafka), settings.kafka.knowledge_topic
    admin.delete_topics([topic])[topic].result(timeout=20)
    wait_until("the topic is gone", lambda: topic not in admin.list_topics(timeout=5).topics)
    ensure_topics(settings)
