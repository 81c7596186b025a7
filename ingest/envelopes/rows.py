"""Rows of a database, as change-data-capture tools send them: Debezium, its unwrapped form, Airbyte."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from semcache_ingest.envelopes.places import SourcePlace, airbyte_place, integer, place_of
from semcache_ingest.envelopes.values import extended_json, typed
from semcache_ingest.envelopes.wire import parse_json
from semcache_ingest.events import NotAnEvent
from semcache_ingest.records import Record

UNAVAILABLE = "__debezium_unavailable_value"
"""What PostgreSQL's connector sends for a large column that an update did not touch."""
_MARKS = frozenset({"__deleted", "__op", "__table", "__source_table"})
_META = frozenset(
    {"deleted", "op", "table", "schema", "db", "collection", "connector", "name", "version", "snapshot", "sequence"}
    | {"lsn", "scn", "commit_scn", "file", "pos", "row", "server_id", "gtid", "ts_ms", "ts_us", "ts_ns", "ord", "xmin"}
    | {"change_lsn", "commit_lsn", "event_serial_no", "txId", "thread", "query", "id", "total_order", "transaction_id"}
)
_OPERATIONS = frozenset({"c", "u", "d", "r", "t", "m"})
_SNAPSHOT_READ = "r"


@dataclass(frozen=True, slots=True)
class Row:
    """One change of one row. `tables`: the names it goes by, longest first; `before`: the row before an update."""

    tables: tuple[str, ...]
    columns: Mapping[str, Any]
    deleted: bool
    place: SourcePlace
    before: Mapping[str, Any] | None = None


