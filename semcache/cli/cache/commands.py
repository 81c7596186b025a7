"""`semcache cache`: what is stored, what it has saved, why a question is or is not served, and removing answers."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer

from semcache.audit import extent
from semcache.cli.audit import noted
from semcache.cli.cache import learning
from semcache.cli.cache.scopes import Namespace, ScopeItems, named, opened, short
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows
from semcache.errors import InvalidInput

Tag = Annotated[str | None, typer.Option(help="Answers that carry this tag.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="Answers built from this document.", show_default=False)]

app = typer.Typer(help="Cached answers: statistics, contents, decisions, learning, removal.", no_args_is_help=True)
learning.mount(app)


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="cache")


@app.command()
def stats(scope: ScopeItems = None, namespace: Namespace = None, as_json: Json = False) -> None:
    """Print what each scope holds, how often it hit and missed, and what it has saved."""
    with opened(scope, namespace) as found:
        rows = [named(one) | asdict(counted) | _rates(counted) for one, counted in found.stats()]
    if len(rows) == 1 and not as_json:
        emit_fields({name: value for name, value in rows[0].items() if name != "items"}, as_json=False)
        return
    columns = ("scope", "entries", "lookups", "hit_rate", "tokens_saved", "seconds_saved")
    emit_rows(rows, columns=columns, as_json=as_json, title="scopes")


@app.command("list")
def list_entries(
    scope: ScopeItems = None,
    tag: Tag = None,
    source: Source = None,
    contains: Annotated[str | None, typer.Option(help="Only questions with this text.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Answers printed.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Answers passed over.")] = 0,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """List stored answers, the most used of each scope first."""
    with opened(scope, namespace) as found:
        wanted = (
            (one, entry)
            for one, entry in found.entries(tag=tag, source=source)
            if contains is None or contains.lower() in entry.prompt.lower()
        )
        rows = [named(one) | asdict(entry) for one, entry in islice(wanted, offset, offset + limit)]
    shown = rows if as_json else [_readable(row) for row in rows]
    columns = ("entry_id", "prompt", "response", "hits", "expires")
    emit_rows(shown, columns=columns, as_json=as_json, title="answers")


@app.command()
def explain(prompt: str, scope: ScopeItems = None, namespace: Namespace = None, as_json: Json = False) -> None:
    """Say whether a question would be served now, and why; counts and changes nothing."""
    with opened(scope, namespace) as found:
        explained = found.cache().explain(prompt)
    if as_json:
        emit_json(explained)
        return
    decision = f"serves {explained.served}" if explained.served else f"misses ({explained.reason})"
    emit_fields({"decision": decision, "because": explained.detail}, as_json=False)
    rows = [asdict(candidate) for candidate in explained.candidates]
    emit_rows(rows, columns=("similarity", "prompt", "note", "entry_id"), as_json=False, title="candidates")


@app.command()
def invalidate(
    entry_id: Annotated[str | None, typer.Option("--id", help="The answer with this id.", show_default=False)] = None,
    tag: Tag = None,
    source: Source = None,
    scope: ScopeItems = None,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Remove answers by id, tag or source document, in all scopes or in those named."""
    if sum(given is not None for given in (entry_id, tag, source)) != 1:
        raise InvalidInput("give one of --id, --tag and --source")
    with opened(scope, namespace) as found:
        removed = found.remove(entry_id=entry_id, tag=tag, source=source)
    noted("removed answers", entry_id or tag or source or "", namespace=namespace, detail=extent(removed, "answer"))
    emit_fields({"removed": removed}, as_json=as_json)


@app.command()
def clear(
    scope: ScopeItems = None,
    everything: Annotated[bool, typer.Option("--all", help="All scopes of the namespace.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    namespace: Namespace = None,
    as_json: Json = False,
) -> None:
    """Remove all answers of the scopes named."""
    if bool(scope) == everything:
        raise InvalidInput("say which scopes: --scope NAME=VALUE, or --all")
    with opened(scope, namespace) as found:
        held = sum(counted.entries for _, counted in found.stats())
        if not yes:
            typer.confirm(f"Remove {held} answers from {len(found.scopes)} scopes?", abort=True, err=True)
        removed = sum(entries.clear() for _, entries in found.each())
    noted("removed answers", " ".join(scope or ["all scopes"]), namespace=namespace, detail=extent(removed, "answer"))
    emit_fields({"removed": removed}, as_json=as_json)


def _rates(counted: Any) -> dict[str, Any]:
    return {"hits": counted.hits, "lookups": counted.lookups, "hit_rate": counted.hit_rate}


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: short(row[name]) for name in ("prompt", "response")}
    return row | texts | {"expires": _until(row["expires_at"])}


def _until(expires_at: float) -> str:
    if not expires_at:
        return "never"
    if expires_at <= time.time():
        return "expired"
    return f"{datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M}Z"
