"""What a demonstration runs on: the embedded servers, an ingest worker, and the application on Kafka."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from semcache.app import App, open_app
from semcache.devstack import stack
from semcache.devstack.progress import Progress
from semcache.settings import Settings
from semcache_ingest.courier import open_courier
from semcache_ingest.publish import EventPublisher

DRAIN_TIMEOUT_S = 20.0


@contextmanager
def servers(settings: Settings, progress: Progress, *, keep: bool) -> Iterator[None]:
    """The embedded servers; those that were not running before are stopped at the end unless `keep`."""
    running = {s.name for s in stack.status(settings) if s.state == "running"}
    stack.up(settings, progress)
    try:
        yield
    finally:
        if not keep:
            mine = [s.name for s in stack.status(settings) if s.name not in running]
            if mine:
                stack.down(settings, only=mine)


@contextmanager
def worker(settings: Settings, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """An ingest worker in a process of its own; it drains and ends with the block."""
    with _ingest("run", settings, environment) as process:
        yield process


@contextmanager
def counter(settings: Settings, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes] | None]:
    """Where decisions are published, a process that counts them; else None."""
    if not settings.decisions.publish:
        yield None
        return
    with _ingest("decisions run", settings, environment) as process:
        yield process


@contextmanager
def _ingest(command: str, settings: Settings, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    log = settings.data_dir / "ingest.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "semcache_ingest.cli", *command.split()],
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            end(process, timeout_s=DRAIN_TIMEOUT_S)


def end(process: subprocess.Popen[bytes], *, timeout_s: float = 10.0) -> None:
    """Asks a process to end, and makes it if it does not."""
    process.terminate()
    try:
        process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[App, EventPublisher]]:
    """The application, its turns published to Kafka.

    Raises:
        Unavailable: a server does not answer.
    """
    with ExitStack() as closing:
        courier = closing.enter_context(open_courier(settings))
        app = closing.enter_context(open_app(settings, publish=courier.take))
        yield app, courier.publisher
