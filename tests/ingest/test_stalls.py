"""What holds a worker up is named, can be skipped, and is nothing that a record contains."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis as redis_py
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from semcache.embed import Embedder, Kind, Vectors
from semcache.errors import EmbedderUnavailable, InvalidInput
from semcache.knowledge import KnowledgeBase
from semcache.settings import Settings
from semcache_ingest.deadletters.letters import letter_of, skip_record
from semcache_ingest.deadletters.writer import DeadLetter, headers_of, said
from semcache_ingest.kafka.clients import open_admin
from semcache_ingest.kafka.topics import dead_letter_topic
from semcache_ingest.records import Record
from tests.ingest.conftest import Run, Running
from tests.ingest.producing import as_record, message, read_all, send, send_events, upsert
from tests.waiting import wait_until

Drain = Callable[..., Running]


class Stuck:
    """The real model, which is never there for one text."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.dim, self.fingerprint = embedder.dim, embedder.fingerprint

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        if any("STUCK" in text for text in texts):
            raise EmbedderUnavailable("the model is away", retry_after_s=0.05)
        return self._embedder.embed(texts, kind=kind)


def dlq(settings: Settings, topic: str) -> str:
    return dead_letter_topic(settings.ingest.group, topic)


def test_batch_that_stays_is_named_and_its_record_can_be_skipped(
    settings: Settings, fast_embedder: Embedder, run: Run
) -> None:
    """After a while health names the batch; the record that is skipped is dead-lettered, the rest applied."""
    topic = settings.kafka.conversations_topic
    impatient = settings.ingest.model_copy(update={"stalled_after_s": 0.2})
    texts = ["one", "STUCK", "three"]
    send_events(settings, [message(n, text=text) for n, text in enumerate(texts)])
    stuck = next(m for m in read_all(settings, topic) if b"STUCK" in (m.value() or b""))
    partition, offset = (topic, int(stuck.partition() or 0)), int(stuck.offset() or 0)
    with run(settings=settings.model_copy(update={"ingest": impatient}), embedder=Stuck(fast_embedder)) as worker:
        wait_until(
            "the stall is told", lambda: f"{topic}:{partition[1]} offsets" in worker.worker.health().get("worker", "")
        )
        skip_record(settings, partition, offset)
        wait_until("the rest is applied", lambda: worker.count("semcache_ingest_records_total", outcome="applied") == 2)
        wait_until("the worker is content", lambda: not worker.worker.health())
    (letter,) = read_all(settings, dlq(settings, topic))
    assert b"STUCK" in (letter.value() or b"")
    assert dict(letter.headers())["dlq.error_class"] == b"skipped"


@pytest.mark.parametrize(("partition", "offset"), [(0, 10_000), (77, 0)])
def test_record_that_is_not_there_cannot_be_skipped(settings: Settings, partition: int, offset: int) -> None:
    """A typing error is told at once, with the offsets there are."""
    send_events(settings, [message(0)])
    read_all(settings, settings.kafka.conversations_topic)
    with pytest.raises(InvalidInput, match="holds the offsets"):
        skip_record(settings, (settings.kafka.conversations_topic, partition), offset)


def test_topic_that_is_not_read_cannot_be_skipped(settings: Settings) -> None:
    """The message names those that are."""
    with pytest.raises(InvalidInput, match=settings.kafka.knowledge_topic):
        skip_record(settings, ("elsewhere", 0), 0)


