"""Chaos: everything is killed, paused, added and removed at random while events flow; then the state is compared.

    python -m tests.ingest.chaos --minutes 30             seeds until the time is over
    python -m tests.ingest.chaos --seed 7 --events 20000  one seed

Compared with what the reference (reference.py) computes from the log, and, byte by byte, with what one undisturbed
worker makes of the same log in another namespace. Meanwhile answers are cached and looked up: none may be served that
was built from a version older than the one that Redis held when it was asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis as redis_py

from ingest.assemble import RunOptions, open_worker
from ingest.clients import open_producer
from ingest.letters import Letters
from ingest.start import Start
from ingest.status import group_status
from ingest.topics import ensure_topics
from semcache.cache import SemanticCache
from semcache.embed import Embedder, open_embedder
from semcache.errors import SemcacheError
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import EmbedSettings, Settings, load_settings
from tests.ingest.fleet import Fleet, fleet
from tests.ingest.producing import as_record, delete, message, read_all, upsert
from tests.ingest.reference import Expected, expected_from
from tests.ingest.state import difference, state

USERS, SESSIONS, DOCUMENTS = 12, 6, 15
TOPICS = ("weather", "trains", "cooking", "chess", "gardens", "music", "bicycles", "maps")
QUIET_S = 180.0
CHAOS, CALM = "chaos", "calm"


def stream(random_: random.Random, number: int, settings: Settings) -> Iterator[dict[str, Any]]:
    """So many records: mostly messages and documents, some duplicates, stale versions, erasures, tombstones, poison."""
    said: list[dict[str, Any]] = []
    versions: Counter[str] = Counter()
    for n in range(number):
        kind = random_.random()
        if kind < 0.72 or not said:
            event = message(
                n,
                user=f"u{random_.randrange(USERS)}",
                session=f"s{random_.randrange(SESSIONS)}",
                text=f"About {random_.choice(TOPICS)} and {random_.choice(TOPICS)}.",
            )
            said.append(event)
            yield as_record(settings, event)
        elif kind < 0.77:
            yield as_record(settings, random_.choice(said[-400:]))
        elif kind < 0.93:
            yield as_record(settings, _changed(random_, versions))
        elif kind < 0.95:
            document = f"d{random_.randrange(DOCUMENTS)}"
            yield {"topic": settings.kafka.knowledge_topic, "key": document, "value": None}
        elif kind < 0.955:
            erased = message(max(0, n - 50), user=f"u{random_.randrange(USERS)}")
            event = {"type": "user_erased", "id": f"x{n}", "user": erased["user"], "at": erased["at"]}
            yield as_record(settings, event)
        else:
            yield _poison(random_, settings, n)


def _changed(random_: random.Random, versions: Counter[str]) -> dict[str, Any]:
    """The next version of a document, or a stale one, or its deletion."""
    document = f"d{random_.randrange(DOCUMENTS)}"
    if versions[document] > 2 and random_.random() < 0.15:
        return upsert(document, random_.randint(1, versions[document]), "Long outdated.")
    versions[document] += 1
    if random_.random() < 0.15:
        return delete(document, versions[document])
    text = f"{document}: {random_.choice(TOPICS)}, {random_.choice(TOPICS)} and {versions[document]}."
    return upsert(document, versions[document], text)


def _poison(random_: random.Random, settings: Settings, n: int) -> dict[str, Any]:
    bad = random_.choice([b"{", b"\xff", b"[]", json.dumps(message(n) | {"type": "x"}).encode(), b'{"type": "message"'])
    topic = random_.choice([settings.kafka.conversations_topic, settings.kafka.knowledge_topic])
    return {"topic": topic, "key": f"u{n % USERS}", "value": bad}


@dataclass
class Feed:
    """Sends records at a pace, and again whatever Kafka did not take: a duplicate more or less changes nothing."""

    settings: Settings
    records: Sequence[dict[str, Any]]
    seconds: float
    sent: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        producer = open_producer(self.settings.kafka, delivery_timeout_ms=120_000)
        refused: list[dict[str, Any]] = []
        pause = self.seconds / max(1, len(self.records))
        for record in self.records:
            producer.produce(
                **record, on_delivery=lambda error, _, record=record: refused.append(record) if error else None
            )
            producer.poll(pause)
            self.sent += 1
        assert producer.flush(150) == 0, "Kafka took too long"
        assert not refused, f"{len(refused)} records were refused"
        self.done.set()


@dataclass
class Watcher:
    """Stores answers built from the documents, looks them up, and notes every stale one that is served."""

    settings: Settings
    embedder: Embedder
    stop: threading.Event = field(default_factory=threading.Event)
    stale: list[str] = field(default_factory=list)
    hits: int = 0

    def run(self) -> None:
        redis = redis_py.Redis.from_url(self.settings.redis.url, socket_timeout=2)
        base = KnowledgeBase(redis, embedder=self.embedder, namespace=CHAOS)
        cache = SemanticCache(redis, embedder=self.embedder, namespace=CHAOS, scope={"tenant": "t"})
        turn = 0
        while not self.stop.wait(0.02):
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


class Chaos:
    """One seed: servers of its own, a feed, a watcher, and mischief until the feed is done."""

    def __init__(self, servers: Fleet, random_: random.Random, tell: Callable[[str], None]) -> None:
        self._servers = servers
        self._random = random_
        self._tell = tell
        self.mischief: Counter[str] = Counter()

    def run_while(self, feed: Feed, *, every_s: float) -> None:
        acts = [self._kill_worker, self._stop_worker, self._add_worker, self._kill_redis, self._kill_kafka, self._pause]
        weights = [4, 2, 3, 2, 1, 2]
        while not feed.done.wait(self._random.uniform(0.5, 1.5) * every_s):
            act = self._random.choices(acts, weights)[0]
            self.mischief[act.__name__.strip("_")] += 1
            self._tell(f"{feed.sent:6} sent, {act.__name__.strip('_').replace('_', ' ')}")
            act()
        if not self._alive():
            self._servers.add_worker()

    def _alive(self) -> list[Any]:
        return [worker for worker in self._servers.workers if worker.poll() is None]

    def _kill_worker(self) -> None:
        if alive := self._alive():
            victim = self._random.choice(alive)
            victim.kill()
            victim.wait()
        self._servers.add_worker()

    def _stop_worker(self) -> None:
        if len(alive := self._alive()) > 1:
            self._random.choice(alive).send_signal(signal.SIGTERM)

    def _add_worker(self) -> None:
        if len(self._alive()) < 3:
            self._servers.add_worker()

    def _kill_redis(self) -> None:
        self._servers.kill("redis")
        self._servers.start("redis")

    def _kill_kafka(self) -> None:
        self._servers.kill("kafka")
        self._servers.start("kafka")

    def _pause(self) -> None:
        """Redis stands still, and answers afterwards as if nothing had been."""
        pid = self._servers.pid("redis")
        os.kill(pid, signal.SIGSTOP)
        threading.Event().wait(self._random.uniform(1, 10))
        os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True)
class Report:
    """What one seed did; `wrong` is empty if the state is what it has to be."""

    seed: int
    events: int
    seconds: float
    mischief: dict[str, int]
    dead_letters: int
    hits: int
    wrong: list[str]


def run_seed(
    seed: int,
    *,
    events: int,
    seconds: float,
    every_s: float,
    folder: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Everything for one seed; servers and data are in `folder`."""
    random_, started = random.Random(seed), time.monotonic()
    embed = EmbedSettings(model="all-minilm-l6-v2-q")
    embedder = open_embedder(embed, model_dir=load_settings().model_dir)
    with fleet(folder, namespace=CHAOS, model=embed.model) as servers:
        settings = servers.settings
        ensure_topics(settings)
        feed = Feed(settings, list(stream(random_, events, settings)), seconds)
        watcher, chaos = Watcher(settings, embedder), Chaos(servers, random_, tell)
        servers.add_worker()
        threads = [threading.Thread(target=job.run, daemon=True) for job in (feed, watcher)]
        for thread in threads:
            thread.start()
        chaos.run_while(feed, every_s=every_s)
        tell("quiet: waiting until everything is applied")
        _await_quiet(settings, servers)
        watcher.stop.set()
        threads[1].join()
        wrong = [*watcher.stale, *_compare(settings, embedder)]
        letters = len({letter.source_position for letter in Letters(settings).read()})
        if wrong:
            tell(servers.logs())
    return Report(seed, events, time.monotonic() - started, dict(chaos.mischief), letters, watcher.hits, wrong)


