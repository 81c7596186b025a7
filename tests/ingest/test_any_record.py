"""Whole records of anything: each is decoded, or is a dead letter; none stops what comes behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import Quarantine
from semcache.settings import Settings, TableMapping
from semcache_ingest.deadletters.letters import letter_of
from semcache_ingest.deadletters.writer import DeadLetter, headers_of
from semcache_ingest.envelopes import Rules, table_rules
from semcache_ingest.events import TYPES
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.records import Outcome, Record
from tests.ingest.conftest import Running
from tests.ingest.producing import as_record, message, read_all, send

Drain = Callable[..., Running]

TABLES = table_rules(
    [
        TableMapping(table="articles", id="articles-{id}", title="name", text="{name}: {body}"),
        TableMapping(table="faq", id="faq-{id}", text="{body}", version="revision"),
    ]
)
DECODER = Decoder(Rules(tables=TABLES), max_text_bytes=10_000)
WORDS = st.sampled_from(
    "message u c d r t articles faq true 7 2026-11-23T10:00:00Z 1764000000000 mongodb mysql-bin.000003 0:0:1".split()
) | st.sampled_from(['{"$oid": "65f0"}', "__debezium_unavailable_value", "\ud800", "é"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | WORDS | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=3)
)
EVENT_NAMES = ["type", "id", "user", "session", "role", "text", "at", "namespace", "document", "version", "metadata"]
EVENT_NAMES += ["entry", "correct", "facts", "message", "speaker", "title", "place"]
SOURCE_NAMES = ["db", "schema", "table", "collection", "connector", "lsn", "scn", "file", "pos", "row", "server_id"]
SOURCE_NAMES += ["ts_ms", "ord", "change_lsn", "commit_lsn", "event_serial_no", "snapshot"]
ROW_NAMES = ["id", "_id", "name", "body", "revision"]
CE_NAMES = ["specversion", "source", "id", "type", "subject", "time", "data", "data_base64", "iodebeziumop"]


def objects(*names: str, inner: Any = JSON) -> Any:
    """Objects with some of those names, each with anything under it."""
    return st.dictionaries(st.sampled_from(names), inner, max_size=len(names))


ROWS = JSON | objects(*ROW_NAMES) | objects(*ROW_NAMES).map(json.dumps)
SOURCES = JSON | objects(*SOURCE_NAMES)
CHANGES = st.fixed_dictionaries({}, optional={
    "op": JSON | st.sampled_from("cudrtm"), "before": ROWS, "after": ROWS, "source": SOURCES, "ts_ms": JSON,
})  # fmt: skip
FLAT = objects(
    *ROW_NAMES, "__op", "__table", "__deleted", "__lsn", "__ts_ms", "__source_ts_ms", "__file", "__pos", "type"
)
SCHEMAS = JSON | st.fixed_dictionaries({"type": JSON, "name": JSON, "fields": JSON})
EVENTS = st.tuples(JSON | st.sampled_from(sorted(TYPES)), objects(*EVENT_NAMES)).map(lambda p: p[1] | {"type": p[0]})
AIRBYTE = objects("_airbyte_data", "_airbyte_emitted_at", "_airbyte_stream", inner=ROWS)
BODIES = JSON | EVENTS | CHANGES | FLAT | AIRBYTE | objects(*CE_NAMES) | st.lists(objects(*CE_NAMES), max_size=2)
WRAPPED = BODIES | st.builds(lambda schema, payload: {"schema": schema, "payload": payload}, SCHEMAS, BODIES)
BYTES = (
    st.none() | st.binary(max_size=40) | WRAPPED.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
)
HEADER_NAMES = ["content-type", "ce_specversion", "ce_type", "CE_ID", "ce-subject", "ce_iodebeziumop", "dlq.attempts"]
HEADER_NAMES += ["dlq.first_failed_at", "dlq.replays", "__connect.errors.offset", "__value_schema_id", "x"]
HEADER_VALUES = st.none() | st.binary(max_size=20) | st.sampled_from(
    [b"application/cloudevents+json", b"application/cloudevents-batch+json", b"message", b"9" * 5000, b"\xff", b"1.0"]
)  # fmt: skip
RECORDS = st.builds(
    Record,
    topic=st.sampled_from(["semcache.knowledge", "semcache.conversations", "shop.articles", "shop.faq", "other"]),
    partition=st.just(0),
    offset=st.integers(0, 2**62),
    key=BYTES,
    value=BYTES,
    headers=st.lists(st.tuples(st.sampled_from(HEADER_NAMES), HEADER_VALUES), max_size=4).map(tuple),
    timestamp_ms=st.integers(-(2**62), 2**62) | st.integers(0, 1_764_000_000_000),
)
NOW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()


@hypothesis.settings(deadline=None, max_examples=500, suppress_health_check=list(hypothesis.HealthCheck))
@given(RECORDS)
def test_any_record_is_decoded_or_is_its_own_dead_letter(record: Record) -> None:
    """Nothing else comes of decoding, and the dead letter can always be written and read."""
    try:
        found = DECODER(record)
    except Quarantine as error:
        letter = DeadLetter(record, error, "VALUE_CONVERTER")
        kept = headers_of(letter, group="g", now=NOW)
        assert all(isinstance(value, bytes | None) for _, value in kept)
        read = letter_of(Record("dlq", 0, 0, record.key, record.value, tuple(kept), record.timestamp_ms))  # type: ignore[arg-type]
        assert read.source_topic == record.topic
        assert read.attempts >= 1
    else:
        assert isinstance(found, Outcome) or all(one.event.seconds >= 0 for one in found)


@hypothesis.settings(deadline=None, max_examples=50)
@given(RECORDS)
def test_decoding_is_a_function_of_the_record(record: Record) -> None:
    """The same record gives the same events, or the same cause."""

    def once() -> object:
        try:
            return DECODER(record)
        except Quarantine as error:
            return str(error)

    assert repr(once()) == repr(once())


def odd_records(settings: Settings, number: int) -> list[dict[str, Any]]:
    """Some records of anything, as Kafka takes them, the same in every run."""
    found: list[dict[str, Any]] = []
    topics = [settings.kafka.conversations_topic, settings.kafka.knowledge_topic]

    @hypothesis.settings(
        deadline=None, max_examples=number, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.seed(12)
    @given(RECORDS)
    def gather(record: Record) -> None:
        found.append(
            {
                "topic": topics[len(found) % 2],
                "key": record.key or b"k",  # a compacted topic takes none without
                "value": record.value,
                "headers": list(record.headers),
                "timestamp": abs(record.timestamp_ms) % 1_764_000_000_000,
            }
        )

    gather()
    return found[:number]


@pytest.mark.timeout(180)
def test_odd_records_hold_nobody_up(settings: Settings, drain: Drain) -> None:
    """Between good messages stand records of anything: the good are applied, each odd one has an outcome."""
    odd = odd_records(settings, 80)
    records: list[dict[str, Any]] = []
    for number, record in enumerate(odd):
        records += [record, as_record(settings, message(number, user=f"user-{number % 5}"))]
    send(settings, records)
    worker = drain()
    counted = {outcome: worker.count("semcache_ingest_records_total", outcome=outcome.value) for outcome in Outcome}
    letters = sum(
        len(read_all(settings, f"dlq.{settings.ingest.group}.{topic}"))
        for topic in (settings.kafka.conversations_topic, settings.kafka.knowledge_topic)
    )
    assert sum(counted.values()) == len(records)
    assert counted[Outcome.APPLIED] >= len(odd)
    assert counted[Outcome.DEAD_LETTER] == letters > 0
