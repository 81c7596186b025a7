"""Rows as connectors send them: their values, MongoDB's text, tombstones, changed keys, and which table they are of."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from semcache.settings import TableMapping
from semcache_ingest.envelopes import Rules, Unwrapped, table_rules, unwrap
from semcache_ingest.envelopes.values import extended_json, shown, typed
from semcache_ingest.events import NotAnEvent
from semcache_ingest.records import Record
from tests.ingest.test_envelopes import record

T = 1_764_000_000_000
DEBEZIUM, CONNECT = "io.debezium.", "org.apache.kafka.connect.data."
RULES = Rules(tables=table_rules([TableMapping(table="public.articles", id="articles-{id}", text="{name}: {body}")]))
TOPIC = "shop.public.articles"


def row(body: Any = "Ten pairs.", **more: Any) -> dict[str, Any]:
    return {"id": 7, "name": "Gloves", "body": body, **more}


def opened(value: Any, *, topic: str = TOPIC, key: Any = None, rules: Rules = RULES) -> list[Unwrapped]:
    return unwrap(record(value, key={"id": 7} if key is None else key, topic=topic), rules)


def fields(value: Any, **more: Any) -> dict[str, Any]:
    (found,) = opened(value, **more)
    return found.fields


def b64(number: int, size: int) -> str:
    return base64.b64encode(number.to_bytes(size, "big", signed=True)).decode()


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "bytes", "name": CONNECT + "Decimal", "parameters": {"scale": "2"}}, "BNI=", "12.34"),
        ({"type": "bytes", "name": CONNECT + "Decimal", "parameters": {"scale": "0"}}, b64(-5, 1), "-5"),
        ({"type": "bytes", "name": CONNECT + "Decimal", "parameters": {"scale": "3"}}, b64(5, 1), "0.005"),
        ({"type": "bytes", "name": CONNECT + "Decimal", "parameters": {"scale": "-2"}}, b64(3, 1), "300"),
        ({"type": "struct", "name": DEBEZIUM + "data.VariableScaleDecimal"}, {"scale": 1, "value": "fQ=="}, "12.5"),
        ({"type": "string", "name": DEBEZIUM + "data.Json"}, '{"a": 1}', '{"a": 1}'),
        ({"type": "bytes", "name": DEBEZIUM + "data.Bits"}, "Bg==", "110"),
        ({"type": "int32", "name": DEBEZIUM + "time.Date"}, 20_416, "2025-11-24"),
        ({"type": "int32", "name": CONNECT + "Date"}, -1, "1969-12-31"),
        ({"type": "int32", "name": DEBEZIUM + "time.Time"}, 45_296_500, "12:34:56.5"),
        ({"type": "int64", "name": DEBEZIUM + "time.MicroTime"}, 45_296_000_001, "12:34:56.000001"),
        ({"type": "int64", "name": DEBEZIUM + "time.MicroTime"}, -3_600_000_000, "-01:00:00"),
        ({"type": "int64", "name": DEBEZIUM + "time.MicroTime"}, 3_020_399_000_000, "838:59:59"),
        ({"type": "int64", "name": DEBEZIUM + "time.Timestamp"}, T, "2025-11-24T16:00:00"),
        ({"type": "int64", "name": DEBEZIUM + "time.MicroTimestamp"}, T * 1000 + 5, "2025-11-24T16:00:00.000005"),
        ({"type": "int64", "name": DEBEZIUM + "time.NanoTimestamp"}, T * 10**6 + 7, "2025-11-24T16:00:00.000000007"),
        ({"type": "int64", "name": DEBEZIUM + "time.Timestamp"}, -1, "1969-12-31T23:59:59.999"),
        ({"type": "string", "name": DEBEZIUM + "time.ZonedTimestamp"}, "2025-11-24T16:00:00Z", "2025-11-24T16:00:00Z"),
        ({"type": "int64", "name": DEBEZIUM + "time.MicroDuration"}, 90_500_000, "PT90.5S"),
        ({"type": "bytes"}, base64.b64encode("été".encode()).decode(), "été"),
        ({"type": "bytes"}, "/wD/", "/wD/"),
        ({"type": "array", "items": {"type": "int32", "name": DEBEZIUM + "time.Date"}}, [0], '["1970-01-01"]'),
        ({"type": "map", "values": {"type": "bytes"}}, {"a": "aGk="}, '{"a": "hi"}'),
        # neighbours that stay as they are
        ({"type": "string"}, "BNI=", "BNI="),
        ({"type": "int32"}, 20_416, "20416"),
        ({"type": "boolean"}, True, "true"),
        ({"type": "double"}, 12.5, "12.5"),
        ({"type": "int64", "name": DEBEZIUM + "time.Timestamp"}, 2**62, str(2**62)),  # PostgreSQL's infinity
        ({"type": "int32", "name": DEBEZIUM + "time.Date"}, "soon", "soon"),
        ({"type": "bytes", "name": CONNECT + "Decimal", "parameters": None}, "12.34", "12.34"),
        ({"type": "bytes", "name": CONNECT + "Decimal"}, None, ""),
        (None, ["warm", "wool"], '["warm", "wool"]'),
        (None, {"a": None}, '{"a": null}'),
        ("not a schema", "x", "x"),
        ({"type": ["odd"]}, "x", "x"),
        ({"name": ["odd"]}, "x", "x"),
    ],
)
def test_value_is_shown_as_its_schema_says(schema: Any, value: Any, text: str) -> None:
    """What a converter made of a column is undone; without a schema a value is text or JSON."""
    assert shown(typed(value, schema)) == text


@pytest.mark.parametrize("envelope", [True, False], ids=["change event", "flat row"])
def test_schema_of_the_record_reaches_its_columns(envelope: bool) -> None:
    """A date and a decimal in the id and the text are read by the schema beside the payload."""
    columns = [
        {"field": "id", "type": "int32"},
        {"field": "name", "type": "int32", "name": DEBEZIUM + "time.Date"},
        {"field": "body", "type": "bytes", "name": CONNECT + "Decimal", "parameters": {"scale": "2"}},
    ]
    plain = {"id": 7, "name": 20_416, "body": "BNI="}
    payload: Any = {"op": "c", "after": plain, "source": {"table": "articles"}} if envelope else plain
    inside: Any = [{"field": "after", "type": "struct", "fields": columns}] if envelope else columns
    value = {"schema": {"type": "struct", "fields": inside}, "payload": payload}
    assert fields(value)["text"] == "2025-11-24: 12.34"


# --- MongoDB ----------------------------------------------------------------------------------------------------------

MONGO = Rules(tables=table_rules([TableMapping(table="shop.articles", id="a-{_id}", text="{body}")]))
OID = {"$oid": "65f0c1"}


def mongo(op: str, *, after: Any = None, before: Any = None) -> dict[str, Any]:
    text = [image if image is None else json.dumps(image) for image in (before, after)]
    source = {"connector": "mongodb", "db": "shop", "collection": "articles", "ts_ms": T, "ord": 3}
    return {"op": op, "before": text[0], "after": text[1], "source": source, "ts_ms": T + 5}


MONGO_KEY = {"id": json.dumps(OID)}


def test_mongodb_change_is_read_from_its_text() -> None:
    """The row is JSON text; its id becomes plain text, and the place is that in the oplog."""
    (found,) = opened(mongo("c", after={"_id": OID, "body": "Ten."}), key=MONGO_KEY, rules=MONGO)
    assert (found.fields["document"], found.fields["text"]) == ("a-65f0c1", "Ten.")
    assert found.place is not None
    assert (found.place.axis, found.place.numbers) == ("oplog", (T // 1000, 3))


@pytest.mark.parametrize("value", [mongo("d"), None], ids=["delete", "tombstone"])
@pytest.mark.parametrize(
    ("id", "document"),
    [(OID, "a-65f0c1"), ("plain", "a-plain"), (42, "a-42"), ({"$numberLong": "42"}, "a-42")],
)
def test_mongodb_delete_reads_the_key(value: Any, id: Any, document: str) -> None:
    """A delete has nothing but the key, whose id is JSON text of whatever type the id has."""
    found = fields(value, topic="m.shop.articles", key={"id": json.dumps(id)}, rules=MONGO)
    assert (found["type"], found["document"]) == ("document_deleted", document)


def test_mongodb_update_without_the_whole_document_says_what_to_set() -> None:
    """A change stream that sends the changed fields only makes no document: the connector's setting is named."""
    with pytest.raises(NotAnEvent, match=r"capture\.mode"):
        opened(mongo("u"), key=MONGO_KEY, rules=MONGO)


