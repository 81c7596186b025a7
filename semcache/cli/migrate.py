"""`semcache migrate`: entries of other caches, brought here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from semcache.adapters.redisvl.budget import Budget
from semcache.adapters.redisvl.migrating import Make, migrate
from semcache.cli.output import Json, emit_fields
from semcache.cli.progress import counted
from semcache.embed import default_embedder
from semcache.errors import InvalidInput
from semcache.settings import load_settings
from semcache.store.connect import connect

app = typer.Typer(help="Entries of other caches, brought here.", no_args_is_help=True)


class _Vectors(StrEnum):
    keep = "keep"
    embed = "embed"


class _Dtype(StrEnum):
    float16 = "float16"
    float32 = "float32"
    float64 = "float64"


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="migrate")


@app.callback()
def _migrate() -> None:
    """Entries of other caches, brought here."""


@app.command()
def redisvl(
    index: Annotated[str, typer.Option(help="Name of the redisvl cache: its entries are the hashes below NAME:.")],
    source: Annotated[
        str | None, typer.Option("--from", help="URL of the Redis that has them; else the settings'.", metavar="URL")
    ] = None,
    into: Annotated[str | None, typer.Option(help="Name of the cache here; else the same.", show_default=False)] = None,
    vectors: Annotated[
        _Vectors, typer.Option(help="Take the vectors, for the vectorizer that made them, or embed prompts anew.")
    ] = _Vectors.keep,
    dtype: Annotated[_Dtype, typer.Option(help="Of the vectors that are taken.")] = _Dtype.float32,
    budget: Annotated[
        bool, typer.Option("--budget", help='Also for decision="budget"; needs --vectors embed.')
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy a redisvl SemanticCache to where semcache.adapters.redisvl looks for it.

    It may be interrupted and run again: what is there is left alone, lifetimes go on. The source is only read.
    """
    if budget and vectors is _Vectors.keep:
        raise InvalidInput("--budget learns by vectors of the settings' model: give --vectors embed too")
    settings, name = load_settings(), into or index
    embedder = default_embedder() if vectors is _Vectors.embed else None
    url, timeout_s = settings.redis.url, settings.redis.timeout_s
    with connect(url, timeout_s=timeout_s) as target, connect(source or url, timeout_s=timeout_s) as read:
        learned = (
            Budget(target, name, embedder=embedder, max_error_rate=settings.cache.max_error_rate)
            if budget and embedder is not None
            else None
        )
        make = Make(vectors.value, dtype.value, embedder, learned)
        with counted() as advance:
            done = migrate(read, target, index, into=name, make=make, advance=lambda n: advance("entries", n, 0))
    fields = {"index": index, "into": name, "copied": done.copied, "there": done.there, "unreadable": done.unreadable}
    emit_fields(fields, as_json=as_json, title="migrated from redisvl")
    if not done.read:
        raise InvalidInput(f"no hash begins with {index}: in {source or 'the Redis of the settings'}")
