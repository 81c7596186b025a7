"""The stack's commands as a program of their own, so that a test can start, interrupt and kill them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from semcache.cli import stack
from semcache.cli.runner import run

app = typer.Typer()
stack.register(app)


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "tests.devstack.command_line", *map(str, words)]


def call(*words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(command(*words), env=env, capture_output=True, text=True, timeout=120, check=False)


if __name__ == "__main__":
    run(app)
