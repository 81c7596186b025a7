"""`semcache ui` and `semcache demo`, mounted on the semcache command."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from semcache import samples
from semcache.cli.output import Json, console, emit_fields, errors
from semcache.cli.progress import TerminalProgress
from semcache.errors import SemcacheError
from semcache.settings import Settings, as_environment, load_settings
from semcache_ui.demo import running
from semcache_ui.demo.steps import Demo, DemoFailed, Told
from semcache_ui.server import launch

START_TIMEOUT_S = 60.0
OPENS_AS = "pia"
"""Whose memory the demonstration opens on: somebody of the sample who has told a lot."""
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the page.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("ui")(ui)
    app.command("demo")(demo)


def ui(
    port: Port = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the app for the browser, and print its address; Ctrl-C ends it."""
    settings = load_settings(**({"ui_port": port} if port else {}))
    _end_when_told()
    with _page(settings, open_browser=browser) as server:
        _wait_for_page(settings, server)
        console.print(f"semcache is at [bold]{launch.address(settings)}[/bold]  (Ctrl-C ends it)")
        _until_interrupted(server)


def _end_when_told() -> None:
    """SIGTERM ends the command as Ctrl-C does: with what it started, as PID 1 and in the background too."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, signal.default_int_handler)


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="Without the page; stop everything at the end.")] = False,
    namespace: Annotated[str, typer.Option(help="Where the sample goes; yours stays untouched.")] = "demo",
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Start everything on this machine, stream the sample through Kafka, ask, change a document, open the page."""
    started = time.perf_counter()
    _end_when_told()
    with contextlib.ExitStack() as stack:
        first = load_settings(namespace=namespace, **({"ui_port": port} if port else {}))
        stack.enter_context(running.servers(first, TerminalProgress(), keep=False))
        settings = load_settings(namespace=namespace, **({"ui_port": port} if port else {}))
        worker = stack.enter_context(running.worker(settings, as_environment(settings)))
        stack.enter_context(running.counter(settings, as_environment(settings)))
        page = None if exit_ else stack.enter_context(_page(settings, log=settings.data_dir / "ui.log"))
        with running.opened(settings) as (app, publisher), _bar() as bar:
            task = bar.add_task("events into Redis", total=None)
            played = Demo(app, publisher, _tell, worker_runs=lambda: worker.poll() is None)
            summary = played.play(lambda done, total: bar.update(task, completed=done, total=total))
        summary.milliseconds["all"] = round((time.perf_counter() - started) * 1000)
        emit_fields(asdict(summary), as_json=as_json, title="demonstration")
        if page is not None:
            _wait_for_page(settings, page)
            address = f"{launch.address(settings)}/?user={OPENS_AS}"
            console.print(f"\nOpen [bold]{address}[/bold] in a browser.  (Ctrl-C ends everything)", soft_wrap=True)
            console.print(f"Or ask from another terminal:  [bold]{escape(_asking(namespace))}[/bold]", soft_wrap=True)
            _until_interrupted(page)
        if summary.failed:
            raise DemoFailed("the demonstration did not do what it should:\n  " + "\n  ".join(summary.failed))


def _asking(namespace: str) -> str:
    """A command that asks the sample, as it can be typed where this one was."""
    command = "semcache" if shutil.which("semcache") else min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
    return shlex.join([command, "ask", "--namespace", namespace, samples.demo()[0].question])


def _tell(told: Told) -> None:
    errors.print(f"{'[green]✓[/green]' if told.good else '[red]✗[/red]'} {escape(told.text)}", highlight=False)
    if told.detail:
        errors.print(f"  [dim]{escape(told.detail)}[/dim]", highlight=False)


def _bar() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=errors)


@contextlib.contextmanager
def _page(
    settings: Settings, *, open_browser: bool = False, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    server = launch.start(settings, open_browser=open_browser, log=log)
    try:
        yield server
    finally:
        running.end(server)


def _wait_for_page(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not launch.answers(settings):
        if server.poll() is not None:
            raise SemcacheError(f"the page ended with exit code {server.returncode}; is port {settings.ui.port} taken?")
        if time.monotonic() > deadline:
            running.end(server)
            raise SemcacheError(f"the page did not start within {START_TIMEOUT_S:.0f} s")
        threading.Event().wait(0.1)


def _until_interrupted(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        server.wait()
