"""An installation of a test's own, and the pages that show it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from semcache import samples
from semcache.knowledge import Upsert
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.worker.assemble import open_worker
from semcache_ui import resources
from semcache_ui.services.installation import Installation
from semcache_ui.services.watching.health import look
from tests.waiting import wait_until

PAGES = Path(__file__).parents[2] / "ui"
DOCUMENTS = ("returns", "returns-accessories", "battery-replacement", "roam-monthly")


@pytest.fixture
def environment(redis_url: str, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that the app reads: the test's Redis, no Kafka."""
    for name, value in (
        ("REDIS_URL", redis_url),
        ("NAMESPACE", namespace),
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("DATA_DIR", str(tmp_path)),
    ):
        monkeypatch.setenv(f"SEMCACHE_{name}", value)
    return monkeypatch


@pytest.fixture
def installation(environment: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The installation that the pages of this test open too; empty."""
    opened = resources.installation()
    yield opened
    resources._opened.clear()
    opened.close()


@pytest.fixture
def helpdesk(installation: Installation) -> Installation:
    """The installation with a few documents of the sample."""
    chosen = [d for d in samples.documents() if d.document in DOCUMENTS]
    installation.app.knowledge.apply([Upsert(d.document, d.text, d.title, d.version) for d in chosen])
    return installation


@pytest.fixture
def page() -> Callable[[str], AppTest]:
    """`page("views/chat.py")`, or `page("app.py")` for all of the app: rendered once."""

    def open_page(path: str, **session: object) -> AppTest:
        test = AppTest.from_file(str(PAGES / path), default_timeout=60)
        for name, value in session.items():
            test.session_state[name] = value
        return test.run()

    return open_page


@pytest.fixture
def streamed(environment: pytest.MonkeyPatch, kafka: str, namespace: str) -> Iterator[Installation]:
    """An installation that writes through Kafka, with topics and a group of its own; no ingestor runs yet."""
    for name, value in (
        ("KAFKA_BOOTSTRAP_SERVERS", kafka),
        ("KAFKA_CONVERSATIONS_TOPIC", f"{namespace}.conversations"),
        ("KAFKA_KNOWLEDGE_TOPIC", f"{namespace}.knowledge"),
        ("KAFKA_PARTITIONS", "2"),
        ("INGEST_GROUP", f"g-{namespace}"),
    ):
        environment.setenv(f"SEMCACHE_{name}", value)
    opened = resources.installation()
    ensure_topics(opened.settings)
    wait_until("the new topics have leaders", lambda: look(opened.app).kafka.state == "up")
    yield opened
    resources._opened.clear()
    opened.close()


@pytest.fixture
def ingestor(streamed: Installation) -> Iterator[None]:
    """An ingestor of that installation, on a thread."""
    stop = threading.Event()
    with open_worker(streamed.settings, embedder=streamed.app.embedder) as (worker, _):
        thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
        thread.start()
        yield
        stop.set()
        thread.join(30)
