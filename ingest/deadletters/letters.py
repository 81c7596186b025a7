"""Reading dead letters: what each says about itself, which are wanted, and how many there are of a kind."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semcache.errors import InvalidInput, KafkaUnavailable
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache_ingest.deadletters.writer import (
    ATTEMPTS,
    CONNECT,
    ERROR_CLASS,
    FIRST_FAILED_AT,
    REPLAYS,
    TRUNCATED,
    count_of,
)
from semcache_ingest.kafka.clients import cluster, open_admin, open_reader, record_of
from semcache_ingest.kafka.offsets import committed_offsets, earliest_offsets, end_offsets
from semcache_ingest.kafka.topics import dead_letter_topic, source_topics
from semcache_ingest.ledger import Skips
from semcache_ingest.records import Partition, Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_SOURCE_TOPIC = (CONNECT + "topic", "__dlq.errors.topic", "kafka_dlt-original-topic")
"""Where we, Kafka Connect, brokers with share groups, and Spring note the topic that a dead letter comes from."""
_CAUSE = (CONNECT + "exception.message", "__dlq.errors.message", "kafka_dlt-exception-message")
_POLL_S = 0.05
_SILENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `record` is as it lies in the dead-letter topic; `source_topic` is empty if nobody noted it."""

    record: Record
    source_topic: str
    source_position: str
    error_class: str
    cause: str
    failed_at: datetime
    attempts: int
    replays: int
    truncated: bool

    @property
    def position(self) -> str:
        return self.record.position

    @property
    def kind(self) -> tuple[str, str, str]:
        """Source topic, class and cause without its particulars: letters of a kind have the same mistake."""
        return self.source_topic, self.error_class, _shape(self.cause)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters: all that fit every condition given. `match` is a part of the cause, in any case."""

    source_topic: str | None = None
    error_class: str | None = None
    match: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, letter: Letter) -> bool:
        return (
            self.source_topic in (None, letter.source_topic)
            and self.error_class in (None, letter.error_class)
            and (self.match is None or self.match.lower() in letter.cause.lower())
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
        )


def letter_of(record: Record) -> Letter:
    """What a record of a dead-letter topic says about itself; whoever wrote it."""

    def text(*names: str) -> str:
        return next((found for name in names if (found := record.header(name)) is not None), "")

    place = [text(CONNECT + "topic"), text(CONNECT + "partition"), text(CONNECT + "offset")]
    return Letter(
        record=record,
        source_topic=text(*_SOURCE_TOPIC),
        source_position=":".join(place) if all(place) else "",
        error_class=text(ERROR_CLASS) or "unknown",
        cause=text(*_CAUSE),
        failed_at=_moment(text(FIRST_FAILED_AT), record.timestamp_ms),
        attempts=count_of(text(ATTEMPTS)),
        replays=count_of(text(REPLAYS)),
        truncated=bool(text(TRUNCATED)),
    )


class Letters:
    """The dead letters of a group. Keeps its Kafka clients until `close`."""

    def __init__(self, settings: Settings, *, group: str | None = None) -> None:
        self._settings = settings
        self.group = group or settings.ingest.group
        self.topics = [dead_letter_topic(self.group, topic) for topic in source_topics(settings)]
        self._admin = open_admin(settings.kafka)

    def read(self, wanted: Wanted | None = None, *, starts: Mapping[Partition, int] | None = None) -> Iterator[Letter]:
        """The letters that are there now, oldest first in each topic; from `starts` on, where given.

        Raises:
            KafkaUnavailable: no broker answers.
        """
        for records in self._scan(self._ranges(starts or {})):
            for record in records:
                letter = letter_of(record)
                if wanted is None or wanted.fits(letter):
                    yield letter

    def one(self, position: str) -> Letter:
        """The letter at `topic:partition:offset`.

        Raises:
            InvalidInput: there is none.
        """
        topic, partition, offset = _parsed(position)
        ends = self.ends([topic])
        if (topic, partition) in ends and offset < ends[topic, partition]:
            for records in self._scan({(topic, partition): (offset, offset + 1)}):
                for record in records:
                    if record.offset == offset:
                        return letter_of(record)
        raise InvalidInput(f"there is no dead letter {position}; `semcache-ingest dlq list` shows those there are")

    def ends(self, topics: Sequence[str] | None = None) -> Mapping[Partition, int]:
        """Where each dead-letter partition ends now."""
        kafka = self._settings.kafka
        return end_offsets(self._admin, cluster(self._admin, kafka), topics or self.topics, kafka)

    def committed(self, group: str) -> Mapping[Partition, int]:
        """How far another group has read the letters."""
        return committed_offsets(group, self.ends(), self._settings.kafka)

    def _ranges(self, starts: Mapping[Partition, int]) -> dict[Partition, tuple[int, int]]:
        kafka = self._settings.kafka
        begins = earliest_offsets(self._admin, cluster(self._admin, kafka), self.topics, kafka)
        return {p: (max(begins[p], starts.get(p, 0)), end) for p, end in self.ends().items()}

    def _scan(self, ranges: Mapping[Partition, tuple[int, int]]) -> Iterator[list[Record]]:
        with open_reader(self._settings.kafka) as reader:
            for partition, (start, end) in ranges.items():
                if start < end:
                    yield from _records(reader, partition, start, end)


def skip_record(settings: Settings, partition: Partition, offset: int, *, group: str | None = None) -> None:
    """Tells the workers of a group to dead-letter a record unread.

    Raises:
        InvalidInput: the ingestor does not read that topic, or there is no such record.
    """
    topics = source_topics(settings)
    if partition[0] not in topics:
        raise InvalidInput(f"the ingestor does not read {partition[0]!r}, but {', '.join(topics)}")
    admin = open_admin(settings.kafka)
    known = cluster(admin, settings.kafka)
    begin = earliest_offsets(admin, known, [partition[0]], settings.kafka).get(partition, 0)
    end = end_offsets(admin, known, [partition[0]], settings.kafka).get(partition, 0)
    if not begin <= offset < end:
        raise InvalidInput(f"{partition[0]}:{partition[1]} holds the offsets {begin} to {end - 1}, not {offset}")
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    try:
        Skips(client, group or settings.ingest.group).add(partition, offset)
    finally:
        client.close()


def histogram(letters: Iterable[Letter]) -> list[dict[str, object]]:
    """How many letters there are of each kind, the most frequent first."""
    counts = Counter(letter.kind for letter in letters)
    return [
        {"count": count, "topic": topic, "error_class": error_class, "cause": cause}
        for (topic, error_class, cause), count in counts.most_common()
    ]


def _records(reader: Consumer, partition: Partition, start: int, end: int) -> Iterator[list[Record]]:
    from confluent_kafka import KafkaError, TopicPartition

    reader.assign([TopicPartition(*partition, start)])
    position, heard_at = start, time.monotonic()
    while position < end:
        messages = reader.consume(500, _POLL_S)
        if messages:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > _SILENCE_S:
            raise KafkaUnavailable(f"{partition[0]} does not answer: try again")
        found: list[Record] = []
        for message in messages:
            error = message.error()
            if error is None:
                found.append(record_of(message))
                position = found[-1].offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                position = end
        yield [record for record in found if record.offset < end]


def _parsed(position: str) -> tuple[str, int, int]:
    topic, _, rest = position.rpartition(":")[0].rpartition(":")
    offset = position.rpartition(":")[2]
    if not (topic and rest.isdecimal() and offset.isdecimal() and len(rest) < 10 and len(offset) < 20):
        raise InvalidInput(f"{position!r} is no position: write topic:partition:offset")
    return topic, int(rest), int(offset)


def _moment(text: str, timestamp_ms: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _shape(cause: str) -> str:
    """Numbers and quoted words differ from letter to letter, the mistake does not."""
    return re.sub(r"\d[\d,.]*", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", cause))[:120]
