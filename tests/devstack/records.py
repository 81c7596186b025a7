"""Writing and reading records of a topic, every acknowledgement waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.waiting import wait_until


def create_topic(servers: str, topic: str, *, partitions: int = 1, client: Mapping[str, str] | None = None) -> None:
    admin = AdminClient({"bootstrap.servers": servers, **(client or {})})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(timeout=20)


def write(servers: str, topic: str, values: Sequence[bytes], *, client: Mapping[str, str] | None = None) -> None:
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, **(client or {})})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0, "not every record was acknowledged"


def read_all(servers: str, topic: str) -> list[bytes]:
    """The values of partition 0, from its beginning to its end."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader", "enable.auto.commit": False})
    try:
        end = _end(consumer, topic)
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages = consumer.consume(end, timeout=20) if end else []
        return [value for message in messages if (value := message.value()) is not None]
    finally:
        consumer.close()


def _end(consumer: Consumer, topic: str) -> int:
    """Where partition 0 ends, once a broker that has just started leads it."""
    found: list[int] = []

    def answered() -> bool:
        try:
            found.append(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1])
        except KafkaException as error:
            if not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                raise
        return bool(found)

    wait_until(f"{topic} has a leader", answered)
    return found[0]
