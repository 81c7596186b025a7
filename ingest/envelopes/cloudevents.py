"""CloudEvents 1.0 on Kafka: binary mode (attributes in headers), structured mode (all in the value), batches."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from semcache_ingest.envelopes.rows import payload_of
from semcache_ingest.envelopes.wire import parse_json, parse_object
from semcache_ingest.events import KNOWLEDGE_TYPES, TYPES, NotAnEvent
from semcache_ingest.records import Record

_STRUCTURED = "application/cloudevents"
_BATCH = "application/cloudevents-batch"
_JSON = ("application/cloudevents+json", "application/cloudevents-batch+json")
_WITHOUT_DATA = frozenset({"user_erased", "document_deleted", "session_ended"})
_FIELDS = (
    "user",
    "session",
    "document",
    "version",
    "namespace",
    "entry",
    "correct",
    "message",
    "role",
    "speaker",
    "title",
)
"""Extension attributes that may stand for a field of the event."""
_CONVERTER = "iodebezium"
"""How the extension attributes of Debezium's CloudEvents converter begin."""
_SOURCE_NAMES = {
    "tsms": "ts_ms",
    "serverid": "server_id",
    "changelsn": "change_lsn",
    "commitlsn": "commit_lsn",
    "eventserialno": "event_serial_no",
}


def is_structured(record: Record) -> bool:
    return _content_type(record).startswith(_STRUCTURED)


def is_binary(record: Record) -> bool:
    return any(_attribute(name) == "specversion" for name, _ in record.headers)


def looks_structured(fields: Mapping[str, Any]) -> bool:
    """A whole CloudEvent whose producer forgot the content type."""
    return {"specversion", "source", "id", "type"} <= fields.keys()


def from_binary(record: Record) -> dict[str, Any]:
    """Fields of an event in binary mode. The record's value is its data."""
    attributes = {
        _attribute(name): value.decode("utf-8", "replace")
        for name, value in record.headers
        if _attribute(name) and value is not None
    }
    return _merge(attributes, _parsed(record.value or b""))


def from_content(record: Record, value: bytes) -> list[dict[str, Any]]:
    """Fields of the event in structured mode, or of each in a batch.

    Raises:
        NotAnEvent: not JSON; the message names the setting of the producer.
    """
    kind = _content_type(record)
    if not kind.startswith(_JSON):
        raise NotAnEvent(
            f"content-type {kind[:80]!r}: only CloudEvents in JSON are read (datacontenttype, format=json)"
        )
    if not kind.startswith(_BATCH):
        return [from_structured(parse_object(value))]
    batch = parse_json(value)
    if not isinstance(batch, list) or not all(isinstance(one, dict) for one in batch):
        raise NotAnEvent(f"content-type {kind[:80]!r}: a batch of CloudEvents is a list of objects")
    return [from_structured(one) for one in batch]


def from_structured(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of an event in structured mode."""
    return _merge(whole, _data(whole))


def is_converted(attributes: Mapping[str, Any]) -> bool:
    """Whether Debezium's CloudEvents converter wrote it: then its data are a row before and after a change."""
    return _CONVERTER + "op" in attributes


def _data(whole: Mapping[str, Any]) -> Any:
    if whole.get("data_base64") is not None:
        try:
            return _parsed(base64.b64decode("".join(str(whole["data_base64"]).split()), validate=True))
        except ValueError as error:
            raise NotAnEvent(f"data_base64 of the CloudEvent is not base64: {error}") from None
    data = whole.get("data")
    return _parsed(data.encode("utf-8", "replace")) if isinstance(data, str) else data


def _parsed(value: bytes) -> Any:
    return parse_json(value) if value.strip() else None


def _merge(attributes: Mapping[str, Any], data: Any) -> dict[str, Any]:
    """Data wins; what it lacks comes from the attributes. (source, id) is a CloudEvent's identity."""
    kind = _type_of(str(attributes.get("type", "")))
    if data is None and kind in _WITHOUT_DATA:
        data = {}
    if not isinstance(data, dict):
        found = "no data" if data is None else f"data of another kind ({type(data).__name__})"
        raise NotAnEvent(f"the CloudEvent has {found}: an event of type {kind[:60]!r} needs an object")
    if is_converted(attributes):
        return _converted(attributes, data)
    source, identity, subject = (attributes.get(name) for name in ("source", "id", "subject"))
    fallback = {name: attributes.get(name) for name in _FIELDS}
    fallback |= {"type": kind, "id": f"{source}#{identity}" if identity else None, "at": attributes.get("time")}
    if subject:
        fallback["document" if kind in KNOWLEDGE_TYPES else "user"] = subject
    return {name: value for name, value in fallback.items() if value is not None} | data


def _converted(attributes: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The change event that Debezium's CloudEvents converter took apart."""
    said = {name.removeprefix(_CONVERTER): value for name, value in attributes.items() if name.startswith(_CONVERTER)}
    source = {_SOURCE_NAMES.get(name, name): value for name, value in said.items() if name != "op"}
    images = payload_of(data)
    return {"op": said["op"], "before": images.get("before"), "after": images.get("after"), "source": source}


def _attribute(header: str) -> str:
    """`ce_type`, `CE_TYPE` and `ce-type` are the attribute `type`; "" for a header that is none."""
    lower = header.lower()
    return lower[3:] if lower.startswith(("ce_", "ce-")) else ""


def _content_type(record: Record) -> str:
    if not record.headers:
        return ""
    found = next((value for name, value in reversed(record.headers) if name.lower() == "content-type"), None)
    return (found or b"").decode("utf-8", "replace").strip().lower()


def _type_of(name: str) -> str:
    """`com.example.document_upserted.v1` -> `document_upserted`."""
    return next((part for part in reversed(name.split(".")) if part in TYPES), name)
