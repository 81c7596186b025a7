"""Progress on standard error: bars with rate and time left on a terminal, else a line every ten seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

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


class Advance(Protocol):
    """How far a step is; a total of 0 is not known."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


_LINE_EVERY_S = 10.0
_DRAWN_EVERY_S = 0.1


class _Rate(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def counted() -> Iterator[Advance]:
    """How far each step of a long job is: a bar on a terminal, else a line every ten seconds."""
    if not errors.is_terminal:
        yield Lines()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=errors, transient=True) as bar:
        tasks: dict[str, TaskID] = {}
        drawn: dict[str, float] = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total or None)
            if done == total or time.monotonic() - drawn.get(step, 0.0) >= _DRAWN_EVERY_S:
                drawn[step] = time.monotonic()
                bar.update(tasks[step], completed=done)

        yield advance


@dataclass
class Lines:
    """A line every ten seconds: step, count, rate and, where the total is known, the time left."""

    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = field(default=lambda line: errors.print(line, highlight=False, markup=False))
    _step: str = ""
    _began: float = 0.0
    _said: float = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = self.clock()
        if step != self._step:
            self._step, self._began, self._said = step, now, now
        elif now - self._said >= _LINE_EVERY_S:
            self._said = now
            rate = done / (now - self._began)
            of = f" of {total:,}" if total else ""
            left = f", {(total - done) / rate:,.0f} s left" if total and rate else ""
            self.say(f"{step}: {done:,}{of}, {rate:,.0f}/s{left}")
