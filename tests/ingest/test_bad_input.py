"""Bad input of each kind: dead-lettered with its cause, and nothing else is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import redis as redis_py
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from semcache.embed import Embedder, Kind, Vectors
from semcache.errors import EmbedderUnavailable, InvalidInput
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.kafka.clients import open_admin
from semcache_ingest.kafka.topics import dead_letter_topic
from tests.ingest.conftest import Run, Running
from tests.ingest.producing import as_record, message, read_all, send, send_events
from tests.waiting import wait_until

Drain = Callable[..., Running]

BAD: dict[str, tuple[bytes, str, str]] = {
    "malformed JSON": (b'{"type": "message", ', "schema", "not JSON"),
    "unknown type": (json.dumps(message(1) | {"type": "mesage"}).encode(), "schema", "unknown event type 'mesage'"),
    "empty text": (json.dumps(message(2) | {"text": ""}).encode(), "schema", "text: must not be blank"),
    "invalid UTF-8": (b'{"type": "message", "text": "\xff\xfe"}', "schema", "not JSON"),
    "10 MB text": (json.dumps(message(3, text="x" * 10_000_000)).encode(), "oversize", "10,000,000 bytes"),
    "no value": (b"", "schema", "not JSON"),
    "a list": (b"[]", "schema", "JSON object"),
    "no time zone": (json.dumps(message(4) | {"at": "2026-11-23T10:00:00"}).encode(), "schema", "at: "),
}


class Peculiar:
    """The real model, but for texts that name a peculiarity: these it refuses, or gives a wrong vector."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.away = False
        self.dim, self.fingerprint = embedder.dim, embedder.fingerprint

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        if self.away:
            raise EmbedderUnavailable("the model is away", retry_after_s=0.05)
        if any("REFUSED" in text for text in texts):
            raise InvalidInput("the model refuses this text")
        vectors = self._embedder.embed(texts, kind=kind)
        if any("WRONG SIZE" in text for text in texts):
            return vectors[:, :-1]
        return np.where([["NAN" in text] for text in texts], np.float32("nan"), vectors)


def window(redis: redis_py.Redis, settings: Settings, embedder: Embedder, user: str = "ada") -> list[str]:
    memory = AgentMemory(redis, user=user, embedder=embedder, namespace=settings.namespace)
    return [turn.text for turn in memory.window("s")]


def limit_of_topic(settings: Settings, name: str, size: int) -> None:
    """Makes the broker take records of so many bytes on a topic."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry])
    admin = open_admin(settings.kafka)
    for future in admin.incremental_alter_configs([topic]).values():
        future.result(timeout=20)


def test_each_kind_of_bad_record_is_dead_lettered_and_the_others_are_applied(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """Between good messages stand bad ones: the good are applied, the bad kept as they are, each with its cause."""
    topic = settings.kafka.conversations_topic
    limit_of_topic(settings, topic, 20_000_000)
    records: list[dict[str, Any]] = []
    for number, (name, (value, _, _)) in enumerate(BAD.items()):
        records.append(as_record(settings, message(100 + number, text=f"good {number}")))
        records.append({"topic": topic, "key": b"ada", "value": value, "headers": [("case", name), ("ce_id", b"7")]})
    send(settings, records)
    worker = drain()

    assert window(redis, settings, fast_embedder) == [f"good {number}" for number in range(len(BAD))]
    assert worker.count("semcache_ingest_records_total", outcome="dead_letter") == len(BAD)
    letters = {dict(m.headers())["case"].decode(): m for m in read_all(settings, dlq(settings))}
    assert letters.keys() == BAD.keys()
    for name, (value, error_class, cause) in BAD.items():
        letter, headers = letters[name], dict(letters[name].headers())
        assert (letter.key(), letter.value(), headers["ce_id"]) == (b"ada", value, b"7")
        assert cause in headers["__connect.errors.exception.message"].decode(), name
        assert headers["dlq.error_class"].decode() == error_class, name
        assert headers["__connect.errors.topic"].decode() == topic
        assert headers["__connect.errors.offset"].isdigit()
        assert headers["dlq.attempts"] == b"1"


def dlq(settings: Settings) -> str:
    return dead_letter_topic(settings.ingest.group, settings.kafka.conversations_topic)


def test_timestamp_of_a_dead_letter_is_that_of_its_record(settings: Settings, drain: Drain) -> None:
    """A dead letter keeps the time of the record it was."""
    send(settings, [{"topic": settings.kafka.conversations_topic, "value": b"?", "timestamp": 1_790_000_000_123}])
    drain()
    assert [m.timestamp()[1] for m in read_all(settings, dlq(settings))] == [1_790_000_000_123]


@pytest.mark.parametrize("peculiarity", ["REFUSED", "WRONG SIZE", "NAN"])
def test_one_poison_text_among_a_thousand_costs_the_others_nothing(
    peculiarity: str, settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """A text that the model refuses, or gives a wrong vector, is found by halving; the other 999 are applied."""
    texts = [f"remark {n % 7}" if n != 617 else f"{peculiarity} please" for n in range(1_000)]
    send_events(settings, [message(n, text=text, session=f"s{n}") for n, text in enumerate(texts)])
    worker = drain(embedder=Peculiar(fast_embedder))
    assert worker.count("semcache_ingest_records_total", outcome="applied") == 999
    (letter,) = read_all(settings, dlq(settings))
    assert json.loads(letter.value())["text"] == f"{peculiarity} please"
    assert dict(letter.headers())["dlq.error_class"] == b"poison"


def test_model_that_is_wrong_about_everything_is_waited_for(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, run: Run
) -> None:
    """If not one record of many can be written, the fault is not theirs: nothing is dead-lettered, the worker waits."""
    send_events(settings, [message(n, text="WRONG SIZE", session=f"s{n}") for n in range(20)])
    with run(embedder=Peculiar(fast_embedder)) as worker:
        wait_until("the worker complains", lambda: "fault is not theirs" in str(worker.worker.health()))
    assert read_all(settings, dlq(settings)) == []


def test_embedder_that_is_away_is_waited_for(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, run: Run
) -> None:
    """While the model cannot be reached nothing is dead-lettered or lost; afterwards everything is applied."""
    model = Peculiar(fast_embedder)
    model.away = True
    send_events(settings, [message(n, text=f"remark {n}") for n in range(5)])
    with run(embedder=model) as worker:
        wait_until("the worker complains", lambda: "away" in worker.worker.health().get("pipeline", ""))
        model.away = False
        wait_until("all is applied", lambda: worker.count("semcache_ingest_records_total", outcome="applied") == 5)
        wait_until("the worker is content", lambda: not worker.worker.health())
    assert window(redis, settings, fast_embedder) == [f"remark {n}" for n in range(5)]
    assert read_all(settings, dlq(settings)) == []


def test_event_that_comes_twice_has_one_effect(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """The same event id twice, in one batch or in two, is one turn; the second is counted as a duplicate."""
    send_events(settings, [message(0), message(0), message(1)])
    assert drain().count("semcache_ingest_records_total", outcome="duplicate") == 1
    send_events(settings, [message(0)])
    assert drain().count("semcache_ingest_records_total", outcome="duplicate") == 1
    assert len(window(redis, settings, fast_embedder)) == 2
