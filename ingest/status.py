"""How far a group is behind, from what the brokers know; no worker needs to run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semcache.errors import SemcacheError
from semcache.settings import Settings
from semcache_ingest.deadletters.letters import Wanted
from semcache_ingest.deadletters.replay import replay_group
from semcache_ingest.kafka.clients import cluster, open_admin
from semcache_ingest.kafka.offsets import committed_offsets, earliest_offsets, end_offsets
from semcache_ingest.kafka.topics import dead_letter_topic, source_topics
from semcache_ingest.records import Partition

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient


LETTERS_EVERY_S = 30.0
_log = logging.getLogger("semcache.ingest")


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition: where it begins and ends, what is applied, how fast both move (records a second)."""

    topic: str
    partition: int
    beginning: int
    end: int
    committed: int | None
    lag: int
    produced_per_s: float | None = None
    applied_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A consumer group. `workers`: its members now; `dead_letters`: how many are kept, by topic they came from."""

    group: str
    workers: int
    lag: int
    produced_per_s: float | None
    applied_per_s: float | None
    dead_letters: Mapping[str, int]
    partitions: tuple[PartitionStatus, ...]


def group_status(
    settings: Settings,
    *,
    group: str | None = None,
    interval_s: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> GroupStatus:
    """The group now; with `interval_s` it looks twice, and tells how fast it moves.

    Raises:
        KafkaUnavailable: no broker answers.
    """
    group = group or settings.ingest.group
    admin = open_admin(settings.kafka)
    earlier = None
    if interval_s > 0:
        earlier = _Look.at(admin, settings, group, clock)
        sleep(interval_s)
    look = _Look.at(admin, settings, group, clock)
    partitions = tuple(look.status(partition, earlier) for partition in look.ends)
    return GroupStatus(
        group=group,
        workers=_members(admin, group),
        lag=sum(p.lag for p in partitions),
        produced_per_s=_sum([p.produced_per_s for p in partitions]),
        applied_per_s=_sum([p.applied_per_s for p in partitions]),
        dead_letters=_dead_letters(admin, settings, group),
        partitions=partitions,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """Offsets at one moment (s)."""

    moment: float
    beginnings: Mapping[Partition, int]
    ends: Mapping[Partition, int]
    committed: Mapping[Partition, int]

    @classmethod
    def at(cls, admin: AdminClient, settings: Settings, group: str, clock: Callable[[], float]) -> _Look:
        kafka = settings.kafka
        topics, metadata = source_topics(settings), cluster(admin, kafka)
        ends = end_offsets(admin, metadata, topics, kafka)
        return cls(
            clock(),
            earliest_offsets(admin, metadata, topics, kafka),
            ends,
            committed_offsets(group, ends, kafka),
        )

    def status(self, partition: Partition, earlier: _Look | None) -> PartitionStatus:
        beginning, end, committed = self.beginnings[partition], self.ends[partition], self.committed.get(partition)
        produced = applied = None
        if earlier is not None:
            seconds = max(self.moment - earlier.moment, 1e-6)
            produced = (end - earlier.ends.get(partition, end)) / seconds
            applied = ((committed or 0) - earlier.committed.get(partition, 0)) / seconds if committed else 0.0
        lag = max(0, end - max(beginning, committed or 0))
        return PartitionStatus(*partition, beginning, end, committed, lag, produced, applied)


def _members(admin: AdminClient, group: str) -> int:
    from confluent_kafka import KafkaException

    try:
        return len(admin.describe_consumer_groups([group], request_timeout=5)[group].result().members or ())
    except KafkaException:
        return 0  # there is no such group yet


def _dead_letters(admin: AdminClient, settings: Settings, group: str) -> Mapping[str, int]:
    kafka, metadata = settings.kafka, cluster(admin, settings.kafka)
    found: dict[str, int] = {}
    for topic in source_topics(settings):
        kept = [dead_letter_topic(group, topic)]
        ends, beginnings = end_offsets(admin, metadata, kept, kafka), earliest_offsets(admin, metadata, kept, kafka)
        found[topic] = sum(end - beginnings[partition] for partition, end in ends.items())
    return found


def standing_letters(settings: Settings, *, group: str | None = None) -> Mapping[str, int]:
    """Dead letters that no replay of everything has passed yet, by the topic they came from.

    Raises:
        KafkaUnavailable: no broker answers.
    """
    group, kafka = group or settings.ingest.group, settings.kafka
    admin = open_admin(kafka)
    topics = {dead_letter_topic(group, topic): topic for topic in source_topics(settings)}
    metadata = cluster(admin, kafka)
    ends, beginnings = end_offsets(admin, metadata, topics, kafka), earliest_offsets(admin, metadata, topics, kafka)
    replayed = committed_offsets(replay_group(group, Wanted()), ends, kafka)
    return {topics[p[0]]: max(0, end - max(beginnings[p], replayed.get(p, 0))) for p, end in ends.items()}


@contextmanager
def watching_letters(
    settings: Settings, *, group: str | None, seen: Callable[[Mapping[str, int]], None]
) -> Iterator[None]:
    """Tells `seen` about the standing letters now and then, from a thread; while Kafka is away it tells nothing."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            try:
                seen(standing_letters(settings, group=group))
            except SemcacheError as error:
                _log.warning("the dead letters cannot be counted now: %s", error)
            stop.wait(LETTERS_EVERY_S)

    thread = threading.Thread(target=watch, name="ingest-letters", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
