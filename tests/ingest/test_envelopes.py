"""Envelopes: the same event in each of its wrappings."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from semcache.errors import ConfigurationError
from semcache.settings import TableMapping
from semcache_ingest.envelopes import Rules, Unwrapped, table_rules, unwrap
from semcache_ingest.envelopes.places import SourcePlace
from semcache_ingest.events import DocumentDeleted, DocumentUpserted, NotAnEvent, parse_event
from semcache_ingest.records import Record
from tests.ingest.test_events import MESSAGE, UPSERT

RULES = Rules(
    tables=table_rules(
        [
            TableMapping(table="public.articles", id="articles-{id}", title="name", text="{name}: {body}"),
            TableMapping(table="faq", id="faq-{id}", text="{question}\n{answer}", version="revision", namespace="help"),
        ]
    )
)


def record(
    value: Any,
    *,
    key: Any = b"k",
    topic: str = "semcache.knowledge",
    headers: dict[str, str] | None = None,
    offset: int = 12,
) -> Record:
    return Record(
        topic=topic,
        partition=3,
        offset=offset,
        key=key if isinstance(key, bytes | None) else json.dumps(key).encode(),
        value=value if isinstance(value, bytes | None) else json.dumps(value).encode(),
        headers=tuple((name, text.encode()) for name, text in (headers or {}).items()),
        timestamp_ms=1_795_428_000_123,
    )


def opened(record: Record, rules: Rules) -> dict[str, Any] | None:
    """The fields of the only event in a record; None if there is none."""
    found = unwrap(record, rules)
    assert len(found) < 2
    return found[0].fields if found else None


def only(record: Record, rules: Rules = RULES) -> Unwrapped:
    (found,) = unwrap(record, rules)
    return found


# --- plain JSON -------------------------------------------------------------------------------------------------------


def test_plain_json_is_the_event_itself() -> None:
    """A plain JSON object passes unchanged, but for the namespace."""
    assert opened(record(MESSAGE), RULES) == MESSAGE | {"namespace": "default"}


def test_events_without_a_namespace_get_the_installations() -> None:
    """The installation's namespace is filled in, an event's own is left alone."""
    rules = Rules(namespace="acme")
    assert [(opened(record(MESSAGE | extra), rules) or {})["namespace"] for extra in ({}, {"namespace": "own"})] == [
        "acme",
        "own",
    ]


def test_time_of_the_record_stands_in_for_a_missing_one() -> None:
    """An event without a time happened when its record was made."""
    fields = opened(record({name: v for name, v in UPSERT.items() if name != "at"}), RULES)
    assert parse_event(fields or {}).seconds == 1_795_428_000.123


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (b'{"type": "message", ', "not JSON"),
        (b"", "not JSON"),
        (b'{"text": "\xff\xfe"}', "not JSON.*unicode"),
        (b"[1, 2]", "JSON object, not list"),
        (b'"message"', "JSON object, not str"),
        (b"\0\0\0\0\x07\x0aAvro or Protobuf", "only JSON"),
        (b"{" * 5000, "not JSON"),
    ],
)
def test_unreadable_value_is_refused_with_its_cause(value: bytes, cause: str) -> None:
    """Malformed JSON, invalid UTF-8 and other formats are no events; the error says which."""
    with pytest.raises(NotAnEvent, match=cause):
        opened(record(value), RULES)


@pytest.mark.parametrize("prefix", [b"\0\0\0\0\x07", b"\xef\xbb\xbf"], ids=["schema registry frame", "byte order mark"])
def test_what_stands_before_the_json_is_skipped(prefix: bytes) -> None:
    """JSON behind the Schema Registry's five bytes, or a byte order mark, is read like plain JSON."""
    assert opened(record(prefix + json.dumps(MESSAGE).encode()), RULES) == opened(record(MESSAGE), RULES)


# --- tombstones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [b"doc-42", b'"doc-42"'])
def test_null_value_on_the_knowledge_topic_deletes_the_document_in_the_key(key: bytes) -> None:
    """A tombstone is a delete without a version."""
    event = parse_event(opened(record(None, key=key), RULES) or {})
    assert isinstance(event, DocumentDeleted)
    assert (event.document, event.version, event.id) == ("doc-42", None, "semcache.knowledge:3:12")


@pytest.mark.parametrize(("topic", "key"), [("semcache.conversations", b"ada"), ("semcache.knowledge", None)])
def test_null_value_elsewhere_means_nothing_and_is_refused(topic: str, key: bytes | None) -> None:
    """A null value without a document's key, or on another topic, is no event."""
    with pytest.raises(NotAnEvent, match="no value"):
        opened(record(None, key=key, topic=topic), RULES)


