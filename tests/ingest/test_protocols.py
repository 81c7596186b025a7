"""Brokers without KIP-848: Kafka before 4.0, Redpanda, WarpStream."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.errors import ConfigurationError
from semcache.settings import Settings
from semcache_ingest.extraction.sources import GroupSource, NoShareGroups, ShareSource
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.status import group_status
from tests.ingest.conftest import Run, Running
from tests.ingest.producing import message, send_events
from tests.waiting import wait_until

OLD = {"group.version": 0, "share.version": 0, "streams.version": 0}


@pytest.fixture(scope="module")
def old_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = KafkaServer(tmp_path_factory.mktemp("old"), free_port(), features=OLD)
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        yield server.address
    finally:
        process.kill()


@pytest.fixture
def older(settings: Settings, old_kafka: str) -> Callable[[str], Settings]:
    """The installation on such a broker, with a group protocol."""

    def made(protocol: str) -> Settings:
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": old_kafka, "group_protocol": protocol})
        found = settings.model_copy(update={"kafka": kafka})
        ensure_topics(found)
        return found

    return made


def test_the_worker_ends_and_names_the_setting(older: Callable[[str], Settings], environment: dict[str, str]) -> None:
    """It does not stand still: exit code 1, and the line to set."""
    address = older("consumer").kafka.bootstrap_servers
    done = subprocess.run(
        [sys.executable, "-m", "semcache_ingest.cli", "run"],
        env=os.environ | environment | {"SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": address},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "SEMCACHE_KAFKA_GROUP_PROTOCOL=classic" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_classic_protocol_works_there(
    older: Callable[[str], Settings], run: Run, drain: Callable[..., Running]
) -> None:
    """A worker applies all; a second one takes a part of the partitions over and gives it back; lag is read."""
    classic = older("classic")
    users = [f"u{n}" for n in range(8)]
    send_events(classic, [message(n, user=user) for n in range(5) for user in users])
    assert drain(settings=classic).metrics.totals() == {"applied": 40}
    assert group_status(classic).lag == 0
    with run(settings=classic) as first:
        wait_until("the first one has all", lambda: len(first.worker.partitions) == 4)
        with run(settings=classic) as second:
            wait_until("the second one has some", lambda: bool(second.worker.partitions))
            send_events(classic, [message(n, user=user) for n in range(5, 10) for user in users])
            wait_until("all is applied", lambda: group_status(classic).lag == 0)
        wait_until("the first one has all again", lambda: len(first.worker.partitions) == 4)


def test_facts_are_read_as_a_consumer_group_there(older: Callable[[str], Settings]) -> None:
    """There are no share groups: a consumer group takes over, with the classic protocol; the other is refused."""
    kafka = older("classic").kafka
    send_events(older("classic"), [message(0)])
    topics = [kafka.conversations_topic]
    share = ShareSource(kafka, group="facts", topics=topics, at_once=4)
    with pytest.raises(NoShareGroups):
        _read(share)
    assert _read(GroupSource(kafka, group="facts", topics=topics, at_once=4)) == 1
    with pytest.raises(ConfigurationError, match="GROUP_PROTOCOL=classic"):
        _read(GroupSource(older("consumer").kafka, group="facts2", topics=topics, at_once=4))


def _read(source: ShareSource | GroupSource) -> int:
    found = 0

    def some() -> bool:
        nonlocal found
        found += len(source.poll(0.5))
        return found > 0

    try:
        wait_until("something has come", some)
    finally:
        source.close()
    return found