def test_extended_json_becomes_plain() -> None:
    """Each type that MongoDB writes as an object is what it means; what only looks like one stays."""
    value = {
        "n": [{"$numberLong": "5"}, {"$numberInt": "6"}, {"$numberDouble": "1.5"}, {"$numberDecimal": "12.30"}],
        "at": [{"$date": T}, {"$date": {"$numberLong": "0"}}, {"$date": "2025-11-24T16:00:00Z"}],
        "deep": {"of": {"$oid": "1"}},
        "odd": [{"$oid": "1", "b": 2}, {"$numberLong": "x"}, {"$unknown": 1}],
    }
    assert extended_json(value) == {
        "n": [5, 6, 1.5, "12.30"],
        "at": ["2025-11-24T16:00:00Z", "1970-01-01T00:00:00Z", "2025-11-24T16:00:00Z"],
        "deep": {"of": "1"},
        "odd": [{"$oid": "1", "b": 2}, {"$numberLong": "x"}, {"$unknown": 1}],
    }


# --- tombstones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [{"id": 7}, {"schema": {"type": "struct"}, "payload": {"id": 7}}, b"7", b'"7"'],
    ids=["columns", "with schema", "bare number", "bare text"],
)
def test_tombstone_of_a_row_deletes_its_document(key: Any) -> None:
    """A null value on a topic of rows deletes the row in the key, in each form that keys have."""
    found = fields(None, key=key)
    assert (found["type"], found["document"], found.get("version")) == ("document_deleted", "articles-7", None)