def _await_quiet(settings: Settings, servers: Fleet) -> None:
    deadline = time.monotonic() + QUIET_S
    while group_status(settings).lag:
        if time.monotonic() > deadline:
            raise AssertionError(f"the log is not applied after {QUIET_S:g} s\n{servers.logs()}")
        threading.Event().wait(0.3)


def _compare(settings: Settings, embedder: Embedder) -> list[str]:
    redis = redis_py.Redis.from_url(settings.redis.url)
    topics = (settings.kafka.conversations_topic, settings.kafka.knowledge_topic)
    expected = expected_from(m for topic in topics for m in read_all(settings, topic))
    wrong = [*_wrong_turns(redis, expected, embedder), *_wrong_documents(redis, expected, embedder)]
    letters = {letter.source_position for letter in Letters(settings).read()}
    if letters != {f"{topic}:{partition}:{offset}" for topic, partition, offset in expected.dead_letters}:
        wrong.append(f"{len(letters)} dead letters, expected {len(expected.dead_letters)}")
    _replay_calmly(settings, embedder)
    return wrong + difference(state(redis, CHAOS), state(redis, CALM))


def _wrong_turns(redis: redis_py.Redis, expected: Expected, embedder: Embedder) -> Iterator[str]:
    for user, turns in expected.turns.items():
        found = AgentMemory(redis, user=user, embedder=embedder, namespace=CHAOS).turns()
        said = sorted((turn.session, turn.text, turn.at) for turn in found)
        if said != sorted(turns.values()):
            yield f"{user} has {len(said)} turns, expected {len(turns)}"


