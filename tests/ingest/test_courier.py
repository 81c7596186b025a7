"""What is said in the chat reaches Kafka, whoever dies, and people are told while it does not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
from pydantic import SecretStr

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.process import ServerProcess
from semcache.errors import InvalidInput, KafkaUnavailable
from semcache.settings import Settings, load_settings
from semcache.store.outbox import Outbox
from semcache_ingest.courier import Courier, open_courier
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.metrics import Metrics
from tests.ingest.producing import message, read_all
from tests.waiting import wait_until


class Broker:
    """A Kafka of the test's own, that goes away and comes back."""

    def __init__(self, folder: Path) -> None:
        self.server = KafkaServer(folder, free_port())
        self._process: ServerProcess | None = None

    def start(self) -> None:
        self._process = self.server.start(tied=True)
        self.server.wait_ready(self._process)

    def kill(self) -> None:
        if self._process:
            self._process.kill()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("kafka"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def chatting(broker: Broker, settings: Settings) -> Settings:
    """An installation on that Kafka, whose producer gives a delivery up after 4 s."""
    kafka = {
        "bootstrap_servers": broker.server.address,
        "partitions": 1,
        "producer": {"delivery.timeout.ms": "4000"},
        "conversations_topic": settings.kafka.conversations_topic,
        "knowledge_topic": settings.kafka.knowledge_topic,
    }
    made = settings.model_copy(update={"kafka": load_settings(kafka=kafka).kafka})
    ensure_topics(made)
    return made


@pytest.fixture
def box(chatting: Settings, redis: redis_py.Redis) -> Outbox:
    return Outbox(redis, namespace=chatting.namespace, max_bytes=chatting.kafka.outbox_max_bytes)


def ids_in_kafka(settings: Settings) -> set[str]:
    return {json.loads(m.value() or b"{}")["id"] for m in read_all(settings, settings.kafka.conversations_topic)}


def empty(box: Outbox) -> bool:
    return box.status().events == 0


def test_a_delivered_event_waits_no_longer(chatting: Settings, box: Outbox) -> None:
    """While Kafka is well there is nothing to tell, and nothing stays in Redis."""
    with open_courier(chatting) as courier:
        assert [courier.take(message(n)) for n in range(20)] == [None] * 20
    assert empty(box)
    assert len(ids_in_kafka(chatting)) == 20
    assert box.status().failed == 0


def test_what_is_said_while_kafka_is_away_is_told_kept_and_sent(
    chatting: Settings, box: Outbox, broker: Broker
) -> None:
    """Longer than a delivery may take: each event has a warning, failures are counted, and none is lost."""
    with open_courier(chatting) as courier:
        assert courier.take(message(0)) is None
        wait_until("it is in Kafka", lambda: empty(box))
        broker.kill()
        try:
            wait_until("the client sees it", lambda: courier._suspicion is not None)
            told = [courier.take(message(n)) for n in range(1, 6)]
            assert all(warning and "kept in Redis" in warning for warning in told)
            wait_until("a delivery has failed", lambda: courier.failures > 0)
            wait_until("that is counted", lambda: box.status().failed > 0)
            assert box.status().events == 5
        finally:
            broker.start()
        wait_until("all is in Kafka", lambda: empty(box), timeout_s=60)
        assert courier.trouble is None
        assert courier.take(message(6)) is None
    assert ids_in_kafka(chatting) == {message(n)["id"] for n in range(7)}


_CHATS = """
import sys
from semcache_ingest.courier import open_courier
from semcache.settings import load_settings
from tests.ingest.producing import message
with open_courier(load_settings()) as courier:
    for n in range(10):
        print(courier.take(message(n, user=sys.argv[1])) or "delivered", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_loses_nothing_that_it_kept(
    chatting: Settings, box: Outbox, broker: Broker, environment: dict[str, str]
) -> None:
    """Killed while Kafka is away: another process, which has nothing to say itself, sends what was left."""
    broker.kill()
    try:
        talker = subprocess.Popen(
            [sys.executable, "-c", _CHATS, "ada"],
            env=os.environ | environment | {"SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": broker.server.address},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert talker.stdout
        said = [talker.stdout.readline() for _ in range(10)]
        talker.send_signal(signal.SIGKILL)
        talker.wait()
        assert all("kept in Redis" in line for line in said)
    finally:
        broker.start()
    metrics = Metrics()
    with open_courier(chatting, status=metrics.outbox):
        wait_until("what waits is seen", lambda: metrics.outbox_events._value.get() == 10)
        wait_until("all is in Kafka", lambda: empty(box), timeout_s=60)
        wait_until("the metrics say so", lambda: metrics.outbox_events._value.get() == 0)
    assert ids_in_kafka(chatting) == {message(n, user="ada")["id"] for n in range(10)}


def test_draining_sends_at_once(chatting: Settings, box: Outbox) -> None:
    """A run that is to end brings in what waits first, and knows what is left."""
    for n in range(3):
        event = message(n, namespace=chatting.namespace)
        box.keep(event["id"], json.dumps(event))
    with open_courier(chatting) as courier:
        assert courier.drain(timeout_s=10) == 0
    assert len(ids_in_kafka(chatting)) == 3


def test_without_room_it_has_to_be_in_kafka_before_the_answer_is_over(
    chatting: Settings, box: Outbox, broker: Broker
) -> None:
    """A full outbox refuses: with Kafka the event is confirmed, without it the caller hears that it is lost."""
    kafka = chatting.kafka.model_copy(update={"outbox_max_bytes": 10})
    with open_courier(chatting.model_copy(update={"kafka": kafka})) as courier:
        assert courier.take(message(0)) is None
        assert ids_in_kafka(chatting) == {message(0)["id"]}
        broker.kill()
        try:
            with pytest.raises(KafkaUnavailable, match="outbox_max_bytes"):
                courier.take(message(1))
        finally:
            broker.start()
    assert box.status().refused == 2


def test_what_kafka_never_takes_does_not_wait_for_ever(chatting: Settings, box: Outbox) -> None:
    """An event that is too large for the brokers, or unreadable, is dropped with a count; the others pass it."""
    producer = chatting.kafka.producer | {"message.max.bytes": SecretStr("2000")}
    small = chatting.model_copy(update={"kafka": chatting.kafka.model_copy(update={"producer": producer})})
    box.keep("broken", '{"type": "no such type"}')
    with open_courier(small) as courier:
        courier.take(message(0, text="word " * 2_000))
        assert courier.take(message(1)) is None
        wait_until("nothing waits", lambda: empty(box))
        wait_until("it is counted", lambda: box.status().refused == 2)
        with pytest.raises(InvalidInput):
            courier.take({"type": "message"})
    assert ids_in_kafka(chatting) == {message(1)["id"]}


def test_a_courier_without_anything_to_do_asks_nobody(settings: Settings) -> None:
    """No topic is made and no broker asked for before there is something to send."""
    nowhere = settings.model_copy(
        update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})}
    )
    seen: list[Any] = []
    with open_courier(nowhere, status=seen.append) as courier:
        wait_until("it has looked twice", lambda: len(seen) >= 2)
        assert courier.trouble is None
        assert isinstance(courier, Courier)
