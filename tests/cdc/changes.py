"""What is done to the databases, phase by phase, and what the knowledge base then has to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.cdc.modes import Mode

Phase = Literal["snapshot", "changes", "restart", "schema", "incremental", "failover"]
PHASES: tuple[Phase, ...] = ("snapshot", "changes", "restart", "schema", "incremental", "failover")

ARTICLES = "CREATE TABLE articles (id INT PRIMARY KEY, name VARCHAR(200) NOT NULL, body VARCHAR(2000))"


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change.

    `rows` are there before the first snapshot. `statements` are run in its phase, one transaction each. `holds` names
    the documents and the text that they must have afterwards; None: there must be none. `without_deletes` replaces
    entries of `holds` where the mode sends no deletes.
    """

    title: str
    phase: Phase
    statements: tuple[str, ...]
    holds: Mapping[int, str | None]
    rows: Mapping[int, str] = field(default_factory=dict)
    without_deletes: Mapping[int, str | None] = field(default_factory=dict)

    def expected(self, mode: Mode) -> dict[str, str | None]:
        """Document -> text, in one mode."""
        holds = {**self.holds, **({} if mode.sends_deletes else self.without_deletes)}
        return {document(number): text for number, text in holds.items()}


def document(number: int) -> str:
    return f"articles-{number}"


def text_of(number: int, body: str) -> str:
    """The text that the mapping's template makes of a row."""
    return f"Article {number}: {body}"


def insert(number: int, body: str) -> str:
    return f"INSERT INTO articles (id, name, body) VALUES ({number}, 'Article {number}', '{body}')"


def update(number: int, body: str) -> str:
    return f"UPDATE articles SET body = '{body}' WHERE id = {number}"


def delete(number: int) -> str:
    return f"DELETE FROM articles WHERE id = {number}"


def _after(number: int, body: str) -> dict[int, str | None]:
    return {number: text_of(number, body)}


CHANGES: tuple[Change, ...] = (
    Change("snapshot", "snapshot", (), _after(1, "shelves are oak"), rows={1: "shelves are oak"}),
    Change("insert", "changes", (insert(10, "lamps are brass"),), _after(10, "lamps are brass")),
    Change("update", "changes", (update(2, "chairs cost 90 euro"),), _after(2, "chairs cost 90 euro"), rows={2: "80"}),
    Change(
        "two updates in one transaction",
        "changes",
        ("BEGIN", update(6, "first"), update(6, "second"), "COMMIT"),
        _after(6, "second"),
        rows={6: "before"},
    ),
    Change(
        "delete", "changes", (delete(3),), {3: None}, rows={3: "is sold"}, without_deletes={3: text_of(3, "is sold")}
    ),
    Change(
        "delete, insert again",
        "changes",
        (delete(4), insert(4, "is back")),
        _after(4, "is back"),
        rows={4: "was here"},
    ),
    Change(
        "key change",
        "changes",
        ("UPDATE articles SET id = 55, name = 'Article 55' WHERE id = 5",),
        {5: None, **_after(55, "moves")},
        rows={5: "moves"},
        without_deletes={5: text_of(5, "moves")},
    ),
    Change("update while stopped", "restart", (update(7, "after"),), _after(7, "after"), rows={7: "before"}),
    Change(
        "delete while stopped",
        "restart",
        (delete(8),),
        {8: None},
        rows={8: "goes"},
        without_deletes={8: text_of(8, "goes")},
    ),
    Change(
        "column added",
        "schema",
        ("ALTER TABLE articles ADD COLUMN note VARCHAR(40)", update(11, "new"), insert(12, "later")),
        _after(11, "new") | _after(12, "later"),
        rows={11: "old"},
    ),
    Change(
        "column widened",
        "schema",
        ("ALTER TABLE articles {widen}", update(13, "wide"), delete(14)),
        _after(13, "wide") | {14: None},
        rows={13: "narrow", 14: "goes"},
        without_deletes={14: text_of(14, "goes")},
    ),
    Change(
        "update and delete after an incremental snapshot",
        "incremental",
        (update(15, "after it"), delete(16)),
        _after(15, "after it") | {16: None},
        rows={15: "before it", 16: "goes"},
        without_deletes={16: text_of(16, "goes")},
    ),
    Change(
        "snapshot of a new server",
        "failover",
        (),
        _after(17, "as the new server has it"),
        rows={17: "as the old server had it"},
    ),
    Change(
        "update, insert, delete on a new server",
        "failover",
        (update(18, "new server"), insert(20, "new server"), delete(19)),
        _after(18, "new server") | _after(20, "new server") | {19: None},
        rows={18: "old server", 19: "goes"},
        without_deletes={19: text_of(19, "goes")},
    ),
)


def initial_rows() -> dict[int, str]:
    """What the table holds before the first connector starts."""
    return {number: body for change in CHANGES for number, body in change.rows.items()}


def rows_of_the_new_server() -> dict[int, str]:
    """What the table of the new server holds when its connector starts: all that the old one held, one row changed."""
    held: dict[int, str] = initial_rows()
    for change in CHANGES:
        if change.phase != "failover":
            held |= {number: text.split(": ", 1)[1] for number, text in change.holds.items() if text}
            held = {number: body for number, body in held.items() if change.holds.get(number, "") is not None}
    return held | {17: "as the new server has it"}


def of_phase(phase: Phase) -> list[Change]:
    return [change for change in CHANGES if change.phase == phase]