def test_tombstone_on_a_shared_topic_is_of_the_only_table() -> None:
    """Where one table is mapped, a tombstone on any topic of rows is of it; with two it is refused."""
    assert fields(None, topic="all-changes")["document"] == "articles-7"
    two = [TableMapping(table=name, id=name + "-{id}", text="{body}") for name in ("a", "b")]
    with pytest.raises(NotAnEvent, match="no value"):
        opened(None, topic="all-changes", rules=Rules(tables=table_rules(two)))


@pytest.mark.parametrize("key", [{"pk": 7}, {"id": None}, {}, b"Struct{id=7}{", b"\xff"])
def test_tombstone_whose_key_makes_no_id_is_refused(key: Any) -> None:
    """It would be lost otherwise: the message names the column and the connector's setting, or what is wrong."""
    composed = [TableMapping(table="public.articles", id="{id}-{lang}", text="{body}")]
    with pytest.raises(NotAnEvent):
        opened(None, key=key, rules=Rules(tables=table_rules(composed)))


def test_document_of_the_knowledge_topic_is_still_deleted_by_its_key() -> None:
    """A mapping does not change what a null value on the knowledge topic means."""
    assert fields(None, key=b"doc-42", topic="semcache.knowledge")["document"] == "doc-42"


# --- changed keys -----------------------------------------------------------------------------------------------------


def change(before: Any, after: Any, op: str = "u") -> dict[str, Any]:
    return {"op": op, "before": before, "after": after, "source": {"table": "articles", "lsn": 50, "ts_ms": T}}


def test_update_of_the_id_deletes_the_old_document() -> None:
    """The old document goes, and the new one comes, at one place in the log."""
    deleted, upserted = opened(change(row() | {"id": "old"}, row() | {"id": "new"}))
    assert (deleted.fields["type"], deleted.fields["document"]) == ("document_deleted", "articles-old")
    assert (upserted.fields["type"], upserted.fields["document"]) == ("document_upserted", "articles-new")
    assert deleted.place == upserted.place


@pytest.mark.parametrize("before", [None, {}, row("Nine."), {"name": "Gloves"}, {"id": None}])
def test_update_that_keeps_the_id_is_one_event(before: Any) -> None:
    """Where the row before is unknown, or had the same id, nothing is deleted."""
    assert [found.fields["type"] for found in opened(change(before, row()))] == ["document_upserted"]


# --- whose row, and whether it is one ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["articles", "public.articles", "shop.public.articles"])
@pytest.mark.parametrize("marks", [{}, {"__table": "articles"}, {"__table": "articles", "__schema": "public"}])
def test_flat_row_is_matched_by_table_or_topic(table: str, marks: dict[str, str]) -> None:
    """What the row does not say of its table, its topic's name does."""
    rules = Rules(tables=table_rules([TableMapping(table=table, id="a-{id}", text="{body}")]))
    assert fields(row() | marks, rules=rules)["document"] == "a-7"


