"""What goes on while there is mischief: a feed of records, and a watcher who looks for stale answers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis as redis_py

from semcache.cache import SemanticCache
from semcache.embed import Embedder
from semcache.errors import SemcacheError
from semcache.knowledge import KnowledgeBase
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache_ingest.kafka.clients import open_producer
from tests.ingest.chaos.stream import DOCUMENTS
from tests.ingest.fleet import Fleet


@dataclass
class Feed:
    """Sends records over so many seconds; the idempotent producer sees them through whatever happens to Kafka.

    The last tenth waits for `rest`: on a slow machine too there are records to send while everything happens.
    """

    settings: Settings
    records: Sequence[dict[str, Any]]
    seconds: float
    sent: int = 0
    rest: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        producer = open_producer(self.settings.kafka, delivery_timeout_ms=120_000)
        refused: list[str] = []
        pause = self.seconds / max(1, len(self.records))
        for record in self.records:
            if self.sent == len(self.records) * 9 // 10:
                self.rest.wait()
            producer.produce(**record, on_delivery=lambda error, _: refused.append(error.str()) if error else None)
            producer.poll(pause)
            self.sent += 1
            if self.stop.is_set():
                return
        assert producer.flush(150) == 0, "Kafka took too long"
        assert not refused, f"{len(refused)} records were refused: {refused[0]}"


class Talkers:
    """Chat processes, one at a time. `kept`: ids of everything that they were told is kept, by the killed ones too."""

    def __init__(self, servers: Fleet) -> None:
        self._servers = servers
        self.kept: set[str] = set()
        self.waited = 0
        """How much of it was said while Kafka was away."""
        self._number = 0
        self._process: subprocess.Popen[str] | None = None
        self._listening: threading.Thread | None = None

    def start(self) -> None:
        self._number += 1
        self._process = self._servers.add_talker(self._number, pause_s=0.05)
        self._listening = threading.Thread(target=self._listen, args=[self._process], daemon=True)
        self._listening.start()

    def kill(self) -> None:
        """kill -9; what it had said by then is all known."""
        if self._process and self._listening:
            self._process.kill()
            self._process.wait()
            self._listening.join()
            self._process = None

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            if line.endswith("\n"):
                id, how = line.split()
                self.kept.add(id)
                self.waited += how == "waits"


@dataclass
class Watcher:
    """Stores answers built from the documents, looks them up, and notes every stale one that is served."""

    settings: Settings
    embedder: Embedder
    namespace: str
    stop: threading.Event = field(default_factory=threading.Event)
    stale: list[str] = field(default_factory=list)
    hits: int = 0

    def run(self) -> None:
        redis = connect(self.settings.redis.url, timeout_s=2)
        base = KnowledgeBase(redis, embedder=self.embedder, namespace=self.namespace)
        cache = SemanticCache(redis, embedder=self.embedder, namespace=self.namespace, scope={"tenant": "t"})
        turn = 0
        while not self.stop.wait(0.05):
            turn += 1
            try:
                self._look(base, cache, f"d{turn % DOCUMENTS}")
            except (SemcacheError, redis_py.RedisError):
                continue

    def _look(self, base: KnowledgeBase, cache: SemanticCache, document: str) -> None:
        question = f"What does document {document} say?"
        version = base.versions([document]).get(document, 0)
        found = cache.lookup(question)
        if found:
            self.hits += 1
            built_from = found.sources[document]
            if version < 0 or built_from < version:
                self.stale.append(f"{document}: built from {built_from}, though Redis had {version}")
        elif version > 0:
            cache.store(question, f"It is version {version}.", sources={document: version})
