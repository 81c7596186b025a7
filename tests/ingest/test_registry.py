"""Records that a Schema Registry's serializer wrote: read with and without the registry, checked where there is one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from semcache.devstack.ports import free_port
from semcache.errors import ConfigurationError
from semcache.settings import load_settings
from semcache_ingest.envelopes import Rules
from semcache_ingest.envelopes.registry import RegistryUnavailable, SchemaRegistry, open_registry
from semcache_ingest.events import Event, MessageEvent, NotAnEvent, json_schema
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.records import Record
from semcache_ingest.worker.assemble import make_decoder
from tests.ingest.producing import message

TOPIC = "semcache.conversations"
MODES: dict[str, dict[str, Any]] = {"frame": {}, "header": {"schema.id.serializer": header_schema_id_serializer}}


@pytest.fixture
def client() -> SchemaRegistryClient:
    """The registry that confluent-kafka has for tests, in this process."""
    return SchemaRegistryClient.new_client({"url": "mock://registry"})


def serialized(client: SchemaRegistryClient, event: dict[str, Any], mode: str) -> Record:
    """The record that confluent's serializer makes of an event, under semcache's own schema."""
    headers: list[tuple[str, bytes]] = []
    context = SerializationContext(TOPIC, MessageField.VALUE, headers)
    value = JSONSerializer(json.dumps(json_schema()), client, conf={**MODES[mode], "validate": False})(event, context)
    return Record(TOPIC, 0, 3, b"ada", value, tuple(headers), timestamp_ms=1)


def decoder(registry: SchemaRegistry | None) -> Decoder:
    return Decoder(Rules(), max_text_bytes=10_000, registry=registry)


def event_in(record: Record, registry: SchemaRegistry | None) -> Event:
    found = decoder(registry)(record)
    assert isinstance(found, list)
    return found[0].event


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("asked", [True, False], ids=["with the registry", "without"])
def test_serialized_event_is_read(client: SchemaRegistryClient, mode: str, asked: bool) -> None:
    """Whether the schema's id stands before the value or in a header, and the registry is asked or not: one event."""
    event = event_in(serialized(client, message(0), mode), SchemaRegistry(client) if asked else None)
    assert isinstance(event, MessageEvent)
    assert event.text == message(0)["text"]


@pytest.mark.parametrize("mode", MODES)
def test_what_does_not_fit_its_schema_is_refused(client: SchemaRegistryClient, mode: str) -> None:
    """A record that breaks its own schema is no event, though it looks like one."""
    bad = serialized(client, message(0) | {"speaker": 7}, mode)
    with pytest.raises(NotAnEvent, match="does not fit its schema"):
        decoder(SchemaRegistry(client))(bad)


def test_unknown_schema_is_refused(client: SchemaRegistryClient) -> None:
    """A record of another registry names a schema that this one does not have."""
    with pytest.raises(NotAnEvent, match="does not know"):
        decoder(SchemaRegistry(client))(Record(TOPIC, 0, 0, b"k", b"\0\0\0\0\x63{}"))


def test_records_without_a_schema_pass(client: SchemaRegistryClient) -> None:
    """Plain JSON and tombstones are not the registry's business."""
    plain = Record(TOPIC, 0, 0, b"ada", json.dumps(message(0)).encode(), timestamp_ms=1)
    assert isinstance(event_in(plain, SchemaRegistry(client)), MessageEvent)
    bare = Record(TOPIC, 0, 0, b"ada", None)
    assert SchemaRegistry(client).read(bare) == bare


def test_registry_that_is_away_is_waited_for(client: SchemaRegistryClient) -> None:
    """While the registry does not answer nothing is dead-lettered: the error says to try again."""
    away = {"url": f"http://127.0.0.1:{free_port()}"}
    decode = make_decoder(load_settings(ingest={"schema_registry": away}))
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        decode(serialized(client, message(0), "frame"))


def test_wrong_property_is_named() -> None:
    """A registry without an address is a mistake in the settings."""
    with pytest.raises(ConfigurationError, match=r"ingest\.schema_registry"):
        open_registry({"basic.auth.user.info": "ada:secret"})
