"""Rows as connectors were seen to write them: tombstones in their three forms, and columns with their schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from semcache.settings import TableMapping
from semcache_ingest.envelopes import Rules, table_rules, unwrap
from semcache_ingest.events import NotAnEvent
from semcache_ingest.records import Record

TOPIC = "shop.public.articles"
ARTICLES = TableMapping(table="public.articles", id="a-{id}", text="{body}")
ORDERS = TableMapping(table="public.orders", id="o-{id}", text="{body}")
RULES = Rules(tables=table_rules([ARTICLES, ORDERS]))
ONE_RULE = Rules(tables=table_rules([ARTICLES]))
ROW_SCHEMA = {
    "type": "struct",
    "fields": [
        {"type": "int32", "optional": False, "field": "id"},
        {"type": "string", "optional": True, "field": "body"},
    ],
    "optional": True,
    "name": "shop.public.articles.Value",
}
KEY_SCHEMA = {"type": "struct", "fields": [{"type": "int32", "optional": False, "field": "id"}], "optional": False}
NULLS = {
    "no value": None,
    "null": b"null",
    "a schema without a payload": json.dumps({"schema": ROW_SCHEMA, "payload": None}).encode(),
    "neither schema nor payload": b'{"schema":null,"payload":null}',
}
KEYS = {"bare key": {"id": 3}, "key with schema": {"schema": KEY_SCHEMA, "payload": {"id": 3}}}


def record(value: bytes | None, key: Any, topic: str = TOPIC) -> Record:
    encoded = key if isinstance(key, bytes) else json.dumps(key).encode()
    return Record(topic, 0, 12, encoded, value, headers=(), timestamp_ms=1_795_428_000_123)


@pytest.mark.parametrize("value", NULLS.values(), ids=NULLS.keys())
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize(("topic", "rules"), [(TOPIC, RULES), ("routed", ONE_RULE)], ids=["named", "the only rule"])
def test_every_form_of_a_tombstone_deletes_the_row_in_its_key(
    value: bytes | None, key: Any, topic: str, rules: Rules
) -> None:
    """Flattened deletes arrive as no value, as JSON's null, or as a schema whose payload is null."""
    (found,) = unwrap(record(value, key, topic), rules)
    assert (found.fields["type"], found.fields["document"]) == ("document_deleted", "a-3")


@pytest.mark.parametrize("value", [value for value in NULLS.values() if value], ids=lambda value: value[:20].decode())
@pytest.mark.parametrize("topic", ["semcache.knowledge", "semcache.conversations", "elsewhere"])
def test_null_where_no_rows_are_expected_is_refused(value: bytes, topic: str) -> None:
    """JSON's null deletes rows only: on a topic of events, or one without a mapping, it is no event."""
    with pytest.raises(NotAnEvent, match=r"JSON object|payload"):
        unwrap(record(value, b"doc-42", topic), RULES)


def test_a_row_whose_column_is_called_payload_is_no_tombstone() -> None:
    """Only a schema and a payload alone make a wrapping."""
    (found,) = unwrap(record(b'{"id":3,"body":"kept","payload":null}', {"id": 3}), RULES)
    assert (found.fields["type"], found.fields["text"]) == ("document_upserted", "kept")


def test_a_key_without_the_ids_columns_is_refused_with_advice() -> None:
    """A tombstone that names no row cannot be skipped in silence: its delete would be lost."""
    with pytest.raises(NotAnEvent, match="no column id"):
        unwrap(record(b"null", {"number": 3}), RULES)
