"""Avro and Protobuf as plain values, read by the schema that a registry holds. Needs the extra `registry`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

from semcache_ingest.envelopes.values import typed

Reader = Callable[[BytesIO], Any]
"""Reads one value behind its frame."""

_INSIDE = {"record": "fields", "array": "items", "map": "values"}


def avro_reader(schema: str, named: Sequence[str] = ()) -> Reader:
    """For an Avro schema, with the schemas that it refers to, the referred ones first.

    Raises:
        ValueError: the schema cannot be read.
    """
    from fastavro import parse_schema, schemaless_reader
    from fastavro.schema import SchemaParseException

    known: dict[str, Any] = {}
    parsed: Any = None
    try:
        for text in (*named, schema):
            parsed = parse_schema(json.loads(text), named_schemas=known)
    except SchemaParseException as error:
        raise ValueError(f"the Avro schema cannot be read: {error}") from error
    described = _described(parsed, known)

    def read(payload: BytesIO) -> Any:
        return plain(typed(schemaless_reader(payload, parsed, None), described))

    return read


def protobuf_reader(descriptors: Sequence[bytes], indexes: Sequence[int]) -> Reader:
    """For serialized file descriptors, the last of which holds the message that the indexes lead to.

    Raises:
        ValueError: there is no such message.
    """
    from google.protobuf import descriptor_pool, json_format
    from google.protobuf.message import DecodeError
    from google.protobuf.message_factory import GetMessageClass

    pool = descriptor_pool.DescriptorPool()
    for file in (*_well_known(), *descriptors):
        pool.AddSerializedFile(file)
    message_class = GetMessageClass(_message(pool, descriptors[-1], indexes or [0]))

    def read(payload: BytesIO) -> Any:
        message = message_class()
        try:
            message.ParseFromString(payload.read())
        except DecodeError as error:
            raise ValueError(f"not the Protobuf message of its schema: {error}") from error
        return json_format.MessageToDict(message, preserving_proto_field_name=True)

    return read


def plain(value: Any) -> Any:
    """The value with nothing but what JSON knows; bytes are text where they are UTF-8, base64 elsewhere."""
    match value:
        case dict():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case bytes():
            return _text(value)
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _described(schema: Any, known: Mapping[str, Any], within: tuple[str, ...] = ()) -> Any:
    """The Kafka Connect schema that an Avro one was made from: Connect's names for types are kept in it."""
    if isinstance(schema, str):
        return _described(known[schema], known, (*within, schema)) if schema in known and schema not in within else None
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        return _described(branches[0], known, within) if len(branches) == 1 else None
    kind = schema.get("type")
    if isinstance(kind, dict | list):
        return _described(kind, known, within)
    about = {"name": schema.get("connect.name"), "parameters": schema.get("connect.parameters")}
    if kind == "record":
        inside = (*within, str(schema.get("name")))
        fields = [(_described(f["type"], known, inside) or {}) | {"field": f["name"]} for f in schema["fields"]]
        return about | {"type": "struct", "fields": fields}
    if kind in _INSIDE:
        return about | {"type": kind, _INSIDE[kind]: _described(schema[_INSIDE[kind]], known, within)}
    return about


def _well_known() -> Iterator[bytes]:
    from google.protobuf import any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

    for module in (any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2):
        yield module.DESCRIPTOR.serialized_pb


def _message(pool: Any, descriptor: bytes, indexes: Sequence[int]) -> Any:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = pool.FindFileByName(FileDescriptorProto.FromString(descriptor).name)
    try:
        found = list(file.message_types_by_name.values())[indexes[0]]
        for index in indexes[1:]:
            found = found.nested_types[index]
    except IndexError:
        raise ValueError(f"the Protobuf schema has no message {list(indexes)}") from None
    return found