def test_longest_name_of_a_table_wins() -> None:
    """Of two tables of one name in two schemas, each row is of its own."""
    tables = [TableMapping(table=name, id=name + "-{id}", text="{body}") for name in ("articles", "public.articles")]
    rules = Rules(tables=table_rules(tables))
    assert fields(row() | {"__table": "articles"}, rules=rules)["document"] == "public.articles-7"
    assert fields(row() | {"__table": "articles"}, topic="shop.old.articles", rules=rules)["document"] == "articles-7"


def test_other_table_on_a_topic_that_ends_alike_is_not_mistaken() -> None:
    """A row that names its table is of that one, whatever the topic's last part is."""
    with pytest.raises(NotAnEvent, match="orders"):
        opened(row() | {"__table": "orders"})


@pytest.mark.parametrize(
    "columns",
    [
        {"type": "message"},
        {"type": ["message"]},
        {"type": "document_upserted", "document": "x", "text": "y"},
        {"op": "u", "source": "web", "ts_ms": 1},
        {"specversion": "1.0", "source": "s", "data": {}},
        {"payload": {"type": "feedback"}, "schema": "public"},
    ],
    ids=str,
)
def test_row_with_columns_like_an_envelopes_is_a_row(columns: dict[str, Any]) -> None:
    """On a topic of rows everything is one, whatever its columns are called."""
    assert fields(row() | columns)["text"] == "Gloves: Ten pairs."


@pytest.mark.parametrize("mark", [{"__op": "u"}, {"__table": "articles"}, {"__deleted": "false"}])
def test_marked_row_is_a_row_on_any_topic(mark: dict[str, str]) -> None:
    """Debezium's marks make a row, although a column is called `type`."""
    rules = Rules(
        tables=table_rules(
            [
                TableMapping(table="cdc", id="a-{id}", text="{body}"),
                TableMapping(table="articles", id="b-{id}", text="{body}"),
            ]
        )
    )
    topic = "cdc" if "__table" not in mark else "semcache.conversations"
    assert fields(row(type="message") | mark, topic=topic, rules=rules)["text"] == "Ten pairs."


@pytest.mark.parametrize("topic", ["semcache.knowledge", "semcache.conversations"])
def test_own_topics_hold_events_although_a_table_is_called_like_them(topic: str) -> None:
    """A table `knowledge` does not make rows of the events on `semcache.knowledge`."""
    tables = [TableMapping(table=name, id=name + "-{id}", text="{body}") for name in ("knowledge", "conversations")]
    event = {"type": "session_ended", "id": "e", "user": "ada", "session": "s"}
    assert fields(event, topic=topic, rules=Rules(tables=table_rules(tables)))["type"] == "session_ended"


@pytest.mark.parametrize("stamp", ["1764000000000", 1_764_000_000_000, 1_764_000_000_000.0])
def test_time_of_a_row_may_be_text(stamp: Any) -> None:
    """Milliseconds are read as a number or as its text."""
    assert fields(row(__op="c", __ts_ms=stamp))["at"].startswith("2025-11-24T16:00:00")


@pytest.mark.parametrize("stamp", ["yesterday", True, [], {}, float("nan"), float("inf"), "9" * 400])
def test_time_that_is_none_gives_way_to_the_records(stamp: Any) -> None:
    """What is no time is left out, and the record's own counts."""
    assert fields(row(__op="c", __ts_ms=stamp))["at"].startswith("2026-11-23")


@pytest.mark.parametrize("hole", ["__debezium_unavailable_value", ["__debezium_unavailable_value"]])
def test_unsent_column_is_recognised_in_lists_too(hole: Any) -> None:
    """A large array that was not sent is a list of the placeholder."""
    with pytest.raises(NotAnEvent, match="REPLICA IDENTITY FULL"):
        opened(change(None, row(hole)))
    assert fields(change(row(), row(hole)))["text"] == "Gloves: Ten pairs."


def test_record_says_where_it_stands() -> None:
    """The event's identity is its place in the source's log, or in Kafka's."""
    assert fields(change(None, row()))["id"].endswith(":articles-7:50")
    assert fields(row())["id"].endswith(":shop.public.articles:3:12")


def test_binary_record_keys_do_not_matter() -> None:
    """A row needs no key unless it is a delete."""
    (found,) = unwrap(Record(TOPIC, 0, 1, b"\x00\xff", json.dumps(row()).encode(), timestamp_ms=T), RULES)
    assert found.fields["document"] == "articles-7"
