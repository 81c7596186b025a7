"""The tables in docs/how-to/change-data-capture.md: what was tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from semcache.devstack.java.jars import KAFKA_VERSION
from tests.cdc.changes import CHANGES
from tests.cdc.columns import Column
from tests.cdc.modes import MODES, Mode
from tests.cdc.sources import SOURCES, Source
from tests.cdc.worker import version_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "change-data-capture.md"
BEGIN, END = "<!-- written by make test-cdc -->", "<!-- end of the written part -->"


@dataclass(slots=True)
class Results:
    """What tests saw, by (database, mode, change) and by (database, column, whether schemas are sent)."""

    changes: dict[tuple[str, str, str], str] = field(default_factory=dict)
    columns: dict[tuple[str, str, bool], str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all changes were looked at, on all databases in all modes."""
        return len(self.changes) == len(SOURCES) * len(MODES) * len(CHANGES)


def write(results: Results) -> None:
    """Puts the tables between the two marks of the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_written(results)}\n{END}{after}")


def _written(results: Results) -> str:
    versions = ", ".join(f"{source.name} (connector {version_of(source.plugin)})" for source in SOURCES)
    head = f"Last run: {datetime.now(UTC):%-d %B %Y}, Kafka {KAFKA_VERSION}, Debezium for {versions}."
    parts = [head]
    for source in SOURCES:
        parts += [f"### {source.name}", _changes(results, source), _columns(results, source)]
    return "\n\n".join(parts)


def _changes(results: Results, source: Source) -> str:
    """A column for all modes in which everything came out alike; a letter stands for them."""
    alike: dict[tuple[str, ...], list[Mode]] = {}
    for mode in MODES:
        seen = tuple(results.changes[source.name, mode.name, change.title] for change in CHANGES)
        alike.setdefault(seen, []).append(mode)
    letters = [chr(ord("A") + number) for number in range(len(alike))]
    named = [
        f"- **{letter}**: {'; '.join(dict.fromkeys(mode.title for mode in modes))}"
        for letter, modes in zip(letters, alike.values(), strict=True)
    ]
    rows = [[change.title, *(seen[number] for seen in alike)] for number, change in enumerate(CHANGES)]
    return "\n".join(named) + "\n\n" + _table(["change", *letters], rows)


def _columns(results: Results, source: Source) -> str:
    body = [
        [_called(column), *(_seen(results, source, column, schemas) for schemas in (True, False))]
        for column in source.columns
    ]
    return _table(["column", "with schemas", "no schemas"], body)


def _called(column: Column) -> str:
    return f"`{column.type}` `{column.value}`"


def _seen(results: Results, source: Source, column: Column, schemas: bool) -> str:
    text = results.columns.get((source.name, column.name, schemas))
    return f"`{text}`" if text else "nothing"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
