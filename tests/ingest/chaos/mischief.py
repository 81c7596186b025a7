"""Mischief: what can happen to workers, Redis and Kafka, each at least once, then at random."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable

from semcache.store.outbox import Outbox
from tests.ingest.chaos.jobs import Talkers
from tests.ingest.fleet import Fleet
from tests.waiting import wait_until

MOST_WORKERS = 3
PAUSES_S = (2.0, 10.0)
"""One that a timeout of 5 s does not notice, and one that it does."""
MOST_CUT_BYTES = 200_000


class Mischief:
    """Everything that may go wrong with a fleet. `told` is told what happens; `done` counts it."""

    def __init__(
        self,
        servers: Fleet,
        talkers: Talkers,
        outbox: Outbox,
        random_: random.Random,
        told: Callable[[str], None],
        *,
        away_s: float,
    ) -> None:
        """`away_s`: how long the brokers stay away at most."""
        self._servers = servers
        self._talkers = talkers
        self._outbox = outbox
        self._away_s = away_s
        self._random = random_
        self._told = told
        self.done: Counter[str] = Counter()
        self._acts: dict[Callable[[], None], int] = {
            self.kill_worker: 4,
            self.stop_worker: 2,
            self.add_worker: 3,
            self.freeze_worker: 2,
            self.kill_redis: 2,
            self.cut_redis_short: 2,
            self.pause_redis: 2,
            self.kill_kafka: 1,
            self.take_kafka_away: 1,
            self.kill_talker: 2,
        }
        self._deck = random_.sample(list(self._acts), len(self._acts))

    @property
    def complete(self) -> bool:
        """Whether every act has happened."""
        return not self._deck

    def next(self) -> None:
        """One act."""
        act = self._deck.pop() if self._deck else self._random.choices(list(self._acts), list(self._acts.values()))[0]
        self.done[act.__name__] += 1
        self._told(act.__name__.replace("_", " "))
        act()

    def settle(self) -> None:
        """At least one worker lives."""
        if not self._alive():
            self._servers.add_worker()

    def kill_worker(self) -> None:
        """kill -9; another one comes."""
        if alive := self._alive():
            victim = self._random.choice(alive)
            victim.kill()
            victim.wait()
        self._servers.add_worker()

    def stop_worker(self) -> None:
        """SIGTERM: it leaves in order, and another has its partitions."""
        self.add_worker()
        self._random.choice(self._alive()).send_signal(signal.SIGTERM)

    def add_worker(self) -> None:
        if len(self._alive()) < MOST_WORKERS:
            self._servers.add_worker()

    def freeze_worker(self) -> None:
        """It stands still until the group has given its partitions to another, and then goes on as if it had them."""
        self.add_worker()
        victim = self._random.choice(self._alive())
        victim.send_signal(signal.SIGSTOP)
        self._wait(self._servers.session_timeout_s + 2)
        victim.send_signal(signal.SIGCONT)

    def kill_redis(self) -> None:
        """kill -9; it comes back with all it had acknowledged. In a cluster a replica may have its place by then.

        What the replica had not yet is lost; so what waits in Redis alone is sent before.
        """
        fails_over = self._servers.clustered and self._random.random() < 0.7
        if fails_over:
            wait_until("nothing waits", lambda: self._outbox.status().events == 0, timeout_s=120)
        self._servers.kill("redis")
        if fails_over:
            self._servers.await_failover()
        self._servers.start("redis")

    def cut_redis_short(self) -> None:
        """The power fails before the last writes are on disk: Redis comes back with less than it acknowledged.

        It does so when Kafka has what was said: what waits in Redis alone is as safe as Redis is.
        """
        wait_until("nothing waits", lambda: self._outbox.status().events == 0, timeout_s=120)
        self._servers.kill("redis")
        last = max(self._servers.append_only_files(), key=lambda path: int(path.name.split(".")[-3]))
        os.truncate(last, max(0, last.stat().st_size - self._random.randint(1, MOST_CUT_BYTES)))
        self._servers.start("redis")

    def pause_redis(self) -> None:
        """Redis stands still, and answers afterwards as if nothing had been."""
        pid = self._servers.pid("redis")
        os.kill(pid, signal.SIGSTOP)
        self._wait(self._random.choice(PAUSES_S))
        os.kill(pid, signal.SIGCONT)
        self._servers.settle()

    def kill_kafka(self) -> None:
        self._servers.kill("kafka")
        self._servers.start("kafka")

    def take_kafka_away(self) -> None:
        """While people chat, longer than a delivery may take; sometimes the one who chats dies before Kafka is back."""
        self._servers.kill("kafka")
        self._wait(self._random.uniform(0.5, 1.0) * self._away_s)
        if self._random.random() < 0.5:
            self.kill_talker()
        self._servers.start("kafka")

    def kill_talker(self) -> None:
        """kill -9; another one comes."""
        self._talkers.kill()
        self._talkers.start()

    def _alive(self) -> list[subprocess.Popen[bytes]]:
        return [worker for worker in self._servers.workers if worker.poll() is None]

    @staticmethod
    def _wait(seconds: float) -> None:
        threading.Event().wait(seconds)
