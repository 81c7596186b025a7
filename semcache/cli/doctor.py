"""`semcache doctor`: what is installed, what is missing or wrong, and the line that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from semcache.cli.output import Json, emit_json, emit_rows
from semcache.devstack.doctor import Finding, examine, worst
from semcache.settings import load_settings

SIGNS = {"ok": "ok", "warning": "! warning", "problem": "✗ problem"}
DataDir = Annotated[Path | None, typer.Option(help="Where the servers keep data and logs.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(doctor)


def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check this machine and the servers; exit 1 if something is wrong, and say how to mend it."""
    settings = load_settings(**({"data_dir": data_dir.absolute()} if data_dir else {}))
    report(examine(settings), as_json=as_json)


def report(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Prints findings; exit code 1 if one is a problem."""
    if as_json:
        emit_json({"worst": worst(findings), "findings": findings})
    else:
        rows = [{**asdict(finding), "level": SIGNS[finding.level]} for finding in findings]
        emit_rows(rows, columns=("level", "check", "detail", "mend"), as_json=False)
    if worst(findings) == "problem":
        raise typer.Exit(1)
