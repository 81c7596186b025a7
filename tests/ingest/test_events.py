"""Events: what is valid, what is refused and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.decisions import parse_published
from semcache_ingest.events import (
    TYPES,
    DocumentDeleted,
    DocumentUpserted,
    MessageEvent,
    NotAnEvent,
    Oversize,
    json_schema,
    parse_event,
    routing_key,
)

MESSAGE: dict[str, Any] = {
    "type": "message",
    "id": "m-1",
    "user": "ada",
    "session": "s-1",
    "role": "user",
    "text": "My kettle leaks.",
    "at": "2026-11-23T10:00:00Z",
}
UPSERT: dict[str, Any] = {
    "type": "document_upserted",
    "id": "e-1",
    "document": "kettle-manual",
    "version": 7,
    "title": "Kettle",
    "text": "Descale it monthly.",
    "at": "2026-11-23T10:00:00+01:00",
}


def test_message_is_read_with_its_defaults() -> None:
    """A message without a namespace belongs to the default one, and its time is in seconds since the epoch."""
    event = parse_event(MESSAGE)
    assert isinstance(event, MessageEvent)
    assert (event.namespace, event.seconds, event.speaker) == ("default", 1_795_428_000.0, None)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"type": "mesage"}, "unknown event type 'mesage'"),
        ({"type": None}, "unknown event type"),
        ({"text": " \n"}, "text: must not be blank"),
        ({"text": None}, "text: input should be a valid string"),
        ({"text": "a\ud800"}, "text: .*surrogates"),
        ({"at": "2026-11-23T10:00:00"}, "at: .*timezone"),
        ({"at": 1_795_428_000}, "at: must be an ISO 8601 string"),
        ({"at": "tomorrow"}, "at: "),
        ({"id": ""}, "id: "),
        ({"id": "x" * 1001}, "id: .*1000"),
        ({"user": "  "}, "user: must not be blank"),
        ({"role": "boss"}, "role: .*'assistant'"),
        ({"namespace": ""}, "namespace: "),
    ],
)
def test_wrong_message_is_refused_with_the_field_and_the_cause(change: dict[str, Any], cause: str) -> None:
    """A wrong field makes no event; the error names the field and what it should be."""
    with pytest.raises(NotAnEvent, match=cause):
        parse_event(MESSAGE | change)


@pytest.mark.parametrize("missing", ["id", "user", "session", "role", "text", "at"])
def test_missing_field_is_named(missing: str) -> None:
    """A message without one of its fields is refused by that field's name."""
    with pytest.raises(NotAnEvent, match=f"^{missing}: field required"):
        parse_event({name: value for name, value in MESSAGE.items() if name != missing})


def test_missing_type_lists_the_types() -> None:
    """An object without a type is refused with the list of types."""
    with pytest.raises(NotAnEvent, match=r"no `type`.*document_deleted.*user_erased"):
        parse_event({name: value for name, value in MESSAGE.items() if name != "type"})


def test_text_limit_counts_bytes_not_characters() -> None:
    """The text limit is in bytes of UTF-8: ten letters pass where ten emoji do not."""
    parse_event(MESSAGE | {"text": "a" * 10}, max_text_bytes=10)
    with pytest.raises(Oversize, match="40 bytes, the limit is 10") as caught:
        parse_event(MESSAGE | {"text": "🫖" * 10}, max_text_bytes=10)
    assert caught.value.error_class == "oversize"


@pytest.mark.parametrize("version", [0, -1, 2**53 + 1, "seven", 1.5])
def test_document_version_is_a_positive_number_that_lua_can_compare(version: Any) -> None:
    """A version below 1, above 2^53 or not whole is refused."""
    with pytest.raises(NotAnEvent, match="version"):
        parse_event(UPSERT | {"version": version})


def test_numbers_serve_as_ids() -> None:
    """Databases have whole numbers as ids: they are read as text."""
    event = parse_event(UPSERT | {"document": 42})
    assert isinstance(event, DocumentUpserted)
    assert event.document == "42"


def test_delete_needs_no_version() -> None:
    """A delete without a version is valid: it ends whatever the log has shown so far."""
    event = parse_event({"type": "document_deleted", "id": "e-2", "document": "kettle-manual", "at": UPSERT["at"]})
    assert isinstance(event, DocumentDeleted)
    assert event.version is None


def test_unknown_fields_are_kept_for_processors() -> None:
    """A field that semcache does not know survives parsing."""
    assert parse_event(MESSAGE | {"channel": "web"}).model_extra == {"channel": "web"}


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (MESSAGE, "ada"),
        (UPSERT, "kettle-manual"),
        ({"type": "document_deleted", "id": "1", "document": "d", "at": UPSERT["at"]}, "d"),
        ({"type": "feedback", "id": "1", "entry": "e", "correct": False, "at": UPSERT["at"]}, "e"),
        ({"type": "feedback", "id": "1", "entry": "e", "correct": True, "user": "ada", "at": UPSERT["at"]}, "ada"),
        ({"type": "session_ended", "id": "1", "user": "ada", "session": "s", "at": UPSERT["at"]}, "ada"),
        ({"type": "user_erased", "id": "1", "user": "ada", "at": UPSERT["at"]}, "ada"),
    ],
)
def test_key_keeps_together_what_must_stay_in_order(event: dict[str, Any], key: str) -> None:
    """Everything of a user has one key, and everything of a document."""
    assert routing_key(parse_event(event)) == key


SCHEMA = jsonschema.Draft202012Validator(json_schema())


@settings(deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_exported_schema_agrees_with_the_parser(user: str, text: str) -> None:
    """What the parser accepts, the exported JSON Schema accepts too."""
    fields = MESSAGE | {"user": user, "text": text}
    try:
        parse_event(fields)
    except NotAnEvent:
        return
    SCHEMA.validate(json.loads(json.dumps(fields)))


def test_exported_schema_refuses_an_unknown_type() -> None:
    """The exported JSON Schema refuses a type it does not list."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(MESSAGE | {"type": "mesage"}, json_schema())


def test_events_in_the_documentation_are_events() -> None:
    """Each example of docs/events.md is accepted, and every type but the model's own has one."""
    page = (Path(__file__).parent.parent.parent / "docs" / "events.md").read_text()
    examples = [json.loads(line) for line in page.splitlines() if line.startswith('{"type"')]
    published = [fields for fields in examples if fields["type"] in ("decision", "check")]
    assert {parse_published(fields).type for fields in published} == {"decision", "check"}
    shown = [fields for fields in examples if fields not in published]
    assert {parse_event(fields).type for fields in shown} == TYPES - {"facts_extracted"}
