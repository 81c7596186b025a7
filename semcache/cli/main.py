"""The `semcache` command: mounts the sub-commands and turns errors into one clear line.

Packages above this one add commands through the entry-point group `semcache.commands`: a callable that takes the app.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated

import typer

import semcache
from semcache.cli.runner import run

COMMANDS = ("stack", "chat", "cache", "kb", "hitrate")
EXTENSIONS = "semcache.commands"

app = typer.Typer(
    help="Semantic cache, agent memory and knowledge base on plain Redis 8, kept fresh by Kafka.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(semcache.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Semantic cache, agent memory and knowledge base on plain Redis 8, kept fresh by Kafka."""


for _name in COMMANDS:
    import_module(f"semcache.cli.{_name}").register(app)
for _extension in entry_points(group=EXTENSIONS):
    _extension.load()(app)


def main() -> None:
    """Entry point of the console script."""
    run(app)
