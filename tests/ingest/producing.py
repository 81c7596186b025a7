"""What tests put into Kafka: raw records and events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from semcache.settings import Settings
from semcache_ingest.kafka.clients import open_producer

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
AT = START.isoformat()


def message(
    number: int, *, user: str = "ada", session: str = "s", text: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"{user}-{session}-{number}",
        "user": user,
        "session": session,
        "role": "user" if number % 2 == 0 else "assistant",
        "text": text or f"Remark number {number} about the weather.",
        "at": (START + timedelta(seconds=number)).isoformat(),
        **more,
    }


def upsert(document: str, version: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "document_upserted",
        "id": f"{document}@{version}",
        "document": document,
        "version": version,
        "text": text,
        "at": AT,
        **more,
    }


def delete(document: str, version: int | None = None) -> dict[str, Any]:
    gone = {"type": "document_deleted", "id": f"{document}-gone-{version}", "document": document, "at": AT}
    return gone if version is None else gone | {"version": version}


def send(settings: Settings, records: Iterable[Mapping[str, Any]]) -> None:
    """Produces raw records (keyword arguments of `Producer.produce`) and waits until Kafka has them."""
    producer = open_producer(settings.kafka, message_max_bytes=20_000_000)
    errors: list[KafkaError] = []
    for record in records:
        producer.produce(**record, on_delivery=lambda error, _: errors.append(error) if error else None)
        producer.poll(0)
    assert producer.flush(30) == 0
    assert not errors, errors


def send_events(settings: Settings, events: Iterable[Mapping[str, Any]]) -> None:
    """Produces events as plain JSON, each to its topic with its key."""
    send(settings, (as_record(settings, event) for event in events))


def as_record(settings: Settings, event: Mapping[str, Any]) -> dict[str, Any]:
    knowledge = str(event["type"]).startswith("document")
    topic = settings.kafka.knowledge_topic if knowledge else settings.kafka.conversations_topic
    return {"topic": topic, "key": event.get("document") or event["user"], "value": json.dumps(event)}


def read_all(settings: Settings, topic: str) -> list[Message]:
    """Every record of a topic, partition by partition; none if there is no such topic."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": "reader",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    found = consumer.list_topics(topic, timeout=10).topics[topic]
    partitions = [TopicPartition(topic, number, 0) for number in found.partitions]
    consumer.assign(partitions)
    messages: list[Message] = []
    ends = 0
    while ends < len(partitions):
        polled = consumer.poll(10)
        assert polled is not None, "the topic does not answer"
        if polled.error() is None:
            messages.append(polled)
        elif polled.error().code() == KafkaError._PARTITION_EOF:
            ends += 1
    consumer.close()
    return messages
