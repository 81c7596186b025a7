"""The `semcache` command: mounts the sub-commands and turns errors into one clear line.

Packages above this one add commands through the entry-point group `semcache.commands`: a callable that takes the app.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import typer

import semcache
from semcache.cli.runner import run

EXTENSIONS = "semcache.commands"
COMMANDS = {
    "stack": ("up", "down", "status", "doctor"),
    "chat": ("ask", "chat"),
    "cache": ("cache",),
    "kb": ("kb",),
    "memory": ("memory",),
    "hitrate": ("hit-rate",),
    "seal": ("seal",),
    "audit": ("audit",),
    "migrate": ("migrate",),
    "semcache.server.command": ("serve", "mcp"),
}


def build_app(command: str | None = None) -> typer.Typer:
    """The command line; with a `command`, only the module that has it is loaded, so that it starts fast."""
    app = typer.Typer(
        help="Semantic cache, agent memory and knowledge base on plain Redis 8, kept fresh by Kafka.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    homes = [module for module, names in COMMANDS.items() if command in names]
    for module in homes or COMMANDS:
        import_module(module if "." in module else f"semcache.cli.{module}").register(app)
    for extension in () if homes else entry_points(group=EXTENSIONS):
        _extend(app, extension)
    return app


def _extend(app: typer.Typer, extension: EntryPoint) -> None:
    """Adds commands of another package; one that is broken costs its own commands only."""
    try:
        extension.load()(app)
    except Exception as error:  # noqa: BLE001 - a package of anybody's may raise anything
        name, reason = extension.name, f"{type(error).__name__}: {error}"
        typer.echo(f"warning: the commands of {name!r} cannot be loaded ({extension.value}): {reason}", err=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(semcache.__version__)
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Semantic cache, agent memory and knowledge base on plain Redis 8, kept fresh by Kafka."""


def _command(arguments: Sequence[str]) -> str | None:
    return arguments[0] if arguments and not arguments[0].startswith("-") else None


def main() -> None:
    """Entry point of the console script."""
    run(build_app(_command(sys.argv[1:])))