# --- CloudEvents ------------------------------------------------------------------------------------------------------


def cloud_event(data: dict[str, Any], **attributes: str) -> CloudEvent:
    base = {"type": "com.example.helpdesk.message.v1", "source": "/helpdesk", "id": "A234", "specversion": "1.0"}
    return CloudEvent({**base, "datacontenttype": "application/json", **attributes}, data)


def as_record(message: KafkaMessage) -> Record:
    headers = {name: value.decode() for name, value in message.headers.items()}
    return record(message.value, headers=headers, topic="semcache.conversations")


BARE_MESSAGE = {name: MESSAGE[name] for name in ("user", "session", "role", "text", "at")}


@pytest.mark.parametrize("wrap", [to_binary_event, to_structured_event])
def test_cloudevent_of_the_reference_library_is_read_in_both_modes(wrap: Any) -> None:
    """What the reference library writes, binary or structured, is the same event; (source, id) is its identity."""
    event = parse_event(opened(as_record(wrap(cloud_event(BARE_MESSAGE))), RULES) or {})
    assert (event.type, event.id, event.at) == ("message", "/helpdesk#A234", parse_event(MESSAGE).at)


@pytest.mark.parametrize("wrap", [to_binary_event, to_structured_event])
def test_data_of_a_cloudevent_wins_over_its_attributes(wrap: Any) -> None:
    """A whole event inside a CloudEvent keeps its own id and type."""
    fields = opened(as_record(wrap(cloud_event(MESSAGE, type="com.example.note"))), RULES) or {}
    assert (fields["type"], fields["id"]) == ("message", "m-1")


@pytest.mark.parametrize("wrap", [to_binary_event, to_structured_event])
def test_subject_names_the_document(wrap: Any) -> None:
    """The subject of a knowledge CloudEvent is the document, where its data names none."""
    made = cloud_event({"text": "New.", "version": 3}, type="document_upserted", subject="doc-42")
    assert (opened(as_record(wrap(made)), RULES) or {})["document"] == "doc-42"


def test_structured_cloudevent_without_its_content_type_is_recognised() -> None:
    """Producers forget the header: specversion, source, id, type and data are enough."""
    whole = {"specversion": "1.0", "source": "/h", "id": "9", "type": "message", "data": BARE_MESSAGE}
    assert (opened(record(whole), RULES) or {})["id"] == "/h#9"


def test_base64_data_is_decoded() -> None:
    """Structured mode may carry its data as base64."""
    data = base64.b64encode(json.dumps(BARE_MESSAGE).encode()).decode()
    whole = {"specversion": "1.0", "source": "/h", "id": "9", "type": "message", "data_base64": data}
    headers = {"content-type": "application/cloudevents+json; charset=UTF-8"}
    assert (opened(record(whole, headers=headers), RULES) or {})["text"] == MESSAGE["text"]


@pytest.mark.parametrize("broken", [{"data_base64": "?"}, {"data_base64": "é"}, {"data": None}, {"data": [1]}, {}])
def test_cloudevent_without_readable_data_is_refused(broken: dict[str, Any]) -> None:
    """A message needs data: where they are missing or no object, it is no event."""
    headers = {"content-type": "application/cloudevents+json"}
    with pytest.raises(NotAnEvent, match="data"):
        opened(
            record({"specversion": "1.0", "source": "/h", "id": "9", "type": "message"} | broken, headers=headers),
            RULES,
        )


ATTRIBUTES = {"specversion": "1.0", "source": "crm", "id": "9", "time": "2026-11-10T00:00:00Z"}
BY_ATTRIBUTES = {
    "user_erased": ({"subject": "ada"}, {"user": "ada"}),
    "document_deleted": ({"subject": "doc-42"}, {"document": "doc-42"}),
    "session_ended": ({"subject": "ada", "session": "s"}, {"user": "ada", "session": "s"}),
}


@pytest.mark.parametrize("kind", BY_ATTRIBUTES)
@pytest.mark.parametrize("value", [None, b"", b"null", b"{}", b" "])
@pytest.mark.parametrize("spell", [lambda n: "ce_" + n, lambda n: "CE_" + n.upper(), lambda n: "ce-" + n])
def test_attributes_alone_make_the_event_where_they_suffice(kind: str, value: bytes | None, spell: Any) -> None:
    """In binary mode, without data of any form, and however the headers are spelled."""
    more, right = BY_ATTRIBUTES[kind]
    said = ATTRIBUTES | more | {"type": f"com.example.{kind}.v1"}
    headers = {spell(name): text for name, text in said.items()}
    event = parse_event(opened(record(value, headers=headers, topic="semcache.conversations"), RULES) or {})
    assert (event.type, event.id) == (kind, "crm#9")
    assert right.items() <= event.model_dump().items()


