"""The verdict: what Redis and the dead-letter topics hold, against the reference and an undisturbed worker."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import redis as redis_py
from confluent_kafka import Message

from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache_ingest.deadletters.letters import Letters
from semcache_ingest.worker.assemble import RunOptions, open_worker
from semcache_ingest.worker.bounds import Start
from tests.ingest.chaos.odd import ODD
from tests.ingest.producing import read_all
from tests.ingest.reference import Expected, expected_from
from tests.ingest.state import difference, state

CALM = "calm"


@dataclass(frozen=True)
class Verdict:
    """All that is wrong; and what became of the odd records."""

    wrong: list[str]
    odd: dict[str, int]


def verdict(settings: Settings, embedder: Embedder, *, said: Set[str]) -> Verdict:
    """Compares what there is with what has to be; `said`: ids of what the chat was told is kept."""
    redis = connect(settings.redis.url)
    topics = (settings.kafka.conversations_topic, settings.kafka.knowledge_topic)
    log = [m for topic in topics for m in read_all(settings, topic)]
    odd = {_position(m) for m in log if is_odd(m)}
    expected = expected_from(m for m in log if not is_odd(m))
    wrong = [
        *_lost_in_the_chat(log, said),
        *_wrong_turns(redis, settings.namespace, expected, embedder),
        *_wrong_documents(redis, settings.namespace, expected, embedder),
        *_wrong_letters(settings, expected, odd),
    ]
    outcomes = _replay_calmly(settings, embedder)
    wrong += _unaccounted(settings, outcomes, len(log), odd)
    wrong += difference(state(redis, settings.namespace), state(redis, CALM))
    return Verdict(wrong, {"records": len(odd), "dead_letters": len(odd & _letters(settings))})


def is_odd(message: Message) -> bool:
    """Whether the record was sent as an odd one."""
    return any(name == ODD for name, _ in message.headers() or ())


def _position(message: Message) -> str:
    return f"{message.topic()}:{message.partition()}:{message.offset()}"


def _letters(settings: Settings, group: str | None = None) -> set[str]:
    return {letter.source_position for letter in Letters(settings, group=group).read()}


def _lost_in_the_chat(log: Sequence[Message], said: Set[str]) -> Iterator[str]:
    """Everything that was kept is in the log, and so in the state that is expected of it."""
    there = {id for m in log for id in re.findall(rb"talk-\d+-\d+", m.value() or b"")}
    lost = sorted(said - {id.decode() for id in there})
    if lost:
        yield f"{len(lost)} of {len(said)} things that were said are lost, such as {lost[:3]}"


def _unaccounted(settings: Settings, outcomes: Mapping[str, int], records: int, odd: Set[str]) -> Iterator[str]:
    """An undisturbed worker gives each record one outcome, and dead-letters the same odd ones."""
    if sum(outcomes.values()) != records:
        yield f"{records} records have {sum(outcomes.values())} outcomes: {dict(outcomes)}"
    stormy, calm = odd & _letters(settings), odd & _letters(settings, CALM)
    if stormy != calm:
        yield f"odd records: only now and then a dead letter: {sorted(stormy ^ calm)[:5]}"


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


def _wrong_letters(settings: Settings, expected: Expected, odd: Set[str]) -> Iterator[str]:
    letters = _letters(settings) - odd
    wanted = {f"{topic}:{partition}:{offset}" for topic, partition, offset in expected.dead_letters}
    if letters != wanted:
        yield f"dead letters: {sorted(wanted - letters)[:5]} are missing, {sorted(letters - wanted)[:5]} are too many"


def _replay_calmly(settings: Settings, embedder: Embedder) -> Mapping[str, int]:
    options = RunOptions(group=CALM, namespace=CALM, start=Start(from_beginning=True), until_caught_up=True)
    with open_worker(settings, options, embedder=embedder) as (worker, metrics):
        worker.run(threading.Event())
    return metrics.totals()
