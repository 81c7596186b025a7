"""The Schema Registry, where one is configured: framed JSON is checked against the schema that it names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ingest.events import NotAnEvent
from ingest.records import Record
from semcache.errors import ConfigurationError, MissingExtra, SemcacheError, Unavailable

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

HEADER = "__value_schema_id"
"""Where serializers of newer versions put the schema's id; older ones put it before the value."""
_NOT_FOUND, _REFUSED = 404, (401, 403)


class RegistryUnavailable(Unavailable):
    """The Schema Registry does not answer."""


class SchemaRegistry:
    """Checks records that name a schema; others pass. Schemas are asked for once each."""

    def __init__(self, client: SchemaRegistryClient) -> None:
        from confluent_kafka.schema_registry.json_schema import JSONDeserializer

        self._read: Any = JSONDeserializer(None, schema_registry_client=client)

    def read(self, record: Record) -> Record:
        """The record, if the record names no schema, or fits the one it names.

        Raises:
            NotAnEvent: it does not fit, the schema is unknown, or it is no JSON Schema.
            RegistryUnavailable: the registry does not answer.
            ConfigurationError: it refuses this client.
        """
        from confluent_kafka.schema_registry.error import SchemaRegistryError
        from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError
        from httpx2 import HTTPError

        if not names_a_schema(record):
            return record
        context = SerializationContext(record.topic, MessageField.VALUE, list(record.headers))
        try:
            self._read(record.value, context)
        except SchemaRegistryError as error:
            raise _understood(error) from error
        except (SerializationError, ValueError) as error:
            raise NotAnEvent(f"the record does not fit its schema: {error}") from error
        except HTTPError as error:
            raise RegistryUnavailable(f"the Schema Registry does not answer ({error})", retry_after_s=2.0) from error
        return record


def open_registry(properties: Mapping[str, str]) -> SchemaRegistry | None:
    """The registry of the client properties (`url`, `basic.auth.user.info`, ...); None without any.

    Raises:
        MissingExtra: its client is not installed.
        ConfigurationError: a property is wrong.
    """
    if not properties:
        return None
    if find_spec("authlib") is None:
        raise MissingExtra("registry", "checking records against a Schema Registry")
    from confluent_kafka.schema_registry import SchemaRegistryClient

    try:
        return SchemaRegistry(SchemaRegistryClient.new_client(dict(properties)))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"ingest.schema_registry: {error}") from error


def names_a_schema(record: Record) -> bool:
    """Whether a serializer has noted a schema: in five bytes before the value, or in a header."""
    return record.value is not None and (record.value[:1] == b"\0" or record.header(HEADER) is not None)


def _understood(error: SchemaRegistryError) -> SemcacheError:
    if error.http_status_code == _NOT_FOUND:
        return NotAnEvent(f"the Schema Registry does not know the record's schema: {error}")
    if error.http_status_code in _REFUSED:
        return ConfigurationError(f"the Schema Registry refuses this client (ingest.schema_registry): {error}")
    return RegistryUnavailable(f"the Schema Registry does not answer ({error})", retry_after_s=2.0)
