"""Dead letters: found, counted, and replayed after the mistake is mended."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis as redis_py

from semcache.embed import Embedder
from semcache.errors import InvalidInput, Quarantine
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.deadletters.letters import Letters, Wanted, histogram, letter_of
from semcache_ingest.deadletters.replay import ReplayOptions, replay
from semcache_ingest.deadletters.writer import DeadLetter, headers_of
from semcache_ingest.kafka.topics import dead_letter_topic
from semcache_ingest.records import Record
from tests.ingest.conftest import Running
from tests.ingest.producing import message, read_all, send
from tests.ingest.test_bad_input import limit_of_topic

Drain = Callable[..., Running]


def headers(record: Any) -> dict[str, bytes]:
    return dict(record.headers())


@pytest.fixture
def letters(settings: Settings, drain: Drain) -> Letters:
    """Five dead letters: three of an unknown type, two too long for a limit of 100 bytes."""
    topic = settings.kafka.conversations_topic
    bad = [json.dumps(message(n) | {"type": f"kind{n}"}) for n in range(3)]
    bad += [json.dumps(message(n, text="x" * (200 + n))) for n in range(3, 5)]
    send(settings, [{"topic": topic, "key": "ada", "value": value, "headers": [("trace", b"t")]} for value in bad])
    drain(settings=limited(settings))
    return Letters(settings)


def limited(settings: Settings) -> Settings:
    return settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"max_text_bytes": 100})})


def test_letters_are_counted_by_kind(letters: Letters) -> None:
    """Causes that differ in names and numbers only are one kind."""
    kinds = [(kind["count"], kind["error_class"]) for kind in histogram(letters.read())]
    assert kinds == [(3, "schema"), (2, "oversize")]


def test_conditions_choose_letters(letters: Letters, settings: Settings) -> None:
    """Class, a part of the cause, source topic and time: a letter has to fit all that are given."""
    now = datetime.now(UTC)
    chosen = {
        "class": Wanted(error_class="oversize"),
        "match": Wanted(match="KIND1"),
        "topic": Wanted(source_topic=settings.kafka.knowledge_topic),
        "since": Wanted(since=now + timedelta(minutes=1)),
        "until": Wanted(until=now + timedelta(minutes=1), error_class="schema"),
    }
    found = {name: len(list(letters.read(wanted))) for name, wanted in chosen.items()}
    assert found == {"class": 2, "match": 1, "topic": 0, "since": 0, "until": 3}


def test_one_letter_is_found_by_its_position(letters: Letters) -> None:
    """A letter's position leads to it; a position that does not exist, or is none, is an error."""
    letter = next(letters.read())
    assert letters.one(letter.position) == letter
    with pytest.raises(InvalidInput, match="no dead letter"):
        letters.one(f"{letter.record.topic}:0:99999")
    with pytest.raises(InvalidInput, match="no position"):
        letters.one("somewhere")


def test_mended_letters_are_replayed_once(
    letters: Letters, settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """With the limit raised, what was too long is replayed and applied; a second replay finds nothing."""
    options = ReplayOptions(Wanted(error_class="oversize"))
    assert replay(settings, ReplayOptions(options.wanted, dry_run=True)).replayed == 2
    assert replay(settings, options).replayed == 2
    assert replay(settings, options).replayed == 0
    drain()
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
    assert [len(turn.text) for turn in memory.window("s")] == [203, 204]


def test_replayed_record_is_what_it_was(letters: Letters, settings: Settings) -> None:
    """Key, value, headers and time are the record's own; only the count of its replays is new."""
    before = next(letters.read(Wanted(match="204 bytes")))
    replay(settings, ReplayOptions(Wanted(match="204 bytes")))
    original, replayed = [m for m in read_all(settings, settings.kafka.conversations_topic) if b"x" * 204 in m.value()]
    assert (replayed.key(), replayed.value(), replayed.timestamp()) == (
        original.key(),
        original.value(),
        original.timestamp(),
    )
    assert headers(replayed)["trace"] == b"t"
    assert headers(replayed)["dlq.replays"] == b"1"
    assert not any(name.startswith("__connect") for name in headers(replayed))
    assert before.replays == 0


def test_letter_that_fails_again_comes_back_and_then_stays(letters: Letters, settings: Settings, drain: Drain) -> None:
    """Each failure is counted, with the time of the first; after two replays the letter stays where it is."""
    wanted = Wanted(match="kind1")
    first = next(letters.read(wanted))
    for _ in range(2):
        replay(settings, ReplayOptions(wanted))
        drain()
    last = list(letters.read(wanted))[-1]
    assert (last.attempts, last.replays, last.failed_at) == (3, 2, first.failed_at)
    stayed = replay(settings, ReplayOptions(wanted))
    assert (stayed.replayed, stayed.skipped["replayed too often"]) == (0, 1)


def test_limited_replay_goes_on_where_it_stopped(letters: Letters, settings: Settings) -> None:
    """`limit` letters at a time, none is left out and none comes twice."""
    options = ReplayOptions(Wanted(error_class="schema"), limit=2)
    assert [replay(settings, options).replayed for _ in range(3)] == [2, 1, 0]
    assert replay(settings, ReplayOptions(options.wanted, again=True)).replayed == 3


def test_letter_too_large_for_its_dlq_is_cut_and_says_so(settings: Settings, drain: Drain) -> None:
    """Where the dead-letter topic takes less than the source, the letter is cut, says so, and is not replayed."""
    limit_of_topic(settings, settings.kafka.conversations_topic, 20_000_000)
    limit_of_topic(settings, dead_letter_topic(settings.ingest.group, settings.kafka.conversations_topic), 1_000_000)
    send(settings, [{"topic": settings.kafka.conversations_topic, "value": random.Random(7).randbytes(1_500_000)}])
    drain()
    (letter,) = Letters(settings).read()
    assert letter.truncated
    assert replay(settings, ReplayOptions()).skipped["truncated"] == 1


def test_letters_of_others_are_understood() -> None:
    """Spring's and the broker's own dead letters name their source and cause in other headers."""
    spring = Record(
        "t.DLT", 0, 0, None, b"", (("kafka_dlt-original-topic", b"t"), ("kafka_dlt-exception-message", b"no"))
    )
    broker = Record("dlq.g", 0, 0, None, b"", (("__dlq.errors.topic", b"t"), ("__dlq.errors.message", b"no")))
    assert [(letter_of(r).source_topic, letter_of(r).cause) for r in (spring, broker)] == [("t", "no"), ("t", "no")]


def test_stack_trace_and_message_are_cut() -> None:
    """A dead letter's headers stay small whatever the error says."""
    letter = DeadLetter(Record("t", 0, 0, None, b""), Quarantine("x" * 100_000), "TASK_PUT")
    assert sum(len(value or b"") for _, value in headers_of(letter, group="g", now=0)) < 4_000
