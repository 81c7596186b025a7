"""The Schema Registry, where one is configured: what names a schema is read by it, as JSON, Avro or Protobuf."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from semcache.errors import ConfigurationError, MissingExtra, SemcacheError, Unavailable
from semcache_ingest.envelopes.formats import Reader, avro_reader, protobuf_reader
from semcache_ingest.events import NotAnEvent
from semcache_ingest.records import Record

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

VALUE_HEADER, KEY_HEADER = "__value_schema_id", "__key_schema_id"
"""Where serializers of newer versions put the schema's id; older ones put it before the value."""
_NOT_FOUND, _REFUSED = 404, (401, 403)
_MAX_SCHEMAS = 1000


class RegistryUnavailable(Unavailable):
    """The Schema Registry does not answer."""


@dataclass(frozen=True, slots=True)
class SchemaName:
    """Which schema a value names: by number or by GUID."""

    id: int | None = None
    guid: str | None = None


class SchemaRegistry:
    """Reads records that name a schema; others pass as they are. Schemas are asked for once each.

    `serialized` is a second client of the same registry, for Protobuf schemas, which have two forms: a client keeps
    the one that it was asked for first.
    """

    def __init__(self, client: SchemaRegistryClient, serialized: SchemaRegistryClient | None = None) -> None:
        from confluent_kafka.schema_registry.json_schema import JSONDeserializer

        self._client = client
        self._serialized = serialized or client
        self._check: Any = JSONDeserializer(None, schema_registry_client=client)
        self._not_frames: set[bytes] = set()
        self._reader = lru_cache(maxsize=_MAX_SCHEMAS)(self._made)

    def read(self, record: Record) -> Record:
        """The record, its value and key in JSON where they were not; as it is, if it names no schema.

        Raises:
            NotAnEvent: it does not fit its schema, or that is unknown.
            RegistryUnavailable: the registry does not answer.
            ConfigurationError: it refuses this client.
        """
        if record.value is not None and names_a_schema(record.value, record.header_bytes(VALUE_HEADER)):
            record = replace(record, value=self._asked(record, record.value, VALUE_HEADER))
        return replace(record, key=self._key(record))

    def _key(self, record: Record) -> bytes | None:
        """The key in JSON; as it is where it only looks framed, as the number of a LongSerializer does."""
        key, header = record.key, record.header_bytes(KEY_HEADER)
        if key is None or not names_a_schema(key, header) or key[:5] in self._not_frames:
            return key
        try:
            return self._asked(record, key, KEY_HEADER)
        except NotAnEvent:
            if header is None and len(self._not_frames) < _MAX_SCHEMAS:
                self._not_frames.add(key[:5])
            return key

    def _asked(self, record: Record, data: bytes, header: str) -> bytes:
        from confluent_kafka.schema_registry.error import SchemaRegistryError
        from confluent_kafka.serialization import SerializationError
        from httpx2 import HTTPError

        try:
            return self._in_json(record, data, header)
        except SchemaRegistryError as error:
            raise _understood(error) from error
        except HTTPError as error:
            raise RegistryUnavailable(f"the Schema Registry does not answer ({error})", retry_after_s=2.0) from error
        except (SerializationError, ValueError, EOFError, KeyError, IndexError, TypeError) as error:
            raise NotAnEvent(f"the record does not fit its schema: {error}") from error

    def _in_json(self, record: Record, data: bytes, header: str) -> bytes:
        from confluent_kafka.serialization import MessageField, SerializationContext

        name, payload = _named(data, record.header_bytes(header))
        kind = self._schema(self._client, name).schema_type or "AVRO"
        if kind == "JSON":
            field = MessageField.VALUE if header == VALUE_HEADER else MessageField.KEY
            self._check(data, SerializationContext(record.topic, field, list(record.headers)))
            return payload.read()
        indexes = _indexes(payload) if kind == "PROTOBUF" else ()
        return json.dumps(self._reader(name, kind, indexes)(payload)).encode()

    def _made(self, name: SchemaName, kind: str, indexes: tuple[int, ...]) -> Reader:
        if kind == "AVRO":
            schema = self._schema(self._client, name)
            return avro_reader(schema.schema_str or "", self._referred(self._client, schema))
        if kind == "PROTOBUF":
            schema = self._schema(self._serialized, name, form="serialized")
            files = [*self._referred(self._serialized, schema, form="serialized"), schema.schema_str or ""]
            return protobuf_reader([base64.b64decode(file) for file in files], indexes)
        raise ValueError(f"schemas of type {kind!r} are not understood")

    def _schema(self, client: SchemaRegistryClient, name: SchemaName, form: str | None = None) -> Schema:
        if name.guid is not None:
            return client.get_schema_by_guid(name.guid, fmt=form)
        return client.get_schema(name.id or 0, fmt=form)

    def _referred(self, client: SchemaRegistryClient, schema: Schema, form: str | None = None) -> list[str]:
        """The schemas that one refers to, each behind those that it refers to itself."""
        found: list[str] = []
        for reference in schema.references or ():
            asked = client.get_version(reference.subject or "", reference.version or 1, fmt=form)
            found += [*self._referred(client, asked.schema, form), asked.schema.schema_str or ""]
        return list(dict.fromkeys(found))


def open_registry(properties: Mapping[str, str]) -> SchemaRegistry | None:
    """The registry of the client properties (`url`, `basic.auth.user.info`, ...); None without any.

    Raises:
        MissingExtra: its client is not installed.
        ConfigurationError: a property is wrong.
    """
    if not properties:
        return None
    if any(find_spec(module) is None for module in ("authlib", "fastavro", "google.protobuf")):
        raise MissingExtra("registry", "reading records by a Schema Registry")
    from confluent_kafka.schema_registry import SchemaRegistryClient

    try:
        return SchemaRegistry(*(SchemaRegistryClient.new_client(dict(properties)) for _ in range(2)))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"ingest.schema_registry: {error}") from error


def names_a_schema(data: bytes, header: bytes | None) -> bool:
    """Whether a serializer has noted a schema: in five bytes before the value, or in a header."""
    return data[:1] == b"\0" or header is not None


def _named(data: bytes, header: bytes | None) -> tuple[SchemaName, BytesIO]:
    """The schema that is named, and what stands behind the name."""
    from confluent_kafka.schema_registry.serde import SchemaId

    named = SchemaId("")
    if header is not None:
        named.from_bytes(BytesIO(header))
        return _name(named), BytesIO(data)
    payload = named.from_bytes(BytesIO(data))
    return _name(named), payload


def _name(found: Any) -> SchemaName:
    return SchemaName(found.id, None if found.guid is None else str(found.guid))


def _indexes(payload: BytesIO) -> tuple[int, ...]:
    """Which message of a Protobuf schema it is: how many indexes, and these, as zigzag varints."""
    return tuple(_varint(payload) for _ in range(_varint(payload))) or (0,)


def _varint(payload: BytesIO) -> int:
    value = shift = 0
    while True:
        byte = payload.read(1)
        if not byte or shift > 63:
            raise ValueError("the message index ends too early")
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return (value >> 1) ^ -(value & 1)


def _understood(error: SchemaRegistryError) -> SemcacheError:
    if error.http_status_code == _NOT_FOUND:
        return NotAnEvent(f"the Schema Registry does not know the record's schema: {error}")
    if error.http_status_code in _REFUSED:
        return ConfigurationError(f"the Schema Registry refuses this client (ingest.schema_registry): {error}")
    return RegistryUnavailable(f"the Schema Registry does not answer ({error})", retry_after_s=2.0)
