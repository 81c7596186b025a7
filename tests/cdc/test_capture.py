"""Every kind of change, as Debezium sends it in each of its ways, ends in the knowledge base as it should."""

from __future__ import annotations

import pytest

from tests.cdc.changes import CHANGES, Change
from tests.cdc.columns import read
from tests.cdc.modes import MODES, Mode
from tests.cdc.play import UNTOUCHED, Held, namespace
from tests.cdc.sources import SOURCES, Source
from tests.cdc.table import Results

pytestmark = [pytest.mark.cdc, pytest.mark.timeout(900)]

each_database = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
typed_modes = pytest.mark.parametrize(
    "mode", [mode for mode in MODES if "kinds" in SOURCES[0].tables_of(mode)], ids=lambda mode: mode.name
)


@each_database
@each_mode
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.title)
def test_a_change_ends_in_the_knowledge_base(
    held: Held, results: Results, source: Source, mode: Mode, change: Change
) -> None:
    """After its phase the documents of the changed rows are as the table has them, or gone with their rows."""
    have = held.documents[change.phase, namespace(source, mode)]
    expected = change.expected(mode)
    right = {document: have.get(document) for document in expected} == expected
    results.changes[source.name, mode.name, change.title] = _called(change, mode) if right else "**wrong**"
    assert {document: have.get(document) for document in expected} == expected


@each_database
@each_mode
def test_later_phases_leave_the_others_alone(held: Held, source: Source, mode: Mode) -> None:
    """In the end every document is as the last change of its row left it, and there is none but of rows that were."""
    have = held.documents["failover", namespace(source, mode)]
    expected = {doc: text for change in CHANGES for doc, text in change.expected(mode).items()}
    assert {document: have.get(document) for document in expected} == expected


@each_database
@typed_modes
def test_columns_read_as_their_schema_says(held: Held, results: Results, source: Source, mode: Mode) -> None:
    """Numbers, dates, times, JSON, bytes: as their usual text with a schema, as JSON has them without one."""
    shown = read(held.documents["changes", namespace(source, mode)]["kinds-1"])
    if mode.deletes == "envelope" and not mode.label:
        results.columns |= {(source.name, name, mode.schemas): text for name, text in shown.items()}
    assert shown == {column.name: column.expected(schemas=mode.schemas) for column in source.columns}


@typed_modes
def test_postgresqls_large_columns(held: Held, mode: Mode) -> None:
    """An update that does not touch a large column arrives with REPLICA IDENTITY FULL, else it is a dead letter."""
    source = SOURCES[0]
    have = held.documents["changes", namespace(source, mode)]
    assert have["manuals_full-1"].startswith(UNTOUCHED)
    assert have["manuals-1"].startswith("old title")
    letters = [letter for letter in held.dead_letters if letter["topic"] == source.topic(mode, "manuals")]
    assert [letter["count"] for letter in letters] == [1]
    assert "was not sent" in letters[0]["cause"]


def test_nothing_else_is_a_dead_letter(held: Held) -> None:
    """What Debezium sends is understood: no other record of the whole run was quarantined."""
    assert [letter for letter in held.dead_letters if not letter["topic"].endswith(".manuals")] == []


def _called(change: Change, mode: Mode) -> str:
    if not mode.sends_deletes and change.without_deletes:
        return "the delete is not sent: the document stays"
    return "applied"
