"""A whole installation for each test: topics, group and namespace of its own on the shared servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from semcache.embed import CachedEmbedder, Embedder, open_embedder
from semcache.settings import EmbedSettings, Settings, load_settings
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.metrics import Metrics
from semcache_ingest.worker.assemble import RunOptions, open_worker
from semcache_ingest.worker.loop import Worker

FAST = EmbedSettings(model="all-minilm-l6-v2-q")


@pytest.fixture(scope="session")
def fast_embedder() -> CachedEmbedder:
    """The smaller shipped model: what is tested here is the way, not the vectors."""
    return open_embedder(FAST, model_dir=load_settings().model_dir)


BOTH_PROTOCOLS = pytest.mark.parametrize("settings", ["consumer", "classic"], indirect=True)
"""For tests about the group: with the protocol of KIP-848, and with the one before it."""


@pytest.fixture
def settings(request: pytest.FixtureRequest, redis_url: str, kafka: str, namespace: str, tmp_path: Path) -> Settings:
    """Settings of an installation that nobody else uses."""
    made = load_settings(
        namespace=namespace,
        data_dir=tmp_path,
        embed=FAST.model_dump(),
        redis={"url": redis_url},
        kafka={
            "bootstrap_servers": kafka,
            "conversations_topic": f"{namespace}.conversations",
            "knowledge_topic": f"{namespace}.knowledge",
            "partitions": 2,
            "group_protocol": getattr(request, "param", "consumer"),
        },
        ingest={"group": f"g-{namespace}", "revoke_timeout_s": 5.0},
    )
    ensure_topics(made)
    return made


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The settings as variables, for programs."""
    return {
        "SEMCACHE_NAMESPACE": settings.namespace,
        "SEMCACHE_DATA_DIR": str(settings.data_dir),
        "SEMCACHE_EMBED_MODEL": settings.embed.model,
        "SEMCACHE_REDIS_URL": settings.redis.url,
        "SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "SEMCACHE_KAFKA_CONVERSATIONS_TOPIC": settings.kafka.conversations_topic,
        "SEMCACHE_KAFKA_KNOWLEDGE_TOPIC": settings.kafka.knowledge_topic,
        "SEMCACHE_INGEST_GROUP": settings.ingest.group,
    }


class Running:
    """A worker on a thread. Leaving its context stops it in order; an error of its own is raised there."""

    def __init__(self, worker: Worker, metrics: Metrics) -> None:
        self.worker = worker
        self.metrics = metrics
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.worker.run(self._stop)
        except Exception as error:  # noqa: BLE001 - raised in the test's thread
            self._error = error

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive(), "the worker does not stop"
        if self._error:
            raise self._error

    def count(self, name: str, **labels: str) -> float:
        """A metric's value, summed over the labels that are not given."""
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


Run = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def run(settings: Settings, fast_embedder: Embedder) -> Run:
    """`with run() as worker:` runs a worker of the installation; `run(options, settings=..., embedder=...)`."""

    @contextmanager
    def running(
        options: RunOptions | None = None, *, settings: Settings = settings, embedder: Embedder = fast_embedder
    ) -> Iterator[Running]:
        with open_worker(settings, options, embedder=embedder) as (worker, metrics), Running(worker, metrics) as it:
            yield it

    return running


@pytest.fixture
def drain(run: Run) -> Callable[..., Running]:
    """Runs a worker until everything that is in the topics is applied; returns it, stopped, for its metrics."""

    def drained(options: RunOptions | None = None, **more: Any) -> Running:
        wanted = options or RunOptions()
        once = RunOptions(wanted.group, wanted.namespace, wanted.start, until_caught_up=True)
        with run(once, **more) as worker:
            worker.join()
        return worker

    return drained
