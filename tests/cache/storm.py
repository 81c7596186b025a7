"""A worker of the storm: asks, stores, changes documents and removes answers at random until it is told to stop."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import redis as redis_py

from semcache.cache import CacheOptions, Hit, SemanticCache, invalidate_source
from semcache.embed import CachedEmbedder, default_embedder
from semcache.store import keys
from semcache.store.connect import connect

PROMPTS = [f"What is written in clause {n} of the contract?" for n in range(60)]
DOCUMENTS = 12


class Worker:
    """One thread's view of the scope. What it sees wrong goes into `complaints`."""

    def __init__(self, client: redis_py.Redis, embedder: CachedEmbedder, namespace: str, seed: int) -> None:
        self.cache = SemanticCache(
            client, embedder=embedder, namespace=namespace, ttl=0.4, options=CacheOptions(max_entries=25, lease_s=0.5)
        )
        self.complaints: list[str] = []
        self.lookups = 0
        self._redis = client
        self._namespace = namespace
        self._random = random.Random(seed)
        self._versions = keys.DOCUMENT_VERSIONS.build(namespace=namespace)

    def step(self) -> None:
        """One operation, chosen at random."""
        weights = {self._look_up: 60, self._compute: 30, self._change: 2, self._invalidate: 1, self._clear: 0.2}
        operation: Callable[[], Any] = self._random.choices(list(weights), list(weights.values()))[0]
        operation()

    def _version(self, document: str) -> int:
        return int(self._redis.hget(self._versions, document) or 1)

    def _pick(self) -> tuple[str, str]:
        n = self._random.randrange(len(PROMPTS))
        return PROMPTS[n], f"doc{n % DOCUMENTS}"

    def _look_up(self) -> None:
        prompt, document = self._pick()
        before = self._version(document)
        found = self.cache.lookup(prompt)
        self.lookups += 1
        if isinstance(found, Hit):
            self._check(prompt, document, before, found.response)

    def _compute(self) -> None:
        prompt, document = self._pick()
        before = self._version(document)
        read: dict[str, int] = {}

        def compute() -> str:
            read[document] = self._version(document)
            time.sleep(self._random.random() / 500)
            return f"{prompt}|{read[document]}"

        answer = self.cache.get_or_compute(prompt, compute, sources=lambda: read, tags=[f"tag{before % 3}"], wait_s=10)
        self.lookups += 1
        self._check(prompt, document, before, answer)

    def _check(self, prompt: str, document: str, before: int, answer: str) -> None:
        asked, _, version = answer.rpartition("|")
        if asked != prompt:
            self.complaints.append(f"{prompt} was answered with {answer}")
        elif int(version) < before:
            self.complaints.append(f"{prompt}: {document} was at {before} before, served from {version}")

    def _change(self) -> None:
        document = f"doc{self._random.randrange(DOCUMENTS)}"
        version = self._redis.hincrby(self._versions, document, 1)
        if self._random.random() < 0.7:  # else the event is late, and only the versions tell
            invalidate_source(self._redis, self._namespace, document, before_version=version)

    def _invalidate(self) -> None:
        if self._random.random() < 0.5:
            self.cache.invalidate(tag=f"tag{self._random.randrange(3)}")
        else:
            self.cache.invalidate(source=f"doc{self._random.randrange(DOCUMENTS)}")

    def _clear(self) -> None:
        self.cache.clear()


def run(redis_url: str, namespace: str, seed: int, threads: int, seconds: float, report: Any) -> None:
    """A process of the storm; puts (lookups, complaints) of its threads on the queue `report`."""
    client = connect(redis_url)
    embedder = default_embedder()
    embedder.embed(PROMPTS)  # the storm is about Redis
    workers = [Worker(client, embedder, namespace, 1000 * seed + n) for n in range(threads)]
    end = time.monotonic() + seconds

    def work(worker: Worker) -> None:
        try:
            while time.monotonic() < end:
                worker.step()
        except Exception as error:  # noqa: BLE001  the storm's loop: what goes wrong is what the test is about
            worker.complaints.append(f"{type(error).__name__}: {error}")

    running = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    report.put((sum(worker.lookups for worker in workers), [c for worker in workers for c in worker.complaints]))
