"""The embedded Kafka, on real brokers."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import Consumer, Producer


def test_a_record_produced_is_consumed_by_a_new_style_group(kafka: str, topic: Callable[..., str]) -> None:
    """A consumer group of the KIP-848 protocol reads what an idempotent producer wrote."""
    name = topic(partitions=4)
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True, "compression.type": "zstd"})
    producer.produce(name, key=b"k", value=b"v")
    assert producer.flush(20) == 0
    group = {"group.id": f"g.{name}", "group.protocol": "consumer", "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": kafka, **group})
    consumer.subscribe([name])
    (message,) = consumer.consume(1, timeout=20)
    consumer.close()
    assert (message.key(), message.value()) == (b"k", b"v")
