"""How a row becomes a document: which table, and which columns make its id, title, text and version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Protocol

from semcache.errors import ConfigurationError
from semcache_ingest.envelopes.rows import Row, is_unavailable
from semcache_ingest.envelopes.values import shown
from semcache_ingest.events import NotAnEvent

_MAX_DIGITS = 16


class Mapped(Protocol):
    """One `[[ingest.debezium]]` table of the settings."""

    table: str
    id: str
    text: str
    title: str
    version: str
    namespace: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Template:
    """`{name}: {body}` -> (("", "name"), (": ", "body")): literal text before each column."""

    parts: tuple[tuple[str, str | None], ...]

    def columns(self) -> set[str]:
        return {column for _, column in self.parts if column}

    def fill(self, columns: Mapping[str, Any]) -> str:
        return "".join(text + (shown(columns.get(column)) if column else "") for text, column in self.parts)


@dataclass(frozen=True, slots=True)
class TableRule:
    """A compiled `[[ingest.debezium]]` table."""

    table: str
    id: Template
    text: Template
    title: Template | None
    version: str | None
    namespace: str | None
    epoch: int = 0

    def document(self, columns: Mapping[str, Any]) -> str | None:
        """The id of the document that a row with these columns makes; None if one is missing."""
        known = all(columns.get(column) not in (None, "") for column in self.id.columns())
        return self.id.fill(columns) if known else None

    def fields(self, row: Row) -> dict[str, Any]:
        """Fields of the document event, without its event id.

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
            if is_unavailable(row.columns[column]):
                raise NotAnEvent(
                    f"column {column!r} of {self.table} was not sent, because the update did not touch it: "
                    f"ALTER TABLE {self.table} REPLICA IDENTITY FULL, or use Debezium's reselect post-processor"
                )
        return template.fill(row.columns)

    def _version(self, row: Row) -> int | None:
        """The version column. A delete may know the primary key only."""
        if not self.version or (row.deleted and row.columns.get(self.version) is None):
            return None
        value = row.columns.get(self.version)
        if not str(value).isdecimal() or len(str(value)) > _MAX_DIGITS:
            raise NotAnEvent(f"version column {self.version!r} of {self.table} is no whole number: {str(value)[:60]!r}")
        return int(str(value)) + (1 if row.deleted else 0)


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
            epoch=t.epoch,
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
    rule = rule_named(rules, row.tables)
    if rule is None:
        raise NotAnEvent(f"no [[ingest.debezium]] setting for table {row.tables[0]!r}")
    return rule


def rule_named(rules: Iterable[TableRule], names: Iterable[str]) -> TableRule | None:
    """The rule of the first name that one has."""
    by_table = {rule.table: rule for rule in rules}
    return next((by_table[name] for name in names if name in by_table), None)


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
