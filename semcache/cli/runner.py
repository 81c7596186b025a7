"""Running a command line: an error of ours is one line and exit code 1, Ctrl-C is exit code 130."""

from __future__ import annotations

import os
import sys

import typer
from rich.markup import escape

from semcache.cli.output import errors
from semcache.errors import SemcacheError


def run(command: typer.Typer) -> None:
    """Runs a command line; an error of ours is one line and exit code 1, Ctrl-C is exit code 130."""
    try:
        command()
    except SemcacheError as error:
        errors.print(f"[bold red]error[/bold red] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("stopped")
        sys.exit(130)
    except BrokenPipeError:  # `semcache ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
