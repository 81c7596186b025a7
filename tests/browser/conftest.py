"""The whole app in a real Chromium: Redis, Kafka, an ingestor and the page, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from semcache import samples
from semcache.app import App, open_app
from semcache.devstack.ports import free_port
from semcache.settings import Settings, as_environment, load_settings
from semcache_ingest.publish import EventPublisher
from semcache_ui.server import launch
from tests.waiting import wait_until

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
TIMEOUT_MS = 60_000
EXPECT_MS = 30_000


@pytest.fixture(scope="session")
def site(redis_url: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running installation with the sample world in it, streamed through Kafka."""
    settings = load_settings(
        namespace="larkmoor",
        data_dir=tmp_path_factory.mktemp("site"),
        redis_url=redis_url,
        kafka_bootstrap_servers=kafka,
        ui_port=free_port(),
    )
    with ExitStack() as stack:
        stack.enter_context(_running([sys.executable, "-m", "semcache_ingest.cli", "run"], settings, "ingest.log"))
        stack.enter_context(served(settings))
        stream_sample(settings)
        yield settings


@contextmanager
def served(settings: Settings) -> Iterator[None]:
    """The app of an installation, as `semcache ui` serves it."""
    server = launch.start(settings, log=settings.data_dir / "ui.log")
    try:
        wait_until("the page is served", lambda: launch.answers(settings), timeout_s=300)
        yield
    finally:
        _ended(server)


def stream_sample(settings: Settings) -> None:
    """Sends the sample world through Kafka, and returns when all of it is in Redis."""
    with EventPublisher(settings) as publisher, open_app(settings) as app:
        for event in [*samples.documents(), *samples.conversations()]:
            publisher.publish({**asdict(event), "namespace": settings.namespace})
        publisher.flush()
        wait_until("the sample is in Redis", lambda: _all_there(app), timeout_s=400)


def _all_there(app: App) -> bool:
    last = {turn.user: turn for turn in samples.conversations()}
    documents = [d.document for d in samples.documents()]
    known = app.knowledge.versions(documents)
    return len(known) == len(documents) and all(
        app.memory(user=user).wait_for(turn.id, timeout_s=0.0) for user, turn in last.items()
    )


@contextmanager
def _running(command: list[str], settings: Settings, log: str) -> Iterator[subprocess.Popen[bytes]]:
    with (settings.data_dir / log).open("ab") as output:
        process = subprocess.Popen(command, env=as_environment(settings), stdout=output, stderr=output)
        try:
            yield process
        finally:
            _ended(process)


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys."""
    expect.set_options(timeout=EXPECT_MS)
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: `make test-browser` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(site: Settings, chromium: Browser) -> Iterator[Visit]:
    """`visit("memory", user="pia", dark=True)`: a page in a browser session of its own; `at`: another installation."""
    contexts = []

    def open_page(
        path: str = "", *, user: str = "you", dark: bool = False, width: int = 1280, at: Settings = site
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{launch.address(at)}/{path}?user={user}")
        return page

    yield open_page
    for context in contexts:
        context.close()
