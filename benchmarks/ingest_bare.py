"""Messages from Kafka into Redis with their vectors, by hand: what an ingestor would be that promises nothing.

    python ingest_bare.py BROKER REDIS TOPIC LOOP        LOOP: confluent-kafka or quix-streams

Both loops read a topic in batches of 64, embed each line and its line with the one before it, and write a hash, a
sorted set and two vectors a message in one pipeline, then commit. There is no idempotence, no order of versions, no
dead letter and no erasure. quix-streams batches by a sink of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ingest_load import BATCH, texts_of
from redis import Redis

from semcache.embed import Embedder, default_embedder
from semcache.store import keys


class Writer:
    """Writes batches of messages."""

    def __init__(self, redis: Redis, embedder: Embedder) -> None:
        self._redis = redis
        self._embedder = embedder

    def write(self, batch: Sequence[Mapping[str, Any]]) -> None:
        vectors = self._embedder.embed(texts_of(batch), kind="passage")
        pipe = self._redis.pipeline(transaction=False)
        for n, event in enumerate(batch):
            user = {"namespace": event["namespace"], "user": event["user"]}
            pipe.hset(keys.TURN.build(**user, turn=event["id"]), mapping={"text": event["text"], "at": event["at"]})
            pipe.zadd(keys.CHRONOLOGY.build(**user), {event["id"]: n})
        for n, vector in enumerate(vectors):
            event = batch[n % len(batch)]
            key = f"bare:{event['namespace']}:{event['user']}"
            pipe.execute_command("VADD", key, "FP32", vector.tobytes(), f"{event['id']}#{n // len(batch)}", "Q8")
        pipe.execute()


def confluent(broker: str, topic: str, writer: Writer) -> None:
    from confluent_kafka import Consumer

    consumer = Consumer(
        {"bootstrap.servers": broker, "group.id": topic, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    consumer.subscribe([topic])
    while True:
        found = [message for message in consumer.consume(BATCH, timeout=0.2) if message.error() is None]
        if found:
            writer.write([json.loads(message.value() or b"") for message in found])
            consumer.commit(asynchronous=False)


def quix(broker: str, topic: str, writer: Writer) -> None:
    from quixstreams import Application
    from quixstreams.sinks import BatchingSink, SinkBatch

    class Sink(BatchingSink):  # type: ignore[misc]
        def write(self, batch: SinkBatch) -> None:
            writer.write([item.value for item in batch])

    app = Application(
        broker_address=broker,
        consumer_group=topic,
        auto_offset_reset="earliest",
        commit_every=BATCH,
        loglevel="WARNING",
    )
    app.dataframe(app.topic(topic, value_deserializer="json")).sink(Sink())
    app.run()


if __name__ == "__main__":
    _, broker, url, topic, loop = sys.argv
    embedder = default_embedder().inner
    embedder.embed(["warm up"])
    {"confluent-kafka": confluent, "quix-streams": quix}[loop](broker, topic, Writer(Redis.from_url(url), embedder))
