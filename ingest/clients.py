"""Kafka client settings: the one place where consumers, producers and admin clients are made."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from ingest.records import Record
from semcache.errors import ConfigurationError, KafkaUnavailable, MissingExtra
from semcache.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, Producer, ShareConsumer
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._metadata import ClusterMetadata

CONTACT_TIMEOUT_S = 5.0
MAX_MESSAGE_BYTES = 64 * 2**20
"""Dead letters carry any value that a source topic took."""

Config = dict[str, Any]
_T = TypeVar("_T")


class Throttled(logging.Filter):
    """Lets a message through once in `every_s` seconds; numbers in it do not make it another."""

    def __init__(self, *, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if text.endswith(": retrying"):
            return False  # nothing is wrong yet, and the next message says so if it is
        shape = re.sub(r"\d+", "#", text)
        now = self._clock()
        due = now - self._last.get(shape, float("-inf")) >= self._every_s
        if due:
            self._last[shape] = now
        return due


def kafka_log() -> logging.Logger:
    """Where librdkafka logs. It repeats itself several times a second while a broker is down."""
    log = logging.getLogger("semcache.kafka")
    if not any(isinstance(f, Throttled) for f in log.filters):
        log.addFilter(Throttled())
    return log


def common_config(kafka: KafkaSettings) -> Config:
    """What every client has: the address, calm reconnects, and the properties of `kafka.client`."""
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": "semcache",
        "reconnect.backoff.max.ms": 2000,
        "log.connection.close": False,
        **kafka.client,
    }


def consumer_config(kafka: KafkaSettings, *, group: str) -> Config:
    """KIP-848 group; offsets are committed by hand, after the writes; only committed transactions are read."""
    return {
        "auto.offset.reset": "earliest",
        "queued.min.messages": 5000,
        "queued.max.messages.kbytes": 32_768,
        "fetch.queue.backoff.ms": 50,
        **common_config(kafka),
        "group.id": group,
        "group.protocol": "consumer",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "allow.auto.create.topics": False,
    }


def producer_config(kafka: KafkaSettings) -> Config:
    """Idempotent: a retry doubles nothing and keeps the order. zstd."""
    return {
        "linger.ms": 10,
        "delivery.timeout.ms": 30_000,
        **common_config(kafka),
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": kafka.client.get("compression.type", "zstd"),
    }


def open_consumer(kafka: KafkaSettings, *, group: str, **more: Any) -> Consumer:
    """A consumer of the group, not yet subscribed; `more` are callbacks and further properties."""
    _require_library()
    from confluent_kafka import Consumer

    return _made(lambda: Consumer(consumer_config(kafka, group=group) | more, logger=kafka_log()))


def open_share_consumer(kafka: KafkaSettings, *, group: str, at_once: int) -> ShareConsumer:
    """A member of a share group that acknowledges each record; the client marks these a preview."""
    _require_library()
    from confluent_kafka import ShareConsumer

    config = common_config(kafka) | {
        "group.id": group,
        "share.acknowledgement.mode": "explicit",
        "max.poll.records": at_once,
    }
    return _made(lambda: ShareConsumer(config))


@contextmanager
def open_reader(kafka: KafkaSettings, *, group: str = "semcache-reader") -> Iterator[Consumer]:
    """A consumer that is assigned its partitions by hand, as no member of a group; `group` is where it may commit."""
    _require_library()
    from confluent_kafka import Consumer

    config = consumer_config(kafka, group=group) | {"group.protocol": "classic"}
    reader = _made(lambda: Consumer(config, logger=kafka_log()))
    try:
        yield reader
    finally:
        reader.close()


def open_producer(kafka: KafkaSettings, **more: Any) -> Producer:
    """A producer with the settings of `producer_config`; `more` are librdkafka properties, dots as underscores."""
    _require_library()
    from confluent_kafka import Producer

    config = producer_config(kafka) | {name.replace("_", "."): value for name, value in more.items()}
    return _made(lambda: Producer(config, logger=kafka_log()))


def open_admin(kafka: KafkaSettings) -> AdminClient:
    """An admin client."""
    _require_library()
    from confluent_kafka.admin import AdminClient

    return _made(lambda: AdminClient(common_config(kafka), logger=kafka_log()))


def cluster(admin: AdminClient, kafka: KafkaSettings, *, timeout_s: float = CONTACT_TIMEOUT_S) -> ClusterMetadata:
    """Brokers and topics.

    Raises:
        KafkaUnavailable: no broker answers within `timeout_s` seconds.
    """
    from confluent_kafka import KafkaException

    try:
        return admin.list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise unreachable(kafka, error) from error


def record_of(message: Message) -> Record:
    """The record in a message of the client."""
    kind, timestamp_ms = message.timestamp()
    headers: Any = message.headers() or ()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        headers=tuple(headers),
        timestamp_ms=timestamp_ms if kind else 0,
    )


def unreachable(kafka: KafkaSettings, error: object) -> KafkaUnavailable:
    """The error for a broker that does not answer."""
    cause = getattr(error, "args", [error])[0]
    text = cause.str() if hasattr(cause, "str") else str(cause)
    return KafkaUnavailable(
        f"Kafka at {kafka.bootstrap_servers} does not answer ({text}): "
        "start it with `semcache up`, or set SEMCACHE_KAFKA_BOOTSTRAP_SERVERS",
        retry_after_s=2.0,
    )


def _made(make: Callable[[], _T]) -> _T:
    from confluent_kafka import KafkaException

    try:
        return make()
    except (KafkaException, ValueError, TypeError) as error:
        raise ConfigurationError(f"a Kafka client setting is wrong (kafka.client): {error}") from error


def _require_library() -> None:
    if find_spec("confluent_kafka") is None:
        raise MissingExtra("kafka", "Kafka")
