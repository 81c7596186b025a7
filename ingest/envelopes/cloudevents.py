"""CloudEvents 1.0 on Kafka: binary mode (attributes in headers) and structured mode (all in the value)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ingest.envelopes.wire import parse_object
from ingest.events import KNOWLEDGE_TYPES, TYPES, NotAnEvent
from ingest.records import Record

_STRUCTURED = "application/cloudevents"


def is_structured(record: Record) -> bool:
    return (record.header("content-type") or "").lower().startswith(_STRUCTURED)


def is_binary(record: Record) -> bool:
    return record.header("ce_specversion") is not None


def looks_structured(fields: Mapping[str, Any]) -> bool:
    """A whole CloudEvent whose producer forgot the content type."""
    return {"specversion", "source", "id", "type"} <= fields.keys() and ("data" in fields or "data_base64" in fields)


def from_binary(record: Record) -> dict[str, Any]:
    """Fields of an event in binary mode. The record's value is its data."""
    attributes = {
        name.lower().removeprefix("ce_"): value.decode("utf-8", "replace")
        for name, value in record.headers
        if name.lower().startswith("ce_") and value is not None
    }
    return _merge(attributes, parse_object(record.value or b""))


def from_structured(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of an event in structured mode."""
    return _merge(whole, _data(whole))


def _data(whole: Mapping[str, Any]) -> dict[str, Any]:
    if "data_base64" in whole:
        try:
            return parse_object(base64.b64decode(str(whole["data_base64"]), validate=True))
        except binascii.Error as error:
            raise NotAnEvent(f"data_base64 of the CloudEvent is not base64: {error}") from None
    data = whole.get("data")
    if isinstance(data, str):
        return parse_object(data.encode())
    if not isinstance(data, dict):
        raise NotAnEvent("the CloudEvent has no data")
    return data


def _merge(attributes: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Data wins; what it lacks comes from the attributes. (source, id) is a CloudEvent's identity."""
    kind = _type_of(str(attributes.get("type", "")))
    source, identity, subject = (attributes.get(name) for name in ("source", "id", "subject"))
    fallback = {"type": kind, "id": f"{source}#{identity}" if identity else None, "at": attributes.get("time")}
    if subject:
        fallback["document" if kind in KNOWLEDGE_TYPES else "user"] = subject
    return {name: value for name, value in fallback.items() if value is not None} | dict(data)


def _type_of(name: str) -> str:
    """`com.example.document_upserted.v1` -> `document_upserted`."""
    return next((part for part in reversed(name.split(".")) if part in TYPES), name)