def _wrong_documents(redis: redis_py.Redis, expected: Expected, embedder: Embedder) -> Iterator[str]:
    base = KnowledgeBase(redis, embedder=embedder, namespace=CHAOS)
    versions = base.versions(list(expected.documents))
    for id, wanted in expected.documents.items():
        found = base.get(id)
        version = wanted.version if wanted.text is not None else -wanted.version
        if versions.get(id) != version or (found.text if found else None) != wanted.text:
            yield f"{id} is {versions.get(id)}: {found}, expected {version}: {wanted.text}"


def _replay_calmly(settings: Settings, embedder: Embedder) -> None:
    options = RunOptions(group=CALM, namespace=CALM, start=Start(from_beginning=True), until_caught_up=True)
    with open_worker(settings, options, embedder=embedder) as (worker, _):
        worker.run(threading.Event())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="start seeds for that long (30)")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=120, help="over which the events are sent (120)")
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    reports: list[Report] = []
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    while not reports or (options.seed is None and time.monotonic() < until):
        with tempfile.TemporaryDirectory() as folder:
            report = run_seed(
                seed + len(reports),
                events=options.events,
                seconds=options.seconds,
                every_s=4,
                folder=Path(folder),
                tell=lambda text: print(f"  {text}", flush=True),
            )
        reports.append(report)
        print(json.dumps(report.__dict__), flush=True)
    bad = [report.seed for report in reports if report.wrong]
    print(f"{len(reports)} seeds from {seed}, {len(bad)} wrong {bad or ''}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
