"""What the command line prints: a table for people, JSON for machines, one line for an error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console()
errors = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def plain(value: Any) -> Any:
    """Dataclasses, sets and mappings as what JSON knows; anything else as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def emit_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def emit_rows(rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str], as_json: bool, title: str = "") -> None:
    """Rows as a table of `columns`, or all their keys as a JSON list."""
    if as_json:
        emit_json(list(rows))
        return
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")  # nothing is cut off: a path is there to be copied
    for row in rows:
        table.add_row(*(escape(_cell(row.get(column))) for column in columns))
    console.print(table if rows else f"[dim]no {title or 'rows'}[/dim]")


def emit_fields(fields: Mapping[str, Any], *, as_json: bool, title: str = "") -> None:
    """One object: a two-column table, or a JSON object."""
    if as_json:
        emit_json(fields)
        return
    table = Table(show_header=False, title=title or None, title_justify="left")
    for name, value in fields.items():
        table.add_row(name.replace("_", " "), escape(_cell(value)))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_cell(v)}" for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_cell, value))
    return str(value)
