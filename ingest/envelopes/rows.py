"""Rows of a database, as change-data-capture tools send them: Debezium, its unwrapped form, Airbyte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.envelopes.wire import parse_json
from ingest.events import NotAnEvent
from ingest.records import Record

UNAVAILABLE = "__debezium_unavailable_value"
"""What PostgreSQL's connector sends for a large column that an update did not touch."""


@dataclass(frozen=True, slots=True)
class Row:
    """One change of one row. `tables`: the names it goes by, longest first; `order`: its place in the source's log."""

    tables: tuple[str, ...]
    columns: Mapping[str, Any]
    deleted: bool
    order: int | None
    at_ms: int | None


def payload_of(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is inside `{"schema": ..., "payload": ...}`, or the fields themselves (`schemas.enable=false`)."""
    if "payload" in fields and fields.keys() <= {"schema", "payload"}:
        inner = fields["payload"]
        if not isinstance(inner, dict):
            raise NotAnEvent("the payload of the change event is empty")
        return inner
    return fields


def is_debezium(payload: Mapping[str, Any]) -> bool:
    return "op" in payload and "source" in payload and ("after" in payload or "before" in payload or "ts_ms" in payload)


def is_airbyte(payload: Mapping[str, Any]) -> bool:
    return "_airbyte_data" in payload


def debezium(payload: Mapping[str, Any], record: Record) -> Row | None:
    """The row of a change event; None for a message that touches none (op `m`).

    Raises:
        NotAnEvent: a TRUNCATE, which names no rows, or an unknown operation.
    """
    op, source = payload.get("op"), payload.get("source") or {}
    if op == "m":
        return None
    if op == "t":
        raise NotAnEvent("a TRUNCATE names no rows: delete the documents by document_deleted events")
    if op not in {"c", "u", "d", "r"}:
        raise NotAnEvent(f"unknown Debezium operation {op!r}")
    before, after = payload.get("before") or {}, payload.get("after") or {}
    return Row(
        tables=_tables(source.get("db"), source.get("schema"), source.get("table") or source.get("collection"), record),
        columns=key_columns(record) | before if op == "d" else _restored(before, after),
        deleted=op == "d",
        order=_order(source),
        at_ms=source.get("ts_ms") or payload.get("ts_ms"),
    )


def unwrapped(payload: Mapping[str, Any], record: Record) -> Row:
    """A flat row (`ExtractNewRecordState`); `__deleted`, `__op`, `__table`, `__lsn`, ... are its metadata."""
    meta = {name.removeprefix("__source_").removeprefix("__"): v for name, v in payload.items() if name[:2] == "__"}
    columns = {name: value for name, value in payload.items() if name[:2] != "__"}
    deleted = str(meta.get("deleted", "false")).lower() == "true" or meta.get("op") == "d"
    return Row(
        tables=_tables(meta.get("db"), meta.get("schema"), meta.get("table"), record),
        columns=key_columns(record) | columns if deleted else columns,
        deleted=deleted,
        order=_order(meta),
        at_ms=meta.get("ts_ms"),
    )


def airbyte(payload: Mapping[str, Any], record: Record) -> Row:
    """A record of Airbyte's Kafka destination; a CDC source marks deletes with `_ab_cdc_deleted_at`."""
    data = payload["_airbyte_data"]
    if isinstance(data, str):
        data = parse_json(data.encode())
    if not isinstance(data, dict):
        raise NotAnEvent("_airbyte_data is not an object")
    stamp = payload.get("_airbyte_extracted_at") or payload.get("_airbyte_emitted_at")
    return Row(
        tables=_tables(None, payload.get("_airbyte_namespace"), payload.get("_airbyte_stream"), record),
        columns={name: value for name, value in data.items() if not name.startswith("_ab_cdc_")},
        deleted=data.get("_ab_cdc_deleted_at") is not None,
        order=_integer(data.get("_ab_cdc_lsn")),
        at_ms=_integer(stamp),
    )


def key_columns(record: Record) -> dict[str, Any]:
    """The primary key columns in a JSON key; nothing if the key is something else."""
    try:
        parsed = parse_json(record.key) if record.key else None
        return dict(payload_of(parsed)) if isinstance(parsed, dict) else {}
    except NotAnEvent:
        return {}


def _tables(db: Any, schema: Any, table: Any, record: Record) -> tuple[str, ...]:
    parts = [str(part) for part in (db, schema, table) if part]
    named = [".".join(parts[i:]) for i in range(len(parts))] if table else []
    return tuple(dict.fromkeys([*named, record.topic]))


def _restored(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: before.get(name, value) if value == UNAVAILABLE else value for name, value in after.items()}


def _order(source: Mapping[str, Any]) -> int | None:
    """Place in the database's log: PostgreSQL's LSN, Oracle's SCN, MySQL's file and position. Time may tie or jump."""
    for name in ("lsn", "scn"):
        number = _integer(source.get(name))
        if number:
            return number
    file, pos = re.search(r"(\d+)$", str(source.get("file") or "")), _integer(source.get("pos"))
    return (int(file[1]) << 32) + pos if file and pos is not None else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else None
