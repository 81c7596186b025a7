"""Which envelope a record wears, and the fields of the events inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from semcache_ingest.envelopes import cloudevents, rows
from semcache_ingest.envelopes.mapping import TableRule, rule_for, rule_named
from semcache_ingest.envelopes.places import SourcePlace
from semcache_ingest.envelopes.wire import as_object, parse_json
from semcache_ingest.events import KNOWLEDGE_TYPES, NotAnEvent
from semcache_ingest.records import Record

Fields = dict[str, Any]
_MAX_ID_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """What unwrapping has to know. `namespace` is the one of events that name none."""

    knowledge_topic: str = "semcache.knowledge"
    conversations_topic: str = "semcache.conversations"
    namespace: str = "default"
    tables: tuple[TableRule, ...] = ()

    def mapped(self, topic: str) -> TableRule | None:
        """The rule of a topic that holds the rows of one table."""
        if not self.tables:
            return None
        own = topic in (self.knowledge_topic, self.conversations_topic)
        return rule_named(self.tables, [topic] if own else rows.topic_names(topic))

    def keyed(self, topic: str) -> TableRule | None:
        """The rule by which a key alone is read, on a topic that is not ours: the topic's, or the only one."""
        own = topic in (self.knowledge_topic, self.conversations_topic)
        return self.mapped(topic) or (None if own else self.only)

    @property
    def only(self) -> TableRule | None:
        return self.tables[0] if len(self.tables) == 1 else None


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Fields of one event; where it is a row's change, its place in the source's order, and the epoch of that."""

    fields: Fields
    place: SourcePlace | None = None
    epoch: int = 0


def unwrap(record: Record, rules: Rules) -> list[Unwrapped]:
    """The events in a record, mostly one; none where there is nothing to do, as in a message that touches no row.

    What the envelope implies is filled in: the namespace, the time of the record.

    Raises:
        NotAnEvent: unreadable, or of an unknown shape.
    """
    if cloudevents.is_binary(record):
        found = _event_or_row(cloudevents.from_binary(record), record, rules)
    elif record.value is None:
        found = _tombstone(record, rules)
    else:
        found = _unwrapped(record, record.value, rules)
    for one in found:
        _complete(one.fields, record, rules)
    return found


def _tombstone(record: Record, rules: Rules) -> list[Unwrapped]:
    """A null value deletes the row in the key, on the knowledge topic the document."""
    rule = rules.keyed(record.topic)
    if rule is None and record.topic == rules.knowledge_topic:
        if record.key and record.key[:1] not in (b"{", b"\0"):
            return [Unwrapped({"type": "document_deleted", "document": _text_key(record.key)})]
        rule = rules.only
    if rule is None:
        raise NotAnEvent("the record has no value, and no [[ingest.debezium]] setting says what its key means")
    row = rows.tombstone(_keyed(record, rule))
    if rule.document(row.columns) is None:
        missing = ", ".join(sorted(rule.id.columns() - row.columns.keys()))
        raise NotAnEvent(
            f"the record has no value, and its key no column {missing}, of which the ids of {rule.table} are made: "
            "make them of key columns, or set the connector's tombstones.on.delete=false"
        )
    return _documents(replace(row, tables=(rule.table, *row.tables)), record, rules)


def _keyed(record: Record, rule: TableRule) -> Record:
    """The record with an object for a key, also where that is the bare value of the only column."""
    columns = rule.id.columns()
    if not record.key or record.key[:1] in (b"{", b"\0") or len(columns) != 1:
        return record
    try:
        value = parse_json(record.key)
    except NotAnEvent:
        value = _text_key(record.key)
    return replace(record, key=json.dumps({next(iter(columns)): value}).encode())


def _text_key(key: bytes) -> str:
    try:
        return key.decode().strip('"')
    except UnicodeDecodeError:
        raise NotAnEvent("the key of the tombstone is not UTF-8") from None


def _unwrapped(record: Record, value: bytes, rules: Rules) -> list[Unwrapped]:
    if cloudevents.is_structured(record):
        made = cloudevents.from_content(record, value)
        return [found for fields in made for found in _event_or_row(fields, record, rules)]
    parsed = parse_json(value)
    if rows.is_null(parsed) and rules.keyed(record.topic) is not None:
        return _tombstone(record, rules)
    whole = as_object(parsed)
    payload = rows.payload_of(whole)
    if rules.mapped(record.topic) is not None:
        return _row(payload, record, rules)
    if cloudevents.looks_structured(whole):
        return _event_or_row(cloudevents.from_structured(whole), record, rules)
    return _event_or_row(payload, record, rules)


def _row(payload: Mapping[str, Any], record: Record, rules: Rules) -> list[Unwrapped]:
    """On a topic of rows everything is one, whatever its columns are called."""
    if rows.is_certainly_debezium(payload):
        return _change(payload, record, rules)
    if rows.is_airbyte(payload):
        return _documents(rows.airbyte(payload, record), record, rules)
    if cloudevents.looks_structured(payload) and cloudevents.is_converted(payload):
        return _event_or_row(cloudevents.from_structured(payload), record, rules)
    return _documents(rows.unwrapped(payload, record), record, rules)


def _event_or_row(payload: Mapping[str, Any], record: Record, rules: Rules) -> list[Unwrapped]:
    if rows.is_debezium(payload):
        return _change(payload, record, rules)
    if rows.is_airbyte(payload):
        return _documents(rows.airbyte(payload, record), record, rules)
    if rows.is_marked(payload):
        return _documents(rows.unwrapped(payload, record), record, rules)
    return [Unwrapped(dict(payload))]


def _change(payload: Mapping[str, Any], record: Record, rules: Rules) -> list[Unwrapped]:
    row = rows.debezium(payload, record)
    return [] if row is None else _documents(row, record, rules)


def _documents(row: rows.Row, record: Record, rules: Rules) -> list[Unwrapped]:
    """The row's document; before it the delete of the one that the row was, if its id has changed."""
    rule = rule_for(rules.tables, row)
    changed = [row]
    if row.before is not None and (old := rule.document(row.before)) and old != rule.document(row.columns):
        changed = [replace(row, columns=row.before, deleted=True), row]
    return [_document(one, rule, record) for one in changed]


def _document(row: rows.Row, rule: TableRule, record: Record) -> Unwrapped:
    fields = rule.fields(row)
    numbers = ".".join(map(str, row.place.numbers))
    fields["id"] = f"{row.tables[0]}:{fields['document']}:{numbers or record.position}"[:_MAX_ID_CHARS]
    if row.place.at_ms:
        fields["at"] = _iso(row.place.at_ms)
    return Unwrapped(fields, row.place, rule.epoch)


def _complete(fields: Fields, record: Record, rules: Rules) -> None:
    if not fields.get("namespace"):
        fields["namespace"] = rules.namespace
    if fields.get("at") is None:
        fields["at"] = _iso(record.timestamp_ms)
    knowledge = isinstance(fields.get("type"), str) and fields["type"] in KNOWLEDGE_TYPES
    if knowledge and fields.get("id") is None:
        fields["id"] = record.position


def _iso(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise NotAnEvent(f"the time {str(at_ms)[:30]} ms is out of range") from None
