"""`semcache doctor`: what is installed, what is missing or wrong, and the line that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from redis import Redis
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from semcache.cli.output import Json, emit_json, emit_rows, errors
from semcache.devstack.doctor import Finding, examine, worst
from semcache.errors import InvalidInput
from semcache.settings import Settings, load_settings
from semcache.store.checks import check_data, compare, count_keys
from semcache.store.connect import connect
from semcache.store.sealing import open_sealer

SIGNS = {"ok": "ok", "warning": "! warning", "problem": "✗ problem"}
EXAMPLES = 20  # differing keys that are shown
DataDir = Annotated[Path | None, typer.Option(help="Where the servers keep data and logs.", show_default=False)]
Namespaces = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Compare two namespaces, after a replay into another one.", show_default=False, metavar="A B"),
]
CheckData = Annotated[bool, typer.Option("--check-data", help="Check that what is stored is whole; changes nothing.")]
Namespace = Annotated[
    str | None,
    typer.Option(help="With --check-data: this namespace alone; else all of semcache's keys.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(doctor)


def doctor(
    data_dir: DataDir = None,
    data: CheckData = False,
    namespace: Namespace = None,
    diff: Namespaces = None,
    as_json: Json = False,
) -> None:
    """Check this machine and the servers, or the data; exit 1 if something is wrong, and say how to mend it."""
    settings = load_settings(**({"data_dir": data_dir.absolute()} if data_dir else {}))
    if data and diff:
        raise InvalidInput("give --check-data or --diff, not both")
    if namespace and not data:
        raise InvalidInput("--namespace goes with --check-data")
    if data:
        _check_data(settings, namespace, as_json=as_json)
    elif diff:
        _diff(settings, *diff, as_json=as_json)
    else:
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


def _check_data(settings: Settings, namespace: str | None, *, as_json: bool) -> None:
    with _run("checking the data", settings, passes=1) as (redis, advance):
        findings = check_data(redis, namespace, sealed=bool(settings.seal.active), advance=advance)
    if as_json:
        emit_json({"whole": not findings, "findings": findings})
    elif findings:
        rows = [asdict(finding) for finding in findings]
        emit_rows(rows, columns=("key", "wrong", "mend"), as_json=False, title=f"{len(findings)} findings")
    else:
        typer.echo("the data is whole")
    if findings:
        raise typer.Exit(1)


def _diff(settings: Settings, first: str, second: str, *, as_json: bool) -> None:
    with _run("comparing", settings, passes=2) as (redis, advance):
        found = compare(redis, first, second, sealer=open_sealer(settings.seal), advance=advance)
    rows = found.rows()
    if as_json:
        emit_json({"equal": not found.differences, "kinds": rows, "differences": found.differences})
    else:
        columns = ("kind", "equal", "other value", "only in the first", "only in the second")
        emit_rows(rows, columns=columns, as_json=False, title=f"{first} and {second}")
        if found.differences:
            some = [asdict(difference) for difference in found.differences[:EXAMPLES]]
            emit_rows(some, columns=("key", "how"), as_json=False, title="for example")
    if found.differences:
        raise typer.Exit(1)


@contextmanager
def _run(what: str, settings: Settings, *, passes: int) -> Iterator[tuple[Redis, Callable[[int], None]]]:
    """A connection, and a bar that is full when every key was looked at."""
    columns = TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with connect(settings.redis.url, timeout_s=settings.redis.timeout_s) as redis:
        total = passes * count_keys(redis)
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("", total=total)
            yield redis, lambda keys: bar.advance(task, keys)