@pytest.mark.parametrize("kind", BY_ATTRIBUTES)
@pytest.mark.parametrize(
    "data", [{}, {"data": None}, {"data": {}}, {"data": ""}, {"data": "null"}, {"data_base64": ""}]
)
@pytest.mark.parametrize("header", [{"content-type": "application/cloudevents+json"}, {}], ids=["header", "none"])
def test_structured_event_needs_no_data_either(kind: str, data: dict[str, Any], header: dict[str, str]) -> None:
    """The same in structured mode, also where the content type was forgotten."""
    more, right = BY_ATTRIBUTES[kind]
    whole = ATTRIBUTES | more | {"type": kind} | data
    event = parse_event(opened(record(whole, headers=header), RULES) or {})
    assert right.items() <= event.model_dump().items()


def test_attributes_that_do_not_suffice_name_what_is_missing() -> None:
    """A session's end without a session, and an erasure without a subject, say what they lack."""
    for kind, missing in (("session_ended", "session"), ("user_erased", "user"), ("document_deleted", "document")):
        with pytest.raises(NotAnEvent, match=f"{missing}: field required"):
            parse_event(opened(record(ATTRIBUTES | {"type": kind}), RULES) or {})


def test_batch_is_read_event_by_event() -> None:
    """A list of CloudEvents in one record is as many events, in its order."""
    batch = [ATTRIBUTES | {"type": "user_erased", "subject": user, "id": user} for user in ("ada", "bob")]
    headers = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
    found = unwrap(record(batch, headers=headers), RULES)
    assert [(one.fields["user"], one.fields["id"]) for one in found] == [("ada", "crm#ada"), ("bob", "crm#bob")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1], "application/cloudevents-batch+json"),
        ({"id": 1}, "application/cloudevents-batch+json"),
        (b"<event/>", "application/cloudevents+xml"),
        (b"Obj", "application/cloudevents+avro"),
    ],
)
def test_content_that_is_not_read_is_refused_with_its_type(value: Any, kind: str) -> None:
    """Other formats and broken batches name the header."""
    with pytest.raises(NotAnEvent, match="content-type 'application/cloudevents"):
        unwrap(record(value, headers={"content-type": kind}), RULES)


def test_base64_may_be_broken_into_lines() -> None:
    """As MIME encoders write it."""
    data = base64.encodebytes(json.dumps(BARE_MESSAGE).encode()).decode()
    whole = ATTRIBUTES | {"type": "message", "data_base64": data}
    assert (opened(record(whole), RULES) or {})["text"] == MESSAGE["text"]


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize("schema", [True, False])
def test_change_event_of_debeziums_cloudevents_converter_is_read(mode: str, schema: bool) -> None:
    """What the converter puts into extension attributes is the change event's operation and source again."""
    more = {"op": "c", "connector": "postgresql", "db": "shop", "schema": "public", "table": "articles"}
    about = {"iodebezium" + name: text for name, text in more.items()} | {
        "iodebeziumlsn": "77",
        "iodebeziumtsms": "5000",
    }
    said = ATTRIBUTES | about | {"type": "io.debezium.connector.postgresql.DataChangeEvent"}
    images = {"before": None, "after": ROW}
    data = with_schema(images) if schema else images
    if mode == "structured":
        made = record(said | {"data": data}, headers={"content-type": "application/cloudevents+json"})
    else:
        made = record(data, headers={"ce_" + name: text for name, text in said.items()})
    found = only(made)
    assert (found.fields["document"], found.fields["text"]) == ("articles-42", "Kettle: Descale it monthly.")
    assert found.place == SourcePlace("lsn", (77,), 5000)


# --- Debezium ---------------------------------------------------------------------------------------------------------

POSTGRES = {
    "version": "3.3.1.Final",
    "connector": "postgresql",
    "name": "shop",
    "ts_ms": 1_795_427_999_000,
    "snapshot": "false",
    "db": "shop",
    "sequence": '["24023119","24023128"]',
    "ts_us": 1_795_427_999_000_211,
    "schema": "public",
    "table": "articles",
    "txId": 555,
    "lsn": 24_023_128,
    "xmin": None,
}
ROW = {"id": 42, "name": "Kettle", "body": "Descale it monthly.", "price": 12.5}


