"""The embedded Kafka, on real brokers."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import AcknowledgeType, Consumer, KafkaException, Producer, ShareConsumer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from hypothesis import given
from hypothesis import strategies as st

from semcache.devstack import kafka as kafka_module
from semcache.devstack import ports
from semcache.devstack.kafka import KafkaServer, answers, new_cluster_id, sasl_client, sasl_plain
from semcache.errors import KafkaUnavailable
from tests.devstack.records import create_topic, read_all, write
from tests.waiting import wait_until


def test_a_group_of_the_new_protocol_reads_what_an_idempotent_producer_wrote(
    kafka: str, topic: Callable[..., str]
) -> None:
    """A KIP-848 consumer group gets a compressed record of an idempotent producer."""
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


def test_an_aborted_transaction_is_not_read(kafka: str, topic: Callable[..., str]) -> None:
    """Transactions work on the single node: only the committed record is seen."""
    name = topic()
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": name})
    producer.init_transactions(20)
    for value, finish in ((b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(name, value)
        producer.flush(20)
        finish(20)
    reader = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": name,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    reader.subscribe([name])
    (message,) = reader.consume(1, timeout=20)
    reader.close()
    assert message.value() == b"committed"


def test_a_share_group_delivers_a_released_record_again(kafka: str, topic: Callable[..., str]) -> None:
    """Share groups (KIP-932) are on: a record that is released comes back, counted."""
    name = topic()
    write(kafka, name, [b"job"])
    group = f"share.{name}"
    earliest = ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.GROUP, group, incremental_configs=[earliest])
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.incremental_alter_configs([resource])[resource].result(20)
    deliveries: list[int | None] = []
    with ShareConsumer(
        {"bootstrap.servers": kafka, "group.id": group, "share.acknowledgement.mode": "explicit"}
    ) as consumer:
        consumer.subscribe([name])

        def deliver() -> bool:
            for message in consumer.poll(1.0):
                deliveries.append(message.delivery_count())
                consumer.acknowledge(
                    message, AcknowledgeType.RELEASE if len(deliveries) == 1 else AcknowledgeType.ACCEPT
                )
            consumer.commit_sync(10)
            return len(deliveries) == 2

        wait_until("the record is delivered twice", deliver)
    assert deliveries == [1, 2]


def test_a_topic_that_does_not_exist_is_not_made_by_writing_to_it(kafka: str) -> None:
    """A misspelt topic is an error, not a new topic."""
    errors: list[object] = []
    producer = Producer(
        {"bootstrap.servers": kafka, "message.timeout.ms": 1500, "topic.metadata.propagation.max.ms": 500}
    )
    producer.produce("devstack.misspelt", b"x", on_delivery=lambda error, _message: errors.append(error))
    producer.flush(20)
    assert errors
    assert errors[0] is not None


def test_a_record_of_ten_megabytes_fits(kafka: str, topic: Callable[..., str]) -> None:
    """The broker takes large records, so that refusing them is the ingestor's decision."""
    name, value = topic(), b"x" * 10_000_000
    write(kafka, name, [value], client={"message.max.bytes": "12000000"})
    assert read_all(kafka, name) == [value]


def test_a_failed_start_says_why(tmp_path: Path) -> None:
    """A port that is taken ends the start with Kafka's own words, in a folder whose name has a space."""
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        server = KafkaServer(tmp_path / "a folder", taken.getsockname()[1])
        process = server.start(tied=True)
        with pytest.raises(KafkaUnavailable, match="Address already in use"):
            server.wait_ready(process)


def test_a_format_that_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    """A half-formatted folder is never taken for a data folder: it lies beside until it is whole."""
    half = tmp_path / f"{kafka_module.DATA}.new"
    half.mkdir()
    (half / "meta.properties").write_text("half")
    KafkaServer(tmp_path, ports.free_port()).start(tied=True).kill()
    assert "cluster.id" in (tmp_path / kafka_module.DATA / "meta.properties").read_text()
    assert not half.exists()


@given(st.binary(min_size=16, max_size=16))
def test_a_cluster_id_is_never_taken_for_an_option(random: bytes) -> None:
    """Whatever the random bytes, the id has Kafka's 22 characters and does not begin with a hyphen."""
    cluster = new_cluster_id(random)
    assert len(cluster) == 22
    assert not cluster.startswith("-")
    assert base64.urlsafe_b64decode(cluster + "==")[1:] == random[1:]


def test_nothing_there_does_not_answer() -> None:
    """A port without a broker is not ready, and no error."""
    for nowhere in (f"{ports.LOOPBACK}:{ports.free_port()}", "127.0.0.1:notaport", "no.such.host.invalid:9092"):
        assert not answers(nowhere, timeout_s=0.3)


def test_addresses_are_understood_as_the_client_understands_them(kafka: str) -> None:
    """One of several is enough, spaces and a protocol are allowed."""
    assert answers(f"PLAINTEXT://127.0.0.1:{ports.free_port()}, PLAINTEXT://{kafka}")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker that asks for a password; `admin` may do all, `alice` what ACLs allow."""
    extra = sasl_plain({"admin": "admin secret", "alice": "alice secret"}, admin="admin")
    folder, client = tmp_path_factory.mktemp("kafka"), sasl_client("admin", "admin secret")
    server = KafkaServer(folder, ports.free_port(), extra=extra, client=client)
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        yield server
    finally:
        process.kill()


def test_a_secured_broker_refuses_who_does_not_know_the_password(secured: KafkaServer) -> None:
    """Neither a client without a password nor one with a wrong password is served."""
    assert not answers(secured.address, timeout_s=1)
    assert not answers(secured.address, client=sasl_client("alice", "wrong"), timeout_s=1)
    assert answers(secured.address, client=sasl_client("alice", "alice secret"))


def test_a_secured_broker_lets_a_user_do_what_its_acls_allow(secured: KafkaServer) -> None:
    """Without an ACL alice may not create a topic; with one she may, and that one alone."""
    alice = sasl_client("alice", "alice secret")
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        create_topic(secured.address, "alices", client=alice)
    rule = AclBinding(
        ResourceType.TOPIC,
        "alices",
        ResourcePatternType.LITERAL,
        "User:alice",
        "*",
        AclOperation.ALL,
        AclPermissionType.ALLOW,
    )
    admin = AdminClient({"bootstrap.servers": secured.address, **secured.client})
    admin.create_acls([rule])[rule].result(20)
    create_topic(secured.address, "alices", client=alice)
    write(secured.address, "alices", [b"hers"], client=alice)
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        create_topic(secured.address, "another", client=alice)
