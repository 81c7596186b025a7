"""How a row becomes a document: which table, and which columns make its id, title, text and version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Protocol

from ingest.envelopes.rows import UNAVAILABLE, Row
from ingest.events import NotAnEvent
from semcache.errors import ConfigurationError


class Mapped(Protocol):
    """One `[[ingest.debezium]]` table of the settings."""

    table: str
    id: str
    text: str
    title: str
    version: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Template:
    """`{name}: {body}` -> (("", "name"), (": ", "body")): literal text before each column."""

    parts: tuple[tuple[str, str | None], ...]

    def columns(self) -> set[str]:
        return {column for _, column in self.parts if column}

    def fill(self, columns: Mapping[str, Any]) -> str:
        return "".join(text + (_shown(columns.get(column)) if column else "") for text, column in self.parts)


@dataclass(frozen=True, slots=True)
class TableRule:
    """A compiled `[[ingest.debezium]]` table."""

    table: str
    id: Template
    text: Template
    title: Template | None
    version: str | None
    namespace: str | None

    def fields(self, row: Row) -> dict[str, Any]:
        """Fields of the document event, without its event id and fallback version.

        Raises:
            NotAnEvent: a column that is needed is missing.
        """
        made: dict[str, Any] = {"document": self._filled(self.id, row, required=True)}
        if row.deleted:
            made |= {"type": "document_deleted"}
        else:
            made |= {"type": "document_upserted", "text": self._filled(self.text, row)}
            made |= {"title": self._filled(self.title, row)} if self.title else {}
        version = self._version(row)
        made |= {"version": version} if version else {}
        return made | ({"namespace": self.namespace} if self.namespace else {})

    def _filled(self, template: Template, row: Row, *, required: bool = False) -> str:
        for column in sorted(template.columns()):
            if column not in row.columns or (required and row.columns[column] in (None, "")):
                raise NotAnEvent(f"a row of {self.table} has no column {column!r}")
            if row.columns[column] == UNAVAILABLE:
                raise NotAnEvent(
                    f"column {column!r} of {self.table} was not sent, because the update did not touch it: "
                    f"ALTER TABLE {self.table} REPLICA IDENTITY FULL, or use Debezium's reselect post-processor"
                )
        return template.fill(row.columns)

    def _version(self, row: Row) -> int | None:
        """The version column, else the row's place in the source's log. A delete may only know the primary key."""
        if self.version and not (row.deleted and row.columns.get(self.version) is None):
            value = row.columns.get(self.version)
            if not str(value).isdecimal():
                raise NotAnEvent(f"version column {self.version!r} of {self.table} is no whole number: {value!r}")
            return int(str(value)) + (1 if row.deleted else 0)
        return None if self.version else row.order


def table_rules(tables: Iterable[Mapped]) -> tuple[TableRule, ...]:
    """The compiled rules.

    Raises:
        ConfigurationError: a template is wrong, a table is named twice, or documents of two tables could collide.
    """
    rules = tuple(
        TableRule(
            table=t.table,
            id=_compile(t.id if "{" in t.id else "{" + t.id + "}", f"id of {t.table}"),
            text=_compile(t.text, f"text of {t.table}"),
            title=_compile(t.title if "{" in t.title else "{" + t.title + "}", f"title of {t.table}")
            if t.title
            else None,
            version=t.version or None,
            namespace=t.namespace or None,
        )
        for t in tables
    )
    _check_collisions(rules)
    return rules


def rule_for(rules: Iterable[TableRule], row: Row) -> TableRule:
    """The rule of the row's table.

    Raises:
        NotAnEvent: no rule names it.
    """
    by_table = {rule.table: rule for rule in rules}
    for name in row.tables:
        if name in by_table:
            return by_table[name]
    raise NotAnEvent(f"no [[ingest.debezium]] setting for table {row.tables[0]!r}")


def _check_collisions(rules: tuple[TableRule, ...]) -> None:
    seen: dict[tuple[str | None, str], str] = {}
    for rule in rules:
        shape = "".join(text + ("*" if column else "") for text, column in rule.id.parts)
        other = seen.setdefault((rule.namespace, shape), rule.table)
        if rule.table == other and sum(r.table == rule.table for r in rules) == 1:
            continue
        raise ConfigurationError(
            f"[[ingest.debezium]] of {other} and {rule.table} give documents the same ids: "
            f'make them differ, for example id = "{rule.table}-{{id}}"'
        )


def _compile(template: str, what: str) -> Template:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigurationError(f"[[ingest.debezium]] {what}: {template!r}: {error}") from None
    if any(spec or conversion for _, _, spec, conversion in parsed) or any(column == "" for _, column, _, _ in parsed):
        raise ConfigurationError(f"[[ingest.debezium]] {what}: {template!r}: only {{column}} is understood")
    if not any(column for _, column, _, _ in parsed):
        raise ConfigurationError(f"[[ingest.debezium]] {what}: {template!r} names no column")
    return Template(tuple((text, column) for text, column, _, _ in parsed))


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