def config(settings: Settings, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = open_admin(settings.kafka)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(timeout=20)


def test_dead_letter_takes_the_form_that_its_topic_takes(settings: Settings, drain: Drain) -> None:
    """A timestamp that the dead-letter topic refuses, a key and headers that are too large: the letter is written."""
    topic = settings.kafka.conversations_topic
    config(settings, topic, "message.timestamp.after.max.ms", str(10**15))
    config(settings, dlq(settings, topic), "max.message.bytes", "60000")
    future_ms = int((datetime.now(UTC) + timedelta(days=3)).timestamp() * 1000)
    send(
        settings,
        [
            {"topic": topic, "key": b"ada", "value": b"? later", "timestamp": future_ms},
            {"topic": topic, "key": b"k" * 70_000, "value": b"? key"},
            {"topic": topic, "key": b"ada", "value": b"? headers", "headers": [("x", b"h" * 70_000)]},
            as_record(settings, message(0)),
        ],
    )
    worker = drain()
    assert worker.count("semcache_ingest_records_total", outcome="applied") == 1
    kept = sorted((m.value() or b"") for m in read_all(settings, dlq(settings, topic)))
    assert kept == [b"? headers", b"? key", b"? later"]


@pytest.mark.parametrize("name", ["dlq.attempts", "dlq.first_failed_at", "dlq.replays"])
@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe", b"9" * 5000, b"-1", "٣".encode(), b"2026-11-29"])
def test_headers_of_an_earlier_letter_may_hold_anything(name: str, value: bytes | None) -> None:
    """They are read with bounds, and what they hold never stops the next letter."""
    record = Record("t", 0, 1, b"k", b"?", ((name, value), ("own", value)), timestamp_ms=1)
    kept = headers_of(DeadLetter(record, ValueError("\ud800"), "TASK_PUT"), group="g", now=0.0)
    letter = letter_of(Record("dlq", 0, 0, b"k", b"?", tuple((n, v) for n, v in kept), -(2**60)))  # type: ignore[misc]
    assert 1 <= letter.attempts < 10**9 + 1
    assert ("own", value) in kept


def test_error_that_cannot_be_asked_is_named_by_its_class() -> None:
    """A processor may raise an exception whose text raises."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert said(Odd()) == "Odd"
    letter = DeadLetter(Record("t", 0, 1, None, None), Odd(), "TASK_PUT")
    assert dict(headers_of(letter, group="g", now=0.0))["__connect.errors.exception.message"] == b"Odd"


@pytest.mark.parametrize(
    "at",
    [
        "2999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "1761991200000",
    ],
)
def test_times_beyond_their_bounds_are_dead_letters(at: str, settings: Settings, drain: Drain) -> None:
    """Of every type of event, an erasure too: it would lock its user out for centuries."""
    erased = {"type": "user_erased", "id": "x", "user": "ada", "at": at}
    send_events(settings, [erased, message(0) | {"at": at}, upsert("d", 1, "Text.") | {"at": at}, message(1)])
    worker = drain()
    assert worker.count("semcache_ingest_records_total", outcome="dead_letter") == 3
    assert worker.count("semcache_ingest_records_total", outcome="applied") == 1


def test_equal_version_with_another_text_is_a_conflict(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain, caplog: pytest.LogCaptureFixture
) -> None:
    """It changes nothing, is counted by itself, and the log names the document; with the same text it is a double."""
    send_events(settings, [upsert("price", 8, text) for text in ("10 euro.", "12 euro.", "10 euro.")])
    worker = drain()
    counts = [worker.count("semcache_ingest_records_total", outcome=o) for o in ("applied", "conflict", "duplicate")]
    assert counts == [1, 1, 1]
    base = KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace)
    assert (document := base.get("price")) is not None
    assert document.text == "10 euro."
    assert "'price' has another text at version 8" in caplog.text


def test_source_that_counts_anew_is_followed_and_told_once(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain, caplog: pytest.LogCaptureFixture
) -> None:
    """Numbers are lower after a fail-over: each row's next change is applied and counted, one line is logged."""
    tables = [{"table": "articles", "id": "a-{id}", "text": "{body}"}]
    cdc = Settings.model_validate(
        settings.model_dump() | {"ingest": settings.ingest.model_dump() | {"debezium": tables}}
    )

    def changed(id: int, body: str, ms: int, **place: Any) -> dict[str, Any]:
        source = {"db": "shop", "table": "articles", "ts_ms": 1_764_000_000_000 + ms, **place}
        value = json.dumps({"op": "u", "before": None, "after": {"id": id, "body": body}, "source": source})
        return {"topic": settings.kafka.knowledge_topic, "key": f"row-{id}", "value": value}

    old = [changed(id, "Old.", 0, file="mysql-bin.000120", pos=500) for id in range(3)]
    new = [changed(id, "New.", 60_000, file="mysql-bin.000003", pos=700) for id in range(3)]
    late = [changed(0, "Late.", 100, file="mysql-bin.000120", pos=600)]
    send(settings, [*old, *new, *late])
    worker = drain(settings=cdc)
    base = KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace)
    assert [base.get(f"a-{id}").text for id in range(3)] == ["New."] * 3  # type: ignore[union-attr]
    assert worker.count("semcache_ingest_new_epochs_total") == 3
    assert worker.count("semcache_ingest_records_total", outcome="stale") == 1
    assert caplog.text.count("a new epoch") == 1
