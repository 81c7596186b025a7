"""The verdict: what Redis and the dead-letter topics hold, against the reference and an undisturbed worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import redis as redis_py

from ingest.assemble import RunOptions, open_worker
from ingest.letters import Letters
from ingest.start import Start
from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import Settings
from tests.ingest.producing import read_all
from tests.ingest.reference import Expected, expected_from
from tests.ingest.state import difference, state

CALM = "calm"


def verdict(settings: Settings, embedder: Embedder) -> list[str]:
    """All that is wrong."""
    redis = redis_py.Redis.from_url(settings.redis.url)
    topics = (settings.kafka.conversations_topic, settings.kafka.knowledge_topic)
    expected = expected_from(m for topic in topics for m in read_all(settings, topic))
    wrong = [
        *_wrong_turns(redis, settings.namespace, expected, embedder),
        *_wrong_documents(redis, settings.namespace, expected, embedder),
        *_wrong_letters(settings, expected),
    ]
    _replay_calmly(settings, embedder)
    return wrong + difference(state(redis, settings.namespace), state(redis, CALM))


def _wrong_turns(redis: redis_py.Redis, namespace: str, expected: Expected, embedder: Embedder) -> Iterator[str]:
    for user, turns in expected.turns.items():
        found = AgentMemory(redis, user=user, embedder=embedder, namespace=namespace).turns()
        said = sorted((turn.session, turn.text, turn.at) for turn in found)
        if said != sorted(turns.values()):
            yield f"{user} has {len(said)} turns, expected {len(turns)}"


def _wrong_documents(redis: redis_py.Redis, namespace: str, expected: Expected, embedder: Embedder) -> Iterator[str]:
    base = KnowledgeBase(redis, embedder=embedder, namespace=namespace)
    versions = base.versions(list(expected.documents))
    for id, wanted in expected.documents.items():
        found = base.get(id)
        version = wanted.version if wanted.text is not None else -wanted.version
        if versions.get(id) != version or (found.text if found else None) != wanted.text:
            yield f"{id} is {versions.get(id)}: {found}, expected {version}: {wanted.text}"


def _wrong_letters(settings: Settings, expected: Expected) -> Iterator[str]:
    letters = {letter.source_position for letter in Letters(settings).read()}
    wanted = {f"{topic}:{partition}:{offset}" for topic, partition, offset in expected.dead_letters}
    if letters != wanted:
        yield f"dead letters: {sorted(wanted - letters)[:5]} are missing, {sorted(letters - wanted)[:5]} are too many"


def _replay_calmly(settings: Settings, embedder: Embedder) -> None:
    options = RunOptions(group=CALM, namespace=CALM, start=Start(from_beginning=True), until_caught_up=True)
    with open_worker(settings, options, embedder=embedder) as (worker, _):
        worker.run(threading.Event())
