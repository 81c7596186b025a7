"""An installation whose decisions are published, and processors of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import redis as redis_py

from semcache.settings import Settings
from semcache_ingest.decisions.cli import open_processor
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.decisions.recount import ends_of
from semcache_ingest.decisions.view import DecisionsView, total
from semcache_ingest.kafka.topics import ensure_topics

Counting = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def publishing(settings: Settings, namespace: str) -> Settings:
    """The settings of an installation that publishes its decisions, with questions."""
    wanted = {"publish": True, "topic": f"{namespace}.decisions", "text": True, "group": f"d-{namespace}"}
    made = settings.model_copy(update={"decisions": settings.decisions.model_copy(update=wanted)})
    ensure_topics(made)
    return made


@pytest.fixture
def counting(publishing: Settings) -> Counting:
    """`with counting():` runs a processor of the installation on a thread; an error of its own is raised there."""

    @contextmanager
    def running(settings: Settings = publishing) -> Iterator[Any]:
        stop, failed = threading.Event(), []

        def work() -> None:
            try:
                processor.run(stop)
            except Exception as error:  # noqa: BLE001 - raised in the test's thread
                failed.append(error)

        with open_processor(settings) as (processor, metrics):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            yield metrics
            stop.set()
            thread.join(60)
            assert not thread.is_alive(), "the processor does not stop"
            for error in failed:
                raise error

    return running


@pytest.fixture
def count_all(publishing: Settings) -> Callable[[], None]:
    """Counts what is in the topic now."""

    def counted() -> None:
        with open_processor(publishing) as (processor, _):
            processor.run(threading.Event(), targets=ends_of(publishing))

    return counted


@pytest.fixture
def live(publishing: Settings, redis: redis_py.Redis) -> Callable[[], Figures]:
    """What the windows of the last hours add up to."""
    return lambda: total(DecisionsView(redis, publishing).sliding(6 * 3_600, now=time.time()))
