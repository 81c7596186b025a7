"""Avro and Protobuf, framed by a Schema Registry's serializer: read by the schema that the registry holds."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import hypothesis
import pytest
from fastavro import parse_schema, schemaless_writer
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigurationError, Quarantine
from semcache.settings import load_settings
from semcache_ingest.events import DocumentDeleted, DocumentUpserted, Event, MessageEvent
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.records import Record
from semcache_ingest.worker.assemble import make_decoder
from tests.ingest.registry_server import Registered, Registry, running_registry

TOPIC = "shop.public.articles"
MESSAGE_SCHEMA = {
    "type": "record",
    "name": "Message",
    "fields": [
        *({"name": name, "type": "string"} for name in ("type", "id", "user", "session", "role", "text")),
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
ROW_SCHEMA = {
    "type": "record",
    "name": "Value",
    "namespace": "shop.public.articles",
    "fields": [
        {"name": "id", "type": "int"},
        {"name": "name", "type": ["null", "string"], "default": None},
        {
            "name": "price",
            "type": {
                "type": "bytes",
                "logicalType": "decimal",
                "precision": 10,
                "scale": 2,
                "connect.name": "x.Decimal",
            },
        },
        {"name": "since", "type": ["null", {"type": "int", "connect.name": "io.debezium.time.Date"}], "default": None},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "raw", "type": "bytes"},
    ],
}
ENVELOPE_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Envelope",
    "namespace": "shop.public.articles",
    "fields": [
        {"name": "before", "type": ["null", ROW_SCHEMA], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {
            "name": "source",
            "type": {
                "type": "record",
                "name": "Source",
                "fields": [
                    *({"name": name, "type": "string"} for name in ("db", "schema", "table")),
                    *({"name": name, "type": "long"} for name in ("lsn", "ts_ms")),
                ],
            },
        },
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": "long"},
    ],
}
ROW = {
    "id": 7,
    "name": "Gloves",
    "price": Decimal("12.34"),
    "since": 20_416,
    "tags": ["warm", "wool"],
    "raw": b"\xc3\xa9t\xc3\xa9",
}
SOURCE = {"db": "shop", "schema": "public", "table": "articles", "lsn": 77, "ts_ms": 1_764_000_000_000}
CHANGE = {"before": None, "after": ROW, "source": SOURCE, "op": "c", "ts_ms": 1_764_000_000_100}
SHOWN = 'Gloves: 12.34, 2025-11-24, ["warm", "wool"], été'


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with running_registry() as running:
        yield running


@pytest.fixture(scope="module")
def decode(registry: Registry) -> Decoder:
    table = {"table": "public.articles", "id": "articles-{id}", "text": "{name}: {price}, {since}, {tags}, {raw}"}
    return make_decoder(load_settings(ingest={"schema_registry": {"url": registry.url}, "debezium": [table]}))


def avro(registry: Registry, schema: Any, value: Any, **more: Any) -> bytes:
    number = registry.register(Registered("AVRO", json.dumps(schema), **more))
    buffer = BytesIO()
    schemaless_writer(buffer, parse_schema(schema), value)
    return struct.pack(">bI", 0, number) + buffer.getvalue()


def record(value: bytes | None, *, key: bytes | None = b"k", topic: str = TOPIC) -> Record:
    return Record(topic, 0, 3, key, value, timestamp_ms=1_764_000_000_000)


def event_of(decode: Decoder, read: Record) -> Event:
    found = decode(read)
    assert isinstance(found, list)
    return found[0].event


def test_avro_event_is_read(registry: Registry, decode: Decoder) -> None:
    """A record of an event's fields is the event; a logical timestamp is its time."""
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    said = {"type": "message", "id": "m", "user": "ada", "session": "s", "role": "user", "text": "Hello.", "at": at}
    event = event_of(decode, record(avro(registry, MESSAGE_SCHEMA, said), topic="semcache.conversations"))
    assert isinstance(event, MessageEvent)
    assert (event.text, event.at) == ("Hello.", at)


def test_avro_change_is_read_as_its_schema_says(registry: Registry, decode: Decoder) -> None:
    """Decimals, dates, lists and bytes of a change event stand in the text as people write them."""
    found = decode(record(avro(registry, ENVELOPE_SCHEMA, CHANGE)))
    assert isinstance(found, list)
    assert isinstance(found[0].event, DocumentUpserted)
    assert (found[0].event.document, found[0].event.text) == ("articles-7", SHOWN)
    assert found[0].place is not None
    assert (found[0].place.axis, found[0].place.numbers) == ("lsn", (77,))


def test_flat_avro_row_is_read(registry: Registry, decode: Decoder) -> None:
    """So are those of a row without its envelope, on a topic of rows."""
    event = event_of(decode, record(avro(registry, ROW_SCHEMA, ROW)))
    assert isinstance(event, DocumentUpserted)
    assert event.text == SHOWN


def test_tombstone_with_an_avro_key_deletes(registry: Registry, decode: Decoder) -> None:
    """A null value deletes the row that its framed key names."""
    key = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "int"}]}
    event = event_of(decode, record(None, key=avro(registry, key, {"id": 7})))
    assert isinstance(event, DocumentDeleted)
    assert event.document == "articles-7"


