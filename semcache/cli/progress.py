"""Progress of a start on the terminal: a line for each step, a bar for each download, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from semcache.cli.output import errors


class TerminalProgress:
    """Draws what `semcache.devstack.progress.Progress` receives."""

    def step(self, message: str) -> None:
        errors.print(f"[dim]{message} ...[/dim]", highlight=False)

    @contextmanager
    def download(self, name: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
        with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=errors) as bar:
            task = bar.add_task(f"downloading {name}", total=total_bytes)
            yield lambda arrived: bar.advance(task, arrived)
