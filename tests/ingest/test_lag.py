"""What operators see: how far behind, for how long, and what nobody will ever read."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from semcache.devstack.ports import free_port
from semcache.settings import Settings
from semcache_ingest.kafka.clients import open_admin
from semcache_ingest.records import Record
from semcache_ingest.worker.lag import lost
from semcache_ingest.worker.progress import Assignment
from tests.conftest import Clock
from tests.ingest.conftest import Run, Running
from tests.ingest.producing import message, send, send_events
from tests.ingest.test_worker import with_redis
from tests.waiting import wait_until

HOUR_S = 3600
PARTITION = ("t", 0)


def records(*offsets: int, seconds: float = 0.0) -> list[Record]:
    return [Record("t", 0, n, None, None, timestamp_ms=int(seconds * 1000)) for n in offsets]


def assigned(committed: int | None, clock: Clock) -> Assignment:
    assignment = Assignment(clock)
    assignment.add(PARTITION, committed=committed)
    return assignment


def test_age_is_that_of_the_oldest_record_not_applied(clock: Clock) -> None:
    """Not of the last one that was: a record that came just now after a quiet hour is no hour behind."""
    progress = (assignment := assigned(5, clock))[PARTITION]
    assert progress.behind_s(1000.0, elapsed_s=3.0) == 3.0
    assignment.took(PARTITION, records(5, 6, seconds=100))
    assignment.took(PARTITION, records(7, seconds=990))
    assert progress.behind_s(1000.0, elapsed_s=3.0) == 900.0
    assignment.applied(PARTITION, 7)
    assert progress.behind_s(1000.0, elapsed_s=3.0) == 10.0
    assert progress.behind_s(980.0, elapsed_s=3.0) == 0.0


@given(st.integers(0, 20), st.lists(st.integers(1, 4), max_size=20), st.integers(0, 60), st.data())
def test_lost_is_what_never_came_and_lies_before_the_beginning(
    start: int, steps: list[int], beginning: int, data: st.DataObject
) -> None:
    """However the log has gaps and is cut into batches: each missing offset counts once if retention removed it."""
    offsets = [start + sum(steps[: n + 1]) - 1 for n in range(len(steps))]
    assignment = assigned(start, Clock())
    left = records(*offsets)
    while left:
        size = data.draw(st.integers(1, len(left)))
        assignment.took(PARTITION, left[:size])
        left = left[size:]
    end = (offsets[-1] + 1 if offsets else start) + data.draw(st.integers(0, 3))
    assignment.reached_end(PARTITION, end)
    missing = set(range(start, end)) - set(offsets)
    gaps = assignment[PARTITION].gaps
    assert lost(gaps, beginning) == len({offset for offset in missing if offset < beginning})
    assert lost(gaps, 0) == 0


def test_without_a_committed_offset_nothing_is_missing(clock: Clock) -> None:
    """A new group begins where the log does; after a rewind what is missing counts again."""
    assignment = assigned(None, clock)
    assignment.took(PARTITION, records(40, 41))
    assert assignment[PARTITION].gaps == []
    assignment.rewind(PARTITION, 30)
    assignment.took(PARTITION, records(40))
    assert assignment[PARTITION].gaps == [(30, 40)]


def test_lag_in_seconds_is_right_before_anything_was_applied(settings: Settings, run: Run) -> None:
    """Redis is away from the start, the records are an hour old: the metric to alert on says so at once."""
    nowhere = with_redis(settings, f"redis://127.0.0.1:{free_port()}/0")
    old_ms = int((time.time() - HOUR_S) * 1000)
    topic = settings.kafka.conversations_topic
    send(
        settings, [{"topic": topic, "key": "u", "value": json.dumps(message(n)), "timestamp": old_ms} for n in range(9)]
    )
    with run(settings=nowhere) as worker:
        largest = "kafka_consumergroup_group_max_lag_seconds"
        wait_until("it is an hour behind", lambda: HOUR_S <= worker.count(largest) < HOUR_S + 120)
        assert worker.count("kafka_consumergroup_group_lag") == 9
        assert worker.count("kafka_consumergroup_group_lag_seconds", topic=topic) >= HOUR_S
        assert worker.count("kafka_consumergroup_group_lag_seconds", topic=settings.kafka.knowledge_topic) == 0


@pytest.mark.parametrize("left", [4, 0], ids=["some", "none"])
def test_what_retention_removed_is_one_line_and_a_counter(
    settings: Settings, drain: Callable[..., Running], run: Run, caplog: pytest.LogCaptureFixture, left: int
) -> None:
    """Six applied, ten more said while no worker ran, all but the last few removed: topic, partition and number."""
    kafka = settings.kafka.model_copy(update={"conversations_topic": f"{settings.namespace}.one", "partitions": 1})
    one = settings.model_copy(update={"kafka": kafka})
    drain(settings=one)
    send_events(one, [message(n) for n in range(6)])
    assert drain(settings=one).metrics.totals() == {"applied": 6}
    send_events(one, [message(n) for n in range(6, 16)])
    cut = TopicPartition(kafka.conversations_topic, 0, 16 - left)
    admin = open_admin(kafka)  # it has to live until the answer is there
    for answer in admin.delete_records([cut]).values():
        answer.result(30)
    with caplog.at_level(logging.ERROR), run(settings=one) as worker:
        name = "semcache_ingest_lost_offsets_total"
        wait_until("it is counted", lambda: worker.count(name) > 0)
        wait_until("the rest is applied", lambda: worker.metrics.totals().get("applied", 0) == left)
        assert worker.count(name, topic=kafka.conversations_topic, partition="0") == worker.count(name) == 10 - left
    lines = [r.getMessage() for r in caplog.records if "retention" in r.getMessage()]
    assert len(lines) == 1
    assert f"{kafka.conversations_topic}:0: {10 - left} offsets from 6" in lines[0]


def test_compaction_is_no_loss(settings: Settings, clock: Clock) -> None:
    """Gaps in a log whose beginning is still there are what compaction and transactions leave."""
    assignment = assigned(0, clock)
    assignment.took(PARTITION, [replace(record) for record in records(0, 3, 9)])
    assert lost(assignment[PARTITION].gaps, 0) == 0
