"""`semcache seal`: keys for text at rest, and sealing again what is stored."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcache.cli.output import Json, emit_fields, emit_json, errors
from semcache.errors import ConfigurationError, SealError
from semcache.memory.writing.reseal import Resealed, count_turns, reseal
from semcache.settings import Settings, load_settings
from semcache.store.connect import connect
from semcache.store.sealing import open_sealer
from semcache.store.sealing.opening import KEY_ID

KEY_BYTES = 32
Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]

app = typer.Typer(help="Sealing of remembered text at rest.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Adds the commands to the command line."""
    main.add_typer(app, name="seal")


@app.command()
def keygen(
    key_id: Annotated[
        str | None, typer.Option("--id", help="Id of the new key; else k and today's date.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a new random key as lines of semcache.toml. Nothing is stored: put them where your secrets are."""
    known = load_settings().seal
    id = key_id or f"k{datetime.now(UTC):%Y%m%d}"
    if not KEY_ID.fullmatch(id):
        raise ConfigurationError(f"the id {id!r} may have letters, digits and _.- only, 32 at most")
    if id in known.keys:
        raise ConfigurationError(f"the ring has a key {id!r} already: choose another one with --id")
    made = {"active": id, "key": _random()}
    if not known.words.get_secret_value():
        made["words"] = _random()
    if as_json:
        emit_json(made)
        return
    typer.echo(f'[seal]\nactive = "{id}"')
    if "words" in made:
        typer.echo(f'words = "{made["words"]}"  # stays as it is for ever')
    typer.echo("\n[seal.keys]  # keep the former ones until `semcache seal rotate` has run")
    typer.echo(f'"{id}" = "{made["key"]}"')


@app.command()
def rotate(namespace: Namespace = None, as_json: Json = False) -> None:
    """Seal everything that is remembered under the active key: after a new key, or to begin with.

    Run it when every process has the new settings. It may be interrupted and run again; what is done stays done.
    """
    settings = load_settings()
    done = _rotate(settings, namespace or settings.namespace)
    fields = {"active": settings.seal.active, "sealed": done.changed, "kept": done.kept, "refused": done.refused}
    emit_fields({**fields, "why": done.why} if as_json else fields, as_json=as_json, title="sealing")
    if done.refused:
        raise SealError(
            f"{done.refused} records cannot be opened and stay as they are; keep the former keys. "
            + "The first: " + "; ".join(done.why[:3])
        )  # fmt: skip


def _rotate(settings: Settings, namespace: str) -> Resealed:
    sealer = open_sealer(settings.seal)
    columns = TextColumn("sealing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    redis = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    with redis, Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=count_turns(redis, namespace))
        return reseal(redis, namespace, sealer, advance=lambda turns: bar.advance(task, turns))


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
