"""A healthy installation gives no finding, also while it is written to."""

from __future__ import annotations

import random
import threading

from redis import Redis

from semcache.cache.scopes.invalidation import invalidate_source
from semcache.store import keys
from semcache.store.checks import check_data, count_keys
from tests.checks.conftest import Installation

WORDS = "lyon porto cat violin rain train order parcel blue green slow seven".split()


def test_nothing_is_wrong_with_what_was_written(installation: Installation) -> None:
    """Memories, documents, tombstones and answers with and without a vector, lifetime and source are all whole."""
    assert installation.findings() == []


def test_only_the_namespace_is_looked_at(redis: Redis, installation: Installation) -> None:
    """Damage elsewhere is not reported here, and a namespace that begins alike is another one."""
    other = keys.CHRONOLOGY.build(namespace=f"{installation.namespace}x", user="ann")
    redis.zadd(other, {"stray": 1.0})
    try:
        assert installation.findings() == []
        assert {finding.key for finding in check_data(redis, f"{installation.namespace}x")} == {other}
    finally:
        redis.delete(other)


def test_the_run_tells_how_far_it_is(redis: Redis, installation: Installation) -> None:
    """Every key of ours is looked at, and counted."""
    seen: list[int] = []
    check_data(redis, installation.namespace, advance=seen.append)
    assert 50 < sum(seen) <= 2 * count_keys(redis)


class Busy:
    """Threads that write, change and remove everything that can be, until told to stop."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.done = 0
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(3)]

    def __enter__(self) -> Busy:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not self._stop.is_set():
                self._step(chance)
                self.done += 1
        except Exception as error:  # noqa: BLE001 - raised in the test's thread
            self.errors.append(error)

    def _step(self, chance: random.Random) -> None:
        it, said = self.installation, " ".join(chance.choices(WORDS, k=6))
        document, n = f"d{chance.randrange(5)}", chance.randrange(40)
        chance.choice(
            [
                lambda: it.memory(f"u{n % 3}").append(f"s{n % 4}", "user", said),
                lambda: it.memory(f"u{n % 3}").append(f"s{n % 4}", "user", said, at=1e9 + n, event_id=f"late{n}"),
                lambda: it.knowledge.upsert(document, f"{said}.\n\n{said} again."),
                lambda: it.knowledge.delete(document),
                lambda: it.cache.store(said, "answer", sources={document: 1}, tags=[said[:4]], ttl=60 + n),
                lambda: it.cache.lookup(said),
                lambda: it.cache.invalidate(tag=said[:4]),
                lambda: invalidate_source(it.redis, it.namespace, document),
            ]
        )()


def test_a_busy_installation_is_healthy(installation: Installation) -> None:
    """While turns, documents and answers come and go, no run reports anything; and what is broken is still found."""
    with Busy(installation) as busy:
        found = [installation.findings() for _ in range(2)]
        stray = keys.TURN_STEM.build(namespace=installation.namespace, user="u0", stem="stray")
        installation.redis.zadd(stray, {"stray": 1.0})
        broken = {finding.key for finding in installation.findings()}
    assert not busy.errors
    assert found == [[], []]
    assert broken == {stray}
    assert busy.done > 30