def test_key_that_only_looks_framed_does_not_matter(registry: Registry, decode: Decoder) -> None:
    """Eight bytes of a long number begin like a frame: the value is read all the same, and the registry asked once."""
    for _ in range(3):
        event = event_of(decode, record(avro(registry, ROW_SCHEMA, ROW), key=struct.pack(">q", 7)))
        assert isinstance(event, DocumentUpserted)
    assert sum(path.startswith("/schemas/ids/0") for path in registry.asked) <= 1


def test_schema_that_refers_to_another_is_read(registry: Registry, decode: Decoder) -> None:
    """The referred schema is fetched by its subject."""
    registry.register(Registered("AVRO", json.dumps(ROW_SCHEMA)), subject="row")
    name = "shop.public.articles.Value"
    before, *others = ENVELOPE_SCHEMA["fields"]
    outer = ENVELOPE_SCHEMA | {"fields": [before | {"type": ["null", name]}, *others]}
    reference = [{"name": name, "subject": "row", "version": 1}]
    number = registry.register(Registered("AVRO", json.dumps(outer), references=reference))
    known: dict[str, Any] = {}
    parse_schema(ROW_SCHEMA, named_schemas=known)
    buffer = BytesIO()
    schemaless_writer(buffer, parse_schema(outer, named_schemas=known), CHANGE)
    event = event_of(decode, record(struct.pack(">bI", 0, number) + buffer.getvalue()))
    assert isinstance(event, DocumentUpserted)
    assert event.text == SHOWN


def protobuf_file() -> descriptor_pb2.FileDescriptorProto:
    """A file whose second message has the message of events nested in it."""
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="shop", syntax="proto3")
    file.message_type.add(name="Other")
    outer = file.message_type.add(name="Outer")
    message = outer.nested_type.add(name="Message")
    for number, name in enumerate(("type", "id", "user", "session", "role", "text", "at"), start=1):
        message.field.add(name=name, number=number, type=9, label=1)
    return file


def protobuf(registry: Registry, fields: dict[str, str]) -> bytes:
    file = protobuf_file()
    serialized = base64.b64encode(file.SerializeToString()).decode()
    number = registry.register(Registered("PROTOBUF", 'syntax = "proto3"; // its text', serialized))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    message = GetMessageClass(pool.FindMessageTypeByName("shop.Outer.Message"))(**fields)
    return struct.pack(">bI", 0, number) + bytes([4, 2, 0]) + message.SerializeToString()


def test_protobuf_event_is_read(registry: Registry, decode: Decoder) -> None:
    """The message that the indexes in the frame lead to is read by the registry's own description of it."""
    said = {"type": "message", "id": "m", "user": "ada", "session": "s", "role": "user", "text": "Hello."}
    value = protobuf(registry, said | {"at": "2026-11-23T10:00:00Z"})
    event = event_of(decode, record(value, topic="semcache.conversations"))
    assert isinstance(event, MessageEvent)
    assert event.text == "Hello."


@pytest.mark.parametrize(
    "damage", [lambda v: v[:9], lambda v: v[:5], lambda v: v[:5] + b"\xff" * 20, lambda v: v + b"\x00\x01"]
)
@pytest.mark.parametrize("kind", ["avro", "protobuf"])
def test_damaged_value_is_the_records_own_fault(registry: Registry, decode: Decoder, damage: Any, kind: str) -> None:
    """A value that was cut or overwritten is refused with a cause, or read as far as its format allows."""
    made = avro(registry, ENVELOPE_SCHEMA, CHANGE) if kind == "avro" else protobuf(registry, {"type": "message"})
    with suppress(Quarantine):
        decode(record(damage(made)))


@hypothesis.settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_behind_a_frame_are_read_or_refused(registry: Registry, decode: Decoder, rest: bytes) -> None:
    """Nothing but a dead letter comes of bytes that are not what their schema says."""
    good = avro(registry, ENVELOPE_SCHEMA, CHANGE) if not registry.schemas else struct.pack(">bI", 0, 1)
    with suppress(Quarantine):
        decode(record(good[:5] + rest))


def test_registry_that_refuses_is_a_matter_of_the_settings(registry: Registry, decode: Decoder) -> None:
    """A wrong password is no fault of the record: it is waited for somebody to mend it."""
    fresh = make_decoder(load_settings(ingest={"schema_registry": {"url": registry.url}}))
    value = avro(registry, ROW_SCHEMA, ROW)
    registry.status = 401
    try:
        with pytest.raises(ConfigurationError, match=r"ingest\.schema_registry"):
            fresh(record(value))
    finally:
        registry.status = 200


def test_schema_is_asked_for_once(registry: Registry, decode: Decoder) -> None:
    """A second record of the same schema costs no request."""
    value = avro(registry, ROW_SCHEMA, ROW)
    decode(record(value))
    asked = len(registry.asked)
    decode(replace(record(value), offset=4))
    assert len(registry.asked) == asked
