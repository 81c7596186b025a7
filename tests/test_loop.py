"""The whole loop through real servers: events through Kafka, answers from the cache, a change that kills them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from semcache import App, samples
from semcache.settings import Settings, as_environment, load_settings
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.publish import EventPublisher
from semcache_ui.demo import running
from tests.waiting import wait_until

STORY = samples.demo()[0]


@pytest.fixture(scope="module")
def settings(redis_url: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation of its own on the shared servers."""
    made = load_settings(
        namespace="loop",
        data_dir=Path(tmp_path_factory.mktemp("loop")),
        redis_url=redis_url,
        kafka={
            "bootstrap_servers": kafka,
            "conversations_topic": "loop.conversations",
            "knowledge_topic": "loop.knowledge",
        },
        ingest={"group": "loop"},
    )
    ensure_topics(made)
    return made


@pytest.fixture(scope="module")
def world(settings: Settings) -> Iterator[tuple[App, EventPublisher]]:
    """An application whose turns go to Kafka, and a worker in a process of its own."""
    environment = as_environment(settings) | {
        "SEMCACHE_KAFKA_CONVERSATIONS_TOPIC": settings.kafka.conversations_topic,
        "SEMCACHE_KAFKA_KNOWLEDGE_TOPIC": settings.kafka.knowledge_topic,
        "SEMCACHE_INGEST_GROUP": settings.ingest.group,
    }
    with running.worker(settings, environment), running.opened(settings) as (app, publisher):
        yield app, publisher


def document(version: int, text: str, name: str = "returns") -> dict[str, object]:
    return {
        "type": "document_upserted",
        "id": f"{name}-{version}",
        "namespace": "loop",
        "document": name,
        "version": version,
        "title": "Returning a bike",
        "text": text,
        "at": "2026-11-23T10:00:00Z",
    }


def test_a_changed_document_kills_its_answers_within_a_second(world: tuple[App, EventPublisher]) -> None:
    """A question, its paraphrase (hit), the document's change, and within a second the question misses."""
    app, publisher = world
    publisher.publish(document(1, "You can return a bike within 30 days of delivery for a full refund."), confirm_s=10)
    wait_until("the document is searchable", lambda: bool(app.knowledge.search("return a bike")), timeout_s=60)

    first = app.engine.ask(STORY.question, user="ada", session="s1")
    assert (first.outcome, "30 days" in first.text) == ("miss", True)
    again = app.engine.ask(STORY.paraphrase, user="bob", session="s2")
    assert (again.outcome, again.text, dict(again.sources)) == ("hit", first.text, {"returns": 1})

    publisher.publish(document(2, "You can return a bike within 45 days of delivery for a full refund."), confirm_s=10)
    acknowledged = time.monotonic()
    cache = app.cache()
    wait_until("the stale answer is gone", lambda: not list(cache.entries()), timeout_s=10)
    assert time.monotonic() - acknowledged < 1.0
    fresh = app.engine.ask(STORY.question, user="ada", session="s1")
    assert (fresh.outcome, "45 days" in fresh.text) == ("miss", True)


def test_a_turn_comes_back_as_memory(world: tuple[App, EventPublisher]) -> None:
    """What a user says in the chat goes to Kafka and comes back into long-term memory, once."""
    app, _ = world
    told = app.engine.ask("My dog is called Muffin, by the way.", user="pia", session="monday")
    assert told.outcome == "uncacheable"
    memory = app.memory(user="pia")
    wait_until(
        "the turn is recalled",
        lambda: any("Muffin" in r.turn.text for r in memory.recall("dog", k=5) if r.turn),
        timeout_s=60,
    )
    turns = [r.turn for r in memory.recall("dog called Muffin", k=10) if r.turn and r.turn.role == "user"]
    assert [turn.text for turn in turns] == ["My dog is called Muffin, by the way."]
    assert not any("Muffin" in r.turn.text for r in app.memory(user="bob").recall("dog called Muffin") if r.turn)
