"""Counting the topic of decisions from its beginning, without any state: what the live counts are checked against."""

from __future__ import annotations

from semcache.decisions import parse_published
from semcache.errors import KafkaUnavailable, Quarantine
from semcache.settings import Settings
from semcache_ingest.decisions.counting import Counts, counts_of
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.kafka.clients import cluster, open_admin, open_reader
from semcache_ingest.kafka.offsets import earliest_offsets, end_offsets

_SILENCE_S = 20.0


def ends_of(settings: Settings) -> dict[int, int]:
    """Where each partition of the topic ends now."""
    admin, topic = open_admin(settings.kafka), settings.decisions.topic
    ends = end_offsets(admin, cluster(admin, settings.kafka), [topic], settings.kafka)
    return {partition: end for (_, partition), end in ends.items()}


def recount(settings: Settings, *, since: float = 0.0) -> Figures:
    """What the records of this namespace come to that were decided since then, s since the epoch.

    Raises:
        KafkaUnavailable: the brokers do not answer.
    """
    from confluent_kafka import TopicPartition

    admin, topic = open_admin(settings.kafka), settings.decisions.topic
    metadata = cluster(admin, settings.kafka)
    first = earliest_offsets(admin, metadata, [topic], settings.kafka)
    left = {p: end for p, end in end_offsets(admin, metadata, [topic], settings.kafka).items() if end > first[p]}
    parts: list[Counts] = []
    with open_reader(settings.kafka) as reader:
        reader.assign([TopicPartition(*partition, first[partition]) for partition in left])
        while left:
            messages = reader.consume(1_000, _SILENCE_S)
            if not messages:
                raise KafkaUnavailable(f"nothing comes from {topic}; `semcache status` tells whether Kafka runs")
            for message in messages:
                place = (message.topic() or "", message.partition() or 0)
                if (message.offset() or 0) + 1 >= left.get(place, 0):
                    left.pop(place, None)
                if message.error() is None:
                    parts += _counted(message.value(), settings.namespace, since)
    return Figures.of(parts)


def _counted(value: bytes | None, namespace: str, since: float) -> list[Counts]:
    try:
        event = parse_published(value or b"")
    except Quarantine:
        return []
    return [counts_of(event)] if event.namespace == namespace and event.at.timestamp() >= since else []
