"""Which envelope a record wears, and the event's fields inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.envelopes import cloudevents, rows
from ingest.envelopes.mapping import TableRule, rule_for
from ingest.envelopes.wire import parse_object
from ingest.events import KNOWLEDGE_TYPES, MAX_VERSION, TYPES, NotAnEvent
from ingest.records import Record


@dataclass(frozen=True, slots=True)
class Rules:
    """What unwrapping has to know. `namespace` is the one of events that name none."""

    knowledge_topic: str = "semcache.knowledge"
    namespace: str = "default"
    tables: tuple[TableRule, ...] = ()


def unwrap(record: Record, rules: Rules) -> dict[str, Any] | None:
    """Fields of the event in a record; None where there is nothing to do, as in a tombstone that repeats a delete.

    What the envelope implies is filled in: the namespace, the time of the record, the version of a row.

    Raises:
        NotAnEvent: unreadable, or of an unknown shape.
    """
    fields = _tombstone(record, rules) if record.value is None else _fields(record, record.value, rules)
    return None if fields is None else _completed(fields, record, rules)


def _tombstone(record: Record, rules: Rules) -> dict[str, Any] | None:
    """A null value on the knowledge topic deletes the document in the key."""
    if record.topic != rules.knowledge_topic or not record.key:
        if rules.tables and rows.key_columns(record):
            return None  # follows the row's delete, which has been applied
        raise NotAnEvent("the record has no value")
    if record.key[:1] in (b"{", b"\0"):
        return None
    try:
        document = record.key.decode().strip('"')
    except UnicodeDecodeError:
        raise NotAnEvent("the key of the tombstone is not UTF-8") from None
    return {"type": "document_deleted", "id": record.position, "document": document}


def _fields(record: Record, value: bytes, rules: Rules) -> dict[str, Any] | None:
    if cloudevents.is_structured(record):
        return cloudevents.from_structured(parse_object(value))
    if cloudevents.is_binary(record):
        return cloudevents.from_binary(record)
    whole = parse_object(value)
    if cloudevents.looks_structured(whole):
        return cloudevents.from_structured(whole)
    payload = rows.payload_of(whole)
    if rows.is_debezium(payload):
        row = rows.debezium(payload, record)
        return None if row is None else _document(row, record, rules)
    if rows.is_airbyte(payload):
        return _document(rows.airbyte(payload, record), record, rules)
    if _is_flat_row(payload, record, rules):
        return _document(rows.unwrapped(payload, record), record, rules)
    return dict(payload)


def _is_flat_row(payload: Mapping[str, Any], record: Record, rules: Rules) -> bool:
    if payload.get("type") in TYPES:
        return False
    marked = any(name in payload for name in ("__deleted", "__op", "__table", "__source_table"))
    return marked or any(rule.table == record.topic for rule in rules.tables)


def _document(row: rows.Row, record: Record, rules: Rules) -> dict[str, Any]:
    rule = rule_for(rules.tables, row)
    fields = rule.fields(row)
    fields["id"] = f"{row.tables[0]}:{fields['document']}:{row.order or record.position}"
    if row.at_ms:
        fields["at"] = _iso(row.at_ms)
    if rule.version is None:
        fields.setdefault("version", _version_by_time(row.at_ms or record.timestamp_ms, record.offset))
    return fields


def _completed(fields: dict[str, Any], record: Record, rules: Rules) -> dict[str, Any]:
    if not fields.get("namespace"):
        fields["namespace"] = rules.namespace
    if fields.get("at") is None:
        fields["at"] = _iso(record.timestamp_ms)
    if fields.get("type") in KNOWLEDGE_TYPES and fields.get("id") is None:
        fields["id"] = record.position
    if fields.get("type") == "document_upserted" and fields.get("version") is None:
        fields["version"] = _version_by_time(record.timestamp_ms, record.offset)
    return fields


def _version_by_time(at_ms: int, offset: int) -> int:
    """A version that grows with the log and survives a topic that is made anew: milliseconds, then the offset."""
    return max(1, min(MAX_VERSION, at_ms * 1000 + offset % 1000))


def _iso(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise NotAnEvent(f"the time {at_ms} ms is out of range") from None
