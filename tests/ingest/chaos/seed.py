"""One seed: servers of its own, a feed, a watcher, mischief until the feed is done, and the verdict."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from semcache.embed import open_embedder
from semcache.errors import Unavailable
from semcache.settings import EmbedSettings, Settings, load_settings
from semcache.store.connect import connect
from semcache.store.outbox import Outbox
from semcache_ingest.connection import RedisLink
from semcache_ingest.deadletters.letters import Letters
from semcache_ingest.kafka.clients import cluster, open_admin
from semcache_ingest.kafka.offsets import end_offsets
from semcache_ingest.kafka.topics import ensure_topics, source_topics
from semcache_ingest.ledger import AppliedOffsets
from semcache_ingest.status import group_status
from tests.ingest.chaos.jobs import Feed, Talkers, Watcher
from tests.ingest.chaos.mischief import Mischief
from tests.ingest.chaos.stream import stream
from tests.ingest.chaos.verdict import verdict
from tests.ingest.fleet import Fleet, fleet
from tests.waiting import wait_until

STALLED_S = 120.0
"""Longer than everything that waits: the session timeout, the pauses of a worker that retries."""
NAMESPACE = "chaos"


@dataclass(frozen=True)
class Report:
    """What one seed did; `wrong` is empty if the state is what it has to be. `recovery_s`: from the last record on."""

    seed: int
    events: int
    seconds: float = 0.0
    recovery_s: float = 0.0
    protocol: str = ""
    mischief: dict[str, int] = field(default_factory=dict)
    said: int = 0
    said_during_outages: int = 0
    odd: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    hits: int = 0
    wrong: list[str] = field(default_factory=list)


def run_seed(
    seed: int,
    *,
    events: int,
    seconds: float,
    every_s: float,
    folder: Path,
    away_s: float = 20.0,
    cluster: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Everything for one seed: `events` records over so many seconds; servers and data are in `folder`.

    `cluster`: Redis is one, of three primaries with a replica each.
    """
    random_, started = random.Random(seed), time.monotonic()
    embed = EmbedSettings(model="all-minilm-l6-v2-q")
    embedder = open_embedder(embed, model_dir=load_settings().model_dir)
    protocol = random_.choice(["consumer", "classic"])
    fleet_ = fleet(
        folder,
        namespace=NAMESPACE,
        model=embed.model,
        session_timeout_s=6,
        protocol=protocol,
        cluster=random.Random(seed) if cluster else None,
    )
    with fleet_ as servers:
        settings = servers.settings
        ensure_topics(settings)
        feed = Feed(settings, list(stream(random_, events, settings)), seconds)
        watcher = Watcher(settings, embedder, NAMESPACE)
        talkers, box = Talkers(servers), outbox(settings)
        told = lambda what: tell(f"{feed.sent:6} sent, {what}")  # noqa: E731
        mischief = Mischief(servers, talkers, box, random_, told, away_s=away_s)
        servers.add_worker()
        talkers.start()
        recovery_s = _storm(
            feed, watcher, mischief, talkers, box, every_s=every_s, random_=random_, servers=servers, tell=tell
        )
        found = verdict(settings, embedder, said=talkers.kept)
        wrong = [*watcher.stale, *found.wrong]
        letters = len({letter.source_position for letter in Letters(settings).read()})
        if wrong:
            tell(servers.logs())
    total = time.monotonic() - started
    return Report(
        seed=seed,
        events=events,
        seconds=round(total, 1),
        recovery_s=round(recovery_s, 1),
        protocol=protocol,
        mischief=dict(mischief.done),
        said=len(talkers.kept),
        said_during_outages=talkers.waited,
        odd=found.odd,
        dead_letters=letters,
        hits=watcher.hits,
        wrong=wrong,
    )


def _storm(
    feed: Feed,
    watcher: Watcher,
    mischief: Mischief,
    talkers: Talkers,
    box: Outbox,
    *,
    every_s: float,
    random_: random.Random,
    servers: Fleet,
    tell: Callable[[str], None],
) -> float:
    """Mischief while the feed flows, then quiet; seconds from the last record until everything is applied."""
    with ThreadPoolExecutor(2) as pool:
        feeding, watching = pool.submit(feed.run), pool.submit(watcher.run)
        try:
            while not _ended(feeding, within_s=random_.uniform(0.5, 1.5) * every_s):
                mischief.next()
                if mischief.complete:
                    feed.rest.set()
            feeding.result()
            mischief.settle()
            talkers.kill()
            wait_until("nothing waits in Redis", lambda: box.status().events == 0, timeout_s=STALLED_S)
            tell("quiet: waiting until everything is applied")
            return _await_quiet(feed.settings, servers)
        finally:
            feed.stop.set()
            feed.rest.set()
            watcher.stop.set()
            watching.result()
            talkers.kill()


def outbox(settings: Settings) -> Outbox:
    """That of the installation."""
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    return Outbox(client, namespace=settings.namespace, max_bytes=settings.kafka.outbox_max_bytes)


def _ended(job: Future[None], *, within_s: float) -> bool:
    return bool(wait([job], within_s).done)


def _await_quiet(settings: Settings, servers: Fleet) -> float:
    """Until Redis holds all of the log, and Kafka's committed offsets say so; it may take long, but has to go on."""
    started = moved_at = time.monotonic()
    before: object = None
    pause = threading.Event()
    while (left := _left(settings)) is None or any(left.values()):
        if left != before:
            before, moved_at = left, time.monotonic()
        if time.monotonic() - moved_at > STALLED_S:
            raise AssertionError(f"for {STALLED_S:g} s nothing was applied, left are {left}\n{servers.logs()}")
        pause.wait(1.0)
    return time.monotonic() - started


def _left(settings: Settings) -> dict[str, int] | None:
    """Records that Redis does not hold, by partition, and those that are not committed; None while one is away."""
    admin, link = open_admin(settings.kafka), RedisLink(settings.redis)
    try:
        ends = end_offsets(admin, cluster(admin, settings.kafka), source_topics(settings), settings.kafka)
        applied = AppliedOffsets(link.client, settings.ingest.group).of(list(ends))
        uncommitted = group_status(settings).lag
    except Unavailable:
        return None
    finally:
        link.close()
    left = {f"{topic}:{number}": end - (applied[topic, number] or 0) for (topic, number), end in ends.items()}
    return left | {"not committed": uncommitted}
