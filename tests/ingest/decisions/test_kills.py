"""kill -9 of processors, Redis and Kafka while decisions flow: afterwards each is counted once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from semcache.errors import RedisUnavailable
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.decisions.recount import recount
from semcache_ingest.decisions.view import DecisionsView, total
from semcache_ingest.kafka.topics import ensure_topics
from tests.ingest.conftest import FAST
from tests.ingest.decisions.records import publish, traffic
from tests.ingest.fleet import Fleet, fleet
from tests.waiting import wait_until

WAVE = 1_500


@pytest.fixture
def servers(tmp_path: Path, namespace: str) -> Iterator[Fleet]:
    """Servers of the test's own, which it may kill; members of a group are missed after six seconds."""
    with fleet(tmp_path, namespace=namespace, model=FAST.model, session_timeout_s=6) as made:
        made.environment["SEMCACHE_DECISIONS_PUBLISH"] = "true"
        yield made


def live(settings: Settings) -> Figures:
    """What the windows add up to; nothing while Redis is away."""
    client = connect(settings.redis.url)
    try:
        return total(DecisionsView(client, settings).sliding(6 * 3_600, now=time.time()))
    except RedisUnavailable:
        return Figures()
    finally:
        client.close()


def with_partitions(settings: Settings) -> int:
    """How many processes of the group have partitions."""
    group = settings.decisions.group
    admin = AdminClient({"bootstrap.servers": settings.kafka.bootstrap_servers})
    described = admin.describe_consumer_groups([group])[group].result(timeout=20)
    return sum(bool(member.assignment.topic_partitions) for member in described.members)


def counted(figures: Figures) -> dict[str, int]:
    """Without what the order of arrival decides: partitions are read in any order."""
    return {name: number for name, number in figures.counts.items() if name not in ("late", "too_late")}


@pytest.mark.timeout(400)
def test_totals_after_kills_are_those_of_the_topic(servers: Fleet, namespace: str) -> None:
    """Processors die and others take over, Redis and Kafka die and come back; nothing is missing and nothing double."""
    settings = servers.settings.model_copy(
        update={"decisions": servers.settings.decisions.model_copy(update={"publish": True})}
    )
    ensure_topics(settings)
    sent = list[int]()

    def wave() -> None:
        events = traffic(WAVE, namespace=namespace, end=time.time(), seed=len(sent))
        publish(settings, events)
        sent.append(sum(getattr(event, "times", 1) for event in events))

    def further(than: Figures) -> None:
        wait_until("more is counted", lambda: live(settings).lookups > than.lookups, timeout_s=60)

    wave()
    first, second = servers.add_worker("decisions", "run"), servers.add_worker("decisions", "run")
    further(Figures())
    wave()
    first.kill()
    before = live(settings)
    wave()
    further(before)
    servers.kill("redis")
    wave()
    servers.start("redis")
    third = servers.add_worker("decisions", "run")  # partitions move to it
    wait_until("it has partitions", lambda: with_partitions(settings) == 2, timeout_s=60)
    servers.kill("kafka")
    servers.start("kafka")
    wave()
    second.kill()
    wave()
    truth = counted(recount(settings))
    assert sum(truth[name] for name in ("lookups", "right.shadow", "wrong.shadow", "unjudged.shadow")) == sum(sent)
    try:
        wait_until("all is counted", lambda: counted(live(settings)) == truth, timeout_s=200)
    except AssertionError as failed:
        raise AssertionError(f"{failed}: {counted(live(settings))} of {truth}\n{servers.logs()}") from failed
    third.terminate()
    assert third.wait(30) == 0
    assert counted(live(settings)) == truth