def change(op: str, before: Any, after: Any, **source: Any) -> dict[str, Any]:
    return {
        "before": before,
        "after": after,
        "source": POSTGRES | source,
        "transaction": None,
        "op": op,
        "ts_ms": 1_795_427_999_500,
    }


def with_schema(payload: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"type": "struct", "name": "shop.public.articles.Envelope", "fields": []}, "payload": payload}


@pytest.mark.parametrize("op", ["c", "u", "r"])
@pytest.mark.parametrize("schema", [True, False], ids=["with schema", "without"])
def test_debezium_row_becomes_a_document(op: str, schema: bool) -> None:
    """Creates, updates and snapshot reads upsert the document; its version is the place in the database's log."""
    payload = change(op, None, ROW)
    event = parse_event(opened(record(with_schema(payload) if schema else payload), RULES) or {})
    assert isinstance(event, DocumentUpserted)
    assert (event.document, event.title, event.text) == ("articles-42", "Kettle", "Kettle: Descale it monthly.")
    assert (event.version, event.seconds) == (None, 1_795_427_999.0)
    assert only(record(payload)).place == SourcePlace("lsn", (24_023_128,), 1_795_427_999_000, snapshot=op == "r")
    assert event.id == "shop.public.articles:articles-42:24023128"


@pytest.mark.parametrize("schema", [True, False], ids=["with schema", "without"])
def test_debezium_delete_deletes_at_its_place_in_the_log(schema: bool) -> None:
    """A delete knows the primary key only, and that is enough."""
    payload = change("d", {"id": 42, "name": "", "body": None}, None, lsn=24_023_200)
    event = parse_event(opened(record(with_schema(payload) if schema else payload), RULES) or {})
    assert isinstance(event, DocumentDeleted)
    assert (event.document, only(record(payload)).place.numbers) == ("articles-42", (24_023_200,))


def test_debezium_delete_without_a_before_image_reads_the_key() -> None:
    """Where the delete carries no row at all, the record's key names it."""
    key = {"schema": {"type": "struct"}, "payload": {"id": 42}}
    event = parse_event(opened(record(change("d", None, None), key=key), RULES) or {})
    assert isinstance(event, DocumentDeleted)
    assert event.document == "articles-42"


def test_version_column_of_the_mapping_orders_the_changes() -> None:
    """A mapping may name the column that grows; a delete comes right after the row's last version."""
    faq = {"id": 7, "question": "Why?", "answer": "Because.", "revision": 3}
    upsert = opened(record(change("u", None, faq, table="faq")), RULES) or {}
    delete = opened(record(change("d", faq, None, table="faq")), RULES) or {}
    bare = opened(record(change("d", {"id": 7}, None, table="faq")), RULES) or {}
    assert (upsert["version"], delete["version"], bare.get("version")) == (3, 4, None)
    assert (upsert["namespace"], upsert["document"], upsert["text"]) == ("help", "faq-7", "Why?\nBecause.")


def test_mysql_position_orders_the_changes_across_files() -> None:
    """A later binary log file comes after any position in an earlier one."""
    first = change("u", None, ROW, connector="mysql", lsn=None, file="mysql-bin.000003", pos=9_999_999)
    later = change("u", None, ROW, connector="mysql", lsn=None, file="mysql-bin.000004", pos=4)
    places = [only(record(payload)).place for payload in (first, later)]
    assert places[0].axis == places[1].axis == "binlog mysql-bin@"
    assert places[0].numbers < places[1].numbers


def test_column_that_the_update_did_not_touch_comes_from_before_or_is_asked_for() -> None:
    """PostgreSQL leaves out large untouched columns: the earlier value is taken, or the error says what to change."""
    holed = ROW | {"body": "__debezium_unavailable_value"}
    restored = opened(record(change("u", ROW, holed)), RULES) or {}
    assert restored["text"] == "Kettle: Descale it monthly."
    with pytest.raises(NotAnEvent, match="REPLICA IDENTITY FULL"):
        opened(record(change("u", None, holed)), RULES)


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (change("t", None, None), "TRUNCATE"),
        (change("x", None, ROW), "unknown Debezium operation 'x'"),
        (change("c", None, ROW, table="orders"), r"no \[\[ingest.debezium\]\] setting for table 'shop.public.orders'"),
        (change("c", None, {"id": 42, "name": "Kettle"}), "no column 'body'"),
        (change("c", None, ROW | {"id": None}), "no column 'id'"),
        (with_schema({}) | {"payload": None}, "payload of the change event is empty"),
    ],
)
def test_change_that_names_no_document_is_refused(payload: Any, cause: str) -> None:
    """A change that cannot become a document's change says why."""
    with pytest.raises(NotAnEvent, match=cause):
        opened(record(payload), RULES)


