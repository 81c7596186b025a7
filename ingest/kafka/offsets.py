"""Offsets as the brokers know them: ends of partitions, and what a group has committed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from semcache.settings import KafkaSettings
from semcache_ingest.kafka.clients import CONTACT_TIMEOUT_S, open_reader, unreachable
from semcache_ingest.records import Partition

OFFSET_BEGINNING, OFFSET_END = -2, -1
"""The timestamps by which Kafka's ListOffsets knows them."""
_PAUSE_S = 0.1

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient, ClusterMetadata


def partitions_of(metadata: ClusterMetadata, topics: Iterable[str]) -> list[Partition]:
    """The partitions of those topics that exist."""
    return [
        (topic, number) for topic in topics if topic in metadata.topics for number in metadata.topics[topic].partitions
    ]


def end_offsets(
    admin: AdminClient, metadata: ClusterMetadata, topics: Iterable[str], kafka: KafkaSettings
) -> Mapping[Partition, int]:
    """Where each partition ends: the offset of the next record.

    Raises:
        KafkaUnavailable: the brokers do not answer.
    """
    return _listed(admin, partitions_of(metadata, topics), kafka, OFFSET_END)


def earliest_offsets(
    admin: AdminClient, metadata: ClusterMetadata, topics: Iterable[str], kafka: KafkaSettings
) -> Mapping[Partition, int]:
    """Where each partition begins: the offset of the oldest record that is kept. Raises as `end_offsets`."""
    return _listed(admin, partitions_of(metadata, topics), kafka, OFFSET_BEGINNING)


def _listed(
    admin: AdminClient, partitions: list[Partition], kafka: KafkaSettings, timestamp: int
) -> Mapping[Partition, int]:
    from confluent_kafka import KafkaError, KafkaException, TopicPartition
    from confluent_kafka.admin import OffsetSpec

    if not partitions:
        return {}
    spec = OffsetSpec.for_timestamp(timestamp)
    asked = {TopicPartition(*partition): spec for partition in partitions}
    passing = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART)
    deadline = time.monotonic() + CONTACT_TIMEOUT_S
    while True:
        try:
            futures = admin.list_offsets(asked, request_timeout=CONTACT_TIMEOUT_S)
            return {(p.topic, p.partition): future.result().offset for p, future in futures.items()}
        except KafkaException as error:
            if error.args[0].code() not in passing or time.monotonic() > deadline:
                raise unreachable(kafka, error) from error
            time.sleep(_PAUSE_S)  # a topic was just made, or its leader has changed


def committed_offsets(group: str, partitions: Iterable[Partition], kafka: KafkaSettings) -> Mapping[Partition, int]:
    """What a group has committed of these partitions; those of which it never did are left out.

    Asked by a consumer that joins nothing: librdkafka 2.16 ends the process in the admin client's call for this when
    the group's coordinator is not there yet (rd_kafka_handle_OffsetFetch asks a consumer group that an admin has not).

    Raises:
        KafkaUnavailable: the brokers do not answer.
    """
    from confluent_kafka import KafkaException, TopicPartition

    asked = [TopicPartition(*partition) for partition in partitions]
    if not asked:
        return {}
    try:
        with open_reader(kafka, group=group) as reader:
            found = reader.committed(asked, timeout=CONTACT_TIMEOUT_S)
    except KafkaException as error:
        raise unreachable(kafka, error) from error
    return {(p.topic, p.partition): p.offset for p in found if p.offset >= 0}
