"""Topics: which there are, how they are configured, and making them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from semcache.errors import ConfigurationError
from semcache.settings import KafkaSettings, Settings
from semcache_ingest.kafka.clients import CONTACT_TIMEOUT_S, MAX_MESSAGE_BYTES, cluster, open_admin, unreachable

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

_DAY_MS = 86_400_000
_DEAD_LETTERS_KEPT = 3
"""Times as long as the source: somebody has to find the mistake, mend it and replay."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, partitions, and configuration where it differs from the broker's."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def dead_letter_topic(group: str, topic: str) -> str:
    return f"dlq.{group}.{topic}"


def source_topics(settings: Settings) -> list[str]:
    """The topics that the ingestor reads."""
    return list(
        dict.fromkeys(
            [settings.kafka.conversations_topic, settings.kafka.knowledge_topic, *settings.ingest.topics],
        )
    )


def wanted_topics(settings: Settings, *, group: str | None = None) -> list[Topic]:
    """Every topic of an installation. Extra sources (`ingest.topics`) belong to others and are not made."""
    kafka = settings.kafka
    own = [
        Topic(kafka.conversations_topic, kafka.partitions, _retention(kafka, 1) | _in_sync(kafka)),
        Topic(
            kafka.knowledge_topic,
            kafka.partitions,
            {"cleanup.policy": "compact", "delete.retention.ms": str(7 * _DAY_MS)} | _in_sync(kafka),
        ),
    ]
    if settings.decisions.publish:
        own.append(Topic(settings.decisions.topic, kafka.partitions, _retention(kafka, 1) | _in_sync(kafka)))
    return own + [_dead_letters(settings, topic, group or settings.ingest.group) for topic in source_topics(settings)]


def _dead_letters(settings: Settings, topic: str, group: str) -> Topic:
    """Kept longer than the source: for ever, where the source is compacted and its records may be old."""
    compacted = topic == settings.kafka.knowledge_topic
    retention = {"retention.ms": "-1"} if compacted else _retention(settings.kafka, _DEAD_LETTERS_KEPT)
    config = retention | {"max.message.bytes": str(MAX_MESSAGE_BYTES)} | _in_sync(settings.kafka)
    return Topic(dead_letter_topic(group, topic), 1, config)


def _in_sync(kafka: KafkaSettings) -> dict[str, str]:
    return {"min.insync.replicas": str(kafka.min_insync_replicas)} if kafka.min_insync_replicas else {}


def ensure_topics(settings: Settings, *, group: str | None = None, timeout_s: float = CONTACT_TIMEOUT_S) -> list[str]:
    """Makes the topics that are missing; the names of those it made.

    Raises:
        KafkaUnavailable: no broker answers.
        ConfigurationError: this client may not make topics.
    """
    admin = open_admin(settings.kafka)
    existing = cluster(admin, settings.kafka, timeout_s=timeout_s).topics
    return _create(admin, settings.kafka, [t for t in wanted_topics(settings, group=group) if t.name not in existing])


def _create(admin: AdminClient, kafka: KafkaSettings, topics: Sequence[Topic]) -> list[str]:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic

    if not topics:
        return []
    new = [NewTopic(t.name, t.partitions, kafka.replication_factor, config=t.config) for t in topics]
    made = []
    for name, future in admin.create_topics(new, request_timeout=15).items():
        try:
            future.result()
            made.append(name)
        except KafkaException as error:
            _accept_or_raise(kafka, name, error.args[0])
    return made


def _accept_or_raise(kafka: KafkaSettings, name: str, error: KafkaError) -> None:
    from confluent_kafka import KafkaError

    if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return
    if error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED):
        raise ConfigurationError(
            f"not allowed to make the topic {name}: make it yourself (`semcache-ingest topics` prints how), "
            "or grant CREATE on it"
        )
    raise unreachable(kafka, error)


def _retention(kafka: KafkaSettings, times: int) -> dict[str, str]:
    days = kafka.retention_days * times
    return {"retention.ms": str(int(days * _DAY_MS)) if days else "-1"}
