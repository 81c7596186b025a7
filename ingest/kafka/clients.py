"""Kafka client settings: the one place where consumers, producers and admin clients are made."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from semcache.errors import ConfigurationError, KafkaUnavailable, MissingExtra
from semcache.settings import KafkaSettings
from semcache_ingest.records import Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer, ShareConsumer
    from confluent_kafka.admin import AdminClient, ClusterMetadata

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


Role = Literal["consumer", "producer", "admin"]

_OF_GROUP_MEMBERS = frozenset(
    "group.protocol group.instance.id group.remote.assignor partition.assignment.strategy session.timeout.ms "
    "heartbeat.interval.ms max.poll.interval.ms".split()
)
_CLASSIC_ONLY = frozenset({"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"})
_NOT_OF_SHARE_GROUPS = (_OF_GROUP_MEMBERS - {"max.poll.interval.ms"}) | frozenset(
    "auto.offset.reset enable.auto.commit auto.commit.interval.ms enable.auto.offset.store isolation.level "
    "queued.min.messages queued.max.messages.kbytes enable.partition.eof allow.auto.create.topics".split()
)
_OF_CONSUMERS = (
    _OF_GROUP_MEMBERS
    | _NOT_OF_SHARE_GROUPS
    | frozenset(
        "fetch.wait.max.ms fetch.queue.backoff.ms fetch.message.max.bytes max.partition.fetch.bytes fetch.max.bytes "
        "fetch.min.bytes fetch.error.backoff.ms coordinator.query.interval.ms check.crcs max.poll.records".split()
    )
)
_OF_PRODUCERS = frozenset(
    "linger.ms queue.buffering.max.ms queue.buffering.max.messages queue.buffering.max.kbytes batch.size "
    "batch.num.messages compression.type compression.codec compression.level acks request.required.acks "
    "enable.idempotence delivery.timeout.ms message.timeout.ms request.timeout.ms message.send.max.retries retries "
    "transactional.id transaction.timeout.ms partitioner sticky.partitioning.linger.ms queuing.strategy".split()
)
_NOT_OF: Mapping[Role, frozenset[str]] = {
    "consumer": _OF_PRODUCERS,
    "producer": _OF_CONSUMERS,
    "admin": _OF_CONSUMERS | _OF_PRODUCERS,
}


def common_config(kafka: KafkaSettings, role: Role) -> Config:
    """What every client has: the address, calm reconnects, and what `kafka.client` and the role's own table say.

    `kafka.client` is for all: what another kind of client alone understands is left out.
    """
    given = kafka.properties(role)
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": "semcache",
        "reconnect.backoff.max.ms": 2000,
        "log.connection.close": False,
        **{name: value for name, value in given.items() if name not in _NOT_OF[role]},
    }


def group_protocol(kafka: KafkaSettings) -> str:
    """`consumer` (KIP-848) or `classic`; the property wins over the setting."""
    return str(kafka.properties("consumer").get("group.protocol", kafka.group_protocol))


def consumer_config(kafka: KafkaSettings, *, group: str) -> Config:
    """Offsets are committed by hand, after the writes; only committed transactions are read.

    Partitions come and go one by one with either protocol: the classic one gets the assignor that does so.

    Raises:
        ConfigurationError: a property does not go with the group protocol.
    """
    protocol = group_protocol(kafka)
    common = common_config(kafka, "consumer")
    if protocol == "consumer" and (wrong := sorted(_CLASSIC_ONLY & common.keys())):
        raise ConfigurationError(
            f"{', '.join(wrong)} in [kafka.client] or [kafka.consumer]: with the group protocol `consumer` the brokers "
            "decide it (`group.consumer.session.timeout.ms` and so on); leave it out, or set "
            'kafka.group_protocol = "classic"'
        )
    return {
        "auto.offset.reset": "earliest",
        "queued.min.messages": 5000,
        "queued.max.messages.kbytes": 32_768,
        "fetch.queue.backoff.ms": 50,
        **common,
        "group.id": group,
        "group.protocol": protocol,
        **({"partition.assignment.strategy": "cooperative-sticky"} if protocol == "classic" else {}),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "allow.auto.create.topics": False,
    }


def reader_config(kafka: KafkaSettings, *, group: str) -> Config:
    """Of a consumer that is no member of a group: nothing that only members have."""
    common = {n: v for n, v in common_config(kafka, "consumer").items() if n not in _OF_GROUP_MEMBERS}
    return common | {
        "auto.offset.reset": "earliest",
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "allow.auto.create.topics": False,
    }


def share_config(kafka: KafkaSettings, *, group: str, at_once: int) -> Config:
    """Of a member of a share group: each record is acknowledged by itself."""
    common = {n: v for n, v in common_config(kafka, "consumer").items() if n not in _NOT_OF_SHARE_GROUPS}
    return common | {"group.id": group, "share.acknowledgement.mode": "explicit", "max.poll.records": at_once}


def producer_config(kafka: KafkaSettings) -> Config:
    """Idempotent: a retry doubles nothing and keeps the order. zstd, unless the settings say otherwise."""
    return {
        "linger.ms": 10,
        "delivery.timeout.ms": 30_000,
        "compression.type": "zstd",
        **common_config(kafka, "producer"),
        "enable.idempotence": True,
        "acks": "all",
    }


def open_consumer(kafka: KafkaSettings, *, group: str, **more: Any) -> Consumer:
    """A consumer of the group, not yet subscribed; `more` are callbacks and further properties."""
    _require_library()
    from confluent_kafka import Consumer

    return _made("consumer", consumer_config(kafka, group=group) | more, lambda c: Consumer(c, logger=kafka_log()))


def open_share_consumer(kafka: KafkaSettings, *, group: str, at_once: int) -> ShareConsumer:
    """A member of a share group that acknowledges each record; the client marks these a preview."""
    _require_library()
    from confluent_kafka import ShareConsumer

    return _made("consumer", share_config(kafka, group=group, at_once=at_once), ShareConsumer)


@contextmanager
def open_reader(kafka: KafkaSettings, *, group: str = "semcache-reader") -> Iterator[Consumer]:
    """A consumer that is assigned its partitions by hand, as no member of a group; `group` is where it may commit."""
    _require_library()
    from confluent_kafka import Consumer

    reader = _made("consumer", reader_config(kafka, group=group), lambda c: Consumer(c, logger=kafka_log()))
    try:
        yield reader
    finally:
        reader.close()


def open_producer(kafka: KafkaSettings, **more: Any) -> Producer:
    """A producer with the settings of `producer_config`; `more` are librdkafka properties, dots as underscores."""
    _require_library()
    from confluent_kafka import Producer

    named = {name if name.endswith("_cb") else name.replace("_", "."): value for name, value in more.items()}
    config = producer_config(kafka) | named
    return _made("producer", config, lambda c: Producer(c, logger=kafka_log()))


def open_admin(kafka: KafkaSettings) -> AdminClient:
    """An admin client."""
    _require_library()
    from confluent_kafka.admin import AdminClient

    return _made("admin", common_config(kafka, "admin"), lambda c: AdminClient(c, logger=kafka_log()))


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


def given_up(error: KafkaError) -> Exception:
    """The error of a client that has given up for good, with the line to set if the brokers are too old for it."""
    if "ConsumerGroupHeartbeat" in error.str() or "not supported" in error.str():
        return ConfigurationError(
            "these brokers do not know the group protocol `consumer` (KIP-848, Kafka 4.0 or newer): set "
            'group_protocol = "classic" in [kafka] of semcache.toml, or SEMCACHE_KAFKA_GROUP_PROTOCOL=classic '
            f"({error.str()})"
        )
    return KafkaUnavailable(f"the Kafka client has given up: {error.str()}")


def is_fatal(error: KafkaError) -> bool:
    """Whether the client can go on no more. A message's error has the code, but not the flag."""
    from confluent_kafka import KafkaError

    return error.fatal() or error.code() == KafkaError._FATAL


def _made(role: Role, config: Config, make: Callable[[Config], _T]) -> _T:
    from confluent_kafka import KafkaException

    try:
        client = make(config)
    except (KafkaException, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"a Kafka client setting is wrong ([kafka.client] or [kafka.{role}]): {error}"
        ) from error
    if "oauth_cb" in config and "share.acknowledgement.mode" not in config:
        # Nothing else asks for the first token, and until there is one no call gets through.
        client.poll(0)  # type: ignore[attr-defined]
    return client


def _require_library() -> None:
    if find_spec("confluent_kafka") is None:
        raise MissingExtra("kafka", "Kafka")
