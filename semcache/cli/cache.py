"""`semcache cache`: what is stored, what it has saved, why a question is or is not served, and removing answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import redis
import typer

from semcache.cache import Entry, SemanticCache
from semcache.cache.catalogue import matching, scopes
from semcache.cache.entries import Entries
from semcache.cache.scope import Scope
from semcache.cache.stats import INVALIDATED, stats_of
from semcache.cli.output import Json, emit_fields, emit_json, emit_rows
from semcache.embed import open_embedder
from semcache.errors import InvalidInput
from semcache.settings import Settings, load_settings
from semcache.store.connect import connect

_LONGEST = 60  # characters of a text in a table

Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]
ScopeItems = Annotated[
    list[str] | None,
    typer.Option("--scope", help="Only scopes with this item; may be repeated.", metavar="NAME=VALUE"),
]
Tag = Annotated[str | None, typer.Option(help="Answers that carry this tag.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="Answers built from this document.", show_default=False)]

app = typer.Typer(help="Cached answers: statistics, contents, decisions, removal.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="cache")


@app.command()
def stats(scope: ScopeItems = None, namespace: Namespace = None, as_json: Json = False) -> None:
    """Print what each scope holds, how often it hit and missed, and what it has saved."""
    with _opened(scope, namespace) as found:
        rows = [_named(one) | asdict(counted) | _rates(counted) for one, counted in found.stats()]
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
    with _opened(scope, namespace) as found:
        wanted = (
            (one, entry)
            for one, entry in found.entries(tag=tag, source=source)
            if contains is None or contains.lower() in entry.prompt.lower()
        )
        rows = [_named(one) | asdict(entry) for one, entry in islice(wanted, offset, offset + limit)]
    shown = rows if as_json else [_readable(row) for row in rows]
    columns = ("entry_id", "prompt", "response", "hits", "expires")
    emit_rows(shown, columns=columns, as_json=as_json, title="answers")


@app.command()
def explain(prompt: str, scope: ScopeItems = None, namespace: Namespace = None, as_json: Json = False) -> None:
    """Say whether a question would be served now, and why; counts and changes nothing."""
    with _opened(scope, namespace) as found:
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
    with _opened(scope, namespace) as found:
        removed = found.remove(entry_id=entry_id, tag=tag, source=source)
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
    with _opened(scope, namespace) as found:
        held = sum(counted.entries for _, counted in found.stats())
        if not yes:
            typer.confirm(f"Remove {held} answers from {len(found.scopes)} scopes?", abort=True, err=True)
        removed = sum(entries.clear() for _, entries in found.each())
    emit_fields({"removed": removed}, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Found:
    """The scopes that a command is about."""

    client: redis.Redis
    settings: Settings
    scopes: list[Scope]

    def each(self) -> Iterator[tuple[Scope, Entries]]:
        return ((scope, Entries(self.client, scope.id)) for scope in self.scopes)

    def stats(self) -> list[tuple[Scope, Any]]:
        return [(scope, stats_of(entries)) for scope, entries in self.each()]

    def entries(self, *, tag: str | None, source: str | None) -> Iterator[tuple[Scope, Entry]]:
        for scope, entries in self.each():
            for entry in entries.all() if tag is None and source is None else entries.read(_ids(entries, tag, source)):
                yield scope, entry

    def remove(self, *, entry_id: str | None, tag: str | None, source: str | None) -> int:
        return sum(
            entries.remove([entry_id] if entry_id is not None else _ids(entries, tag, source), counter=INVALIDATED)
            for _, entries in self.each()
        )

    def cache(self) -> SemanticCache:
        """The one scope that is meant, with the embedder of the settings."""
        embedder = open_embedder(self.settings.embed, model_dir=self.settings.model_dir)
        meant = [scope for scope in self.scopes if scope.embedder == embedder.fingerprint]
        if len(meant) != 1:
            known = "; ".join(_label(scope) for scope in meant) or "none is made with the embedder of the settings"
            raise InvalidInput(f"{len(meant)} scopes match ({known}): name one by --scope NAME=VALUE")
        (scope,) = meant
        return SemanticCache(self.client, embedder=embedder, namespace=scope.namespace, scope=dict(scope.items))


def _ids(entries: Entries, tag: str | None, source: str | None) -> list[str]:
    """Ids with the tag and from the source, as far as given."""
    found = [set(ids) for ids in (tag and entries.by_tag(tag), source and entries.by_source(source)) if ids is not None]
    return sorted(set.intersection(*found)) if found else []


@contextmanager
def _opened(items: list[str] | None, namespace: str | None) -> Iterator[_Found]:
    settings = load_settings()
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    try:
        known = scopes(client, namespace or settings.namespace)
        yield _Found(client, settings, matching(known, _parsed(items or [])))
    finally:
        client.close()


def _parsed(items: list[str]) -> dict[str, str]:
    parsed = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not (name and equals and value):
            raise InvalidInput(f"--scope takes NAME=VALUE, not {item!r}")
        parsed[name] = value
    return parsed


def _label(scope: Scope) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in scope.items) or "(no items)"


def _named(scope: Scope) -> dict[str, Any]:
    return {"scope": _label(scope), "scope_id": scope.id, "items": dict(scope.items), "embedder": scope.embedder}


def _rates(counted: Any) -> dict[str, Any]:
    return {"hits": counted.hits, "lookups": counted.lookups, "hit_rate": counted.hit_rate}


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: _short(row[name]) for name in ("prompt", "response")}
    return row | texts | {"expires": _until(row["expires_at"])}


def _until(expires_at: float) -> str:
    if not expires_at:
        return "never"
    if expires_at <= time.time():
        return "expired"
    return f"{datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M}Z"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