def test_logical_message_is_passed_over() -> None:
    """pg_logical_emit_message touches no row."""
    payload = {"op": "m", "ts_ms": 1, "source": POSTGRES, "message": {"prefix": "x", "content": "eA=="}}
    assert opened(record(payload), RULES) is None


@pytest.mark.parametrize("schema", [True, False], ids=["with schema", "without"])
def test_unwrapped_row_is_read_by_its_topic_or_table(schema: bool) -> None:
    """A flat row with Debezium's double-underscore metadata is a document; `__deleted` deletes it."""
    flat = ROW | {
        "__deleted": "false",
        "__table": "articles",
        "__schema": "public",
        "__lsn": 77,
        "__source_ts_ms": 5000,
    }
    gone = flat | {"__deleted": "true", "name": None, "body": None, "__lsn": 78}
    upsert, delete = (
        parse_event(opened(record(with_schema(p) if schema else p, topic="cdc"), RULES) or {}) for p in (flat, gone)
    )
    assert isinstance(upsert, DocumentUpserted)
    assert isinstance(delete, DocumentDeleted)
    assert (upsert.document, upsert.seconds) == ("articles-42", 5.0)
    assert delete.document == "articles-42"
    assert [only(record(p, topic="cdc")).place.numbers for p in (flat, gone)] == [(77,), (78,)]


def test_bare_row_on_a_mapped_topic_is_a_document() -> None:
    """A flat row without any metadata is understood where a mapping names the topic."""
    rules = Rules(tables=table_rules([TableMapping(table="cdc.articles", id="id", text="{body}")]))
    fields = opened(record(ROW, topic="cdc.articles"), rules) or {}
    assert (fields["document"], fields["text"], fields.get("version")) == ("42", ROW["body"], None)


# --- Airbyte ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [True, False])
def test_airbyte_record_becomes_a_document(as_text: bool) -> None:
    """A record of Airbyte's Kafka destination, its data an object or JSON text, is mapped by its stream."""
    payload = {
        "_airbyte_ab_id": "3f1c5c6e-8a55-4a8e-a6a7-0f7b1d8f4f10",
        "_airbyte_stream": "articles",
        "_airbyte_namespace": "public",
        "_airbyte_emitted_at": 1_795_427_000_000,
        "_airbyte_data": json.dumps(ROW) if as_text else ROW,
    }
    event = parse_event(opened(record(payload, topic="airbyte"), RULES) or {})
    assert isinstance(event, DocumentUpserted)
    assert (event.document, event.seconds) == ("articles-42", 1_795_427_000.0)


def test_airbyte_cdc_delete_deletes() -> None:
    """`_ab_cdc_deleted_at` marks a delete; `_ab_cdc_lsn` orders it."""
    data = ROW | {"_ab_cdc_deleted_at": "2026-11-23T10:00:00Z", "_ab_cdc_lsn": 99}
    payload = {
        "_airbyte_raw_id": "1",
        "_airbyte_extracted_at": 1_795_427_000_000,
        "_airbyte_meta": {"changes": []},
        "_airbyte_stream": "articles",
        "_airbyte_namespace": "public",
        "_airbyte_data": data,
    }
    event = parse_event(opened(record(payload), RULES) or {})
    assert isinstance(event, DocumentDeleted)
    assert only(record(payload)).place.numbers == (99,)


# --- mapping ----------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    table: str = "a"
    id: str = "id"
    text: str = "{t}"
    title: str = ""
    version: str = ""
    namespace: str = ""
    epoch: int = 0


@pytest.mark.parametrize(
    ("tables", "cause"),
    [
        ([Table(text="{t!r}")], "only {column}"),
        ([Table(text="{}")], "only {column}"),
        ([Table(text="{t:>10}")], "only {column}"),
        ([Table(text="{t")], "text of a"),
        ([Table(text="always the same")], "names no column"),
        ([Table("a"), Table("b")], "same ids"),
        ([Table("a"), Table("a")], "same ids"),
    ],
)
def test_wrong_mapping_is_a_configuration_error(tables: list[Table], cause: str) -> None:
    """A template that is wrong, or two tables whose documents would collide, is refused when it is configured."""
    with pytest.raises(ConfigurationError, match=cause):
        table_rules(tables)


def test_tables_of_different_namespaces_may_share_ids() -> None:
    """Documents of two namespaces do not collide."""
    assert len(table_rules([Table("a"), Table("b", namespace="other")])) == 2
