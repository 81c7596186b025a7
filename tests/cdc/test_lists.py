"""The pinned lists of jars fit each other and the broker."""

from __future__ import annotations

import pytest

from semcache.devstack.java import jars
from tests.cdc.worker import PLUGINS, listed, version_of


@pytest.mark.parametrize("name", ["connect", *PLUGINS])
def test_a_list_names_each_jar_once_with_its_hash(name: str) -> None:
    """Every line is a jar of its own, with the SHA-256 and the size by which a download is judged."""
    pins = listed(name)
    assert len({(pin.group, pin.artifact) for pin in pins}) == len(pins)
    assert all(len(pin.sha256) == 64 and pin.size > 0 for pin in pins)


def test_connect_is_of_the_brokers_version_and_adds_to_its_jars() -> None:
    """The worker's class path is the broker's and this list: one Kafka, no artifact in two versions."""
    broker = {(pin.group, pin.artifact) for pin in jars.pins()}
    connect = listed("connect")
    assert {pin.version for pin in connect if pin.group == "org.apache.kafka"} == {jars.KAFKA_VERSION}
    assert not broker & {(pin.group, pin.artifact) for pin in connect}


@pytest.mark.parametrize("name", PLUGINS)
def test_a_connectors_parts_are_of_one_version(name: str) -> None:
    """Debezium's modules are released together, and fit only each other."""
    modules = {pin.version for pin in listed(name) if pin.artifact.startswith("debezium-")}
    assert modules == {version_of(name)}