def payload_of(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is inside `{"schema": ..., "payload": ...}`, read as its schema says; or the fields themselves.

    Raises:
        NotAnEvent: the payload is no object.
    """
    if "payload" in fields and fields.keys() <= {"schema", "payload"}:
        inner = typed(fields["payload"], fields.get("schema"))
        if not isinstance(inner, dict):
            raise NotAnEvent("the payload of the change event is empty")
        return inner
    return fields


def is_debezium(payload: Mapping[str, Any]) -> bool:
    return "op" in payload and "source" in payload and ("after" in payload or "before" in payload or "ts_ms" in payload)


def is_certainly_debezium(payload: Mapping[str, Any]) -> bool:
    """A change event even on a topic of rows, which may have columns of any name."""
    return is_debezium(payload) and payload["op"] in tuple(_OPERATIONS) and isinstance(payload["source"], dict)


def is_null(value: Any) -> bool:
    """Whether a JSON value is what `JsonConverter` writes for none: `null`, or a schema without a payload.

    `ExtractNewRecordState` makes such tombstones of deletes (`delete.tombstone.handling.mode=tombstone`, its default).
    """
    wrapped = isinstance(value, dict) and value.keys() == {"schema", "payload"}
    return value is None or (wrapped and value["payload"] is None)


def is_airbyte(payload: Mapping[str, Any]) -> bool:
    return "_airbyte_data" in payload


def is_marked(payload: Mapping[str, Any]) -> bool:
    """Whether a flat row carries what `ExtractNewRecordState` adds."""
    return not _MARKS.isdisjoint(payload)


def debezium(payload: Mapping[str, Any], record: Record) -> Row | None:
    """The row of a change event; None for a message that touches none (op `m`).

    Raises:
        NotAnEvent: a TRUNCATE, which names no rows, an unknown operation, or a part of an unforeseen shape.
    """
    op, source = payload.get("op"), _object(payload, "source")
    if op == "m":
        return None
    if op == "t":
        raise NotAnEvent("a TRUNCATE names no rows: delete the documents by document_deleted events")
    if not isinstance(op, str) or op not in _OPERATIONS:
        raise NotAnEvent(f"unknown Debezium operation {str(op)[:60]!r}")
    before, after = _image(payload, "before", source), _image(payload, "after", source)
    if op != "d" and not after and source.get("connector") == "mongodb":
        raise NotAnEvent(
            "the change has no `after`: set capture.mode=change_streams_update_full on MongoDB's connector"
        )
    at_ms = integer(source.get("ts_ms")) or integer(payload.get("ts_ms"))
    return Row(
        tables=_tables(source.get("db"), source.get("schema"), source.get("table") or source.get("collection"), record),
        columns=key_columns(record, mongodb=source.get("connector") == "mongodb") | before
        if op == "d"
        else _restored(before, after),
        deleted=op == "d",
        place=place_of(_source(source, op), at_ms),
        before=before if op == "u" and before else None,
    )


def unwrapped(payload: Mapping[str, Any], record: Record) -> Row:
    """A flat row (`ExtractNewRecordState`); `__deleted`, `__op`, `__table`, `__lsn`, ... are its metadata."""
    meta = {_bare(name): value for name, value in payload.items() if _is_meta(name)}
    columns = {name: value for name, value in payload.items() if not _is_meta(name)}
    deleted = str(meta.get("deleted", "false")).lower() == "true" or meta.get("op") == "d"
    at_ms = integer(payload.get("__source_ts_ms")) or integer(payload.get("__ts_ms"))
    return Row(
        tables=_tables(meta.get("db"), meta.get("schema"), meta.get("table") or meta.get("collection"), record),
        columns=key_columns(record) | columns if deleted else columns,
        deleted=deleted,
        place=place_of(_source(meta, meta.get("op")), at_ms),
    )


def airbyte(payload: Mapping[str, Any], record: Record) -> Row:
    """A record of Airbyte's Kafka destination; a CDC source marks deletes with `_ab_cdc_deleted_at`."""
    data = payload["_airbyte_data"]
    if isinstance(data, str):
        data = parse_json(data.encode("utf-8", "replace"))
    if not isinstance(data, dict):
        raise NotAnEvent("_airbyte_data is not an object")
    stamp = payload.get("_airbyte_extracted_at") or payload.get("_airbyte_emitted_at")
    return Row(
        tables=_tables(None, payload.get("_airbyte_namespace"), payload.get("_airbyte_stream"), record),
        columns={name: value for name, value in data.items() if not name.startswith("_ab_cdc_")},
        deleted=data.get("_ab_cdc_deleted_at") is not None,
        place=airbyte_place(data, integer(stamp)),
    )


def tombstone(record: Record) -> Row:
    """The row that a null value deletes: all that is known of it is its key.

    Raises:
        NotAnEvent: the key holds no columns.
    """
    columns = key_columns(record)
    if columns.keys() == {"id"}:
        columns["_id"] = _mongo_id(columns["id"])
    if not columns:
        raise NotAnEvent("the record has no value, and its key no columns that would say which row is deleted")
    return Row(_tables(None, None, None, record), columns, deleted=True, place=SourcePlace())


def key_columns(record: Record, *, mongodb: bool = False) -> dict[str, Any]:
    """The primary key columns in a JSON key; nothing if the key is something else."""
    try:
        parsed = parse_json(record.key) if record.key else None
        columns = dict(payload_of(parsed)) if isinstance(parsed, dict) else {}
    except NotAnEvent:
        return {}
    if columns.keys() == {"id"} and (mongodb or str(columns["id"])[:1] in ("{", '"')):
        return {"_id": _mongo_id(columns["id"])}
    return columns


def topic_names(topic: str) -> tuple[str, ...]:
    """`shop.public.articles` is also `public.articles` and `articles`."""
    parts = topic.split(".")
    return tuple(".".join(parts[start:]) for start in range(len(parts)))


def is_unavailable(value: Any) -> bool:
    """Whether a column was not sent; in a list it stands for the whole."""
    return bool(value in (UNAVAILABLE, [UNAVAILABLE]))


def _object(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object in a field, also one that is written as JSON text."""
    value = payload.get(name)
    if isinstance(value, str):
        with suppress(NotAnEvent):
            value = parse_json(value.encode("utf-8", "replace"))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotAnEvent(f"`{name}` of the change event is no object, but {type(value).__name__}")
    return value


def _image(payload: Mapping[str, Any], name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """A row before or after its change. MongoDB's connector writes it as text, in extended JSON."""
    image = _object(payload, name)
    if isinstance(payload.get(name), str) or source.get("connector") == "mongodb":
        image = {column: extended_json(value) for column, value in image.items()}
    return image


def _mongo_id(value: Any) -> Any:
    """The `_id` in a key of MongoDB's connector, which is extended JSON as text."""
    try:
        return extended_json(parse_json(value.encode("utf-8", "replace"))) if isinstance(value, str) else value
    except NotAnEvent:
        return value


def _source(meta: dict[str, Any], op: Any) -> dict[str, Any]:
    return meta | {"snapshot": True} if op == _SNAPSHOT_READ else meta


def _is_meta(name: str) -> bool:
    return name[:2] == "__" and _bare(name) in _META


def _bare(name: str) -> str:
    return name.removeprefix("__source_").removeprefix("__")


def _tables(db: Any, schema: Any, table: Any, record: Record) -> tuple[str, ...]:
    """The names of a row's table, the most telling first: what the row says, then what its topic does."""
    parts = [str(part) for part in (db, schema, table) if part]
    if not table:
        return topic_names(record.topic)
    named = [".".join(parts[start:]) for start in range(len(parts))]
    by_topic = [name for name in topic_names(record.topic) if _ends(name, table)]
    telling = sorted(dict.fromkeys([*named, *by_topic]), key=lambda name: -name.count("."))
    return tuple(dict.fromkeys([*telling, record.topic]))


def _ends(name: str, table: Any) -> bool:
    return name.rpartition(".")[2] == str(table)


def _restored(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: before.get(name, value) if is_unavailable(value) else value for name, value in after.items()}
