"""The parts of the ingestor that need no server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigurationError, InvalidInput, Unavailable
from semcache.settings import KafkaSettings, load_settings
from semcache_ingest.events import parse_event, routing_key
from semcache_ingest.handlers.plan import Incoming, runs
from semcache_ingest.kafka.clients import (
    Throttled,
    common_config,
    consumer_config,
    open_producer,
    producer_config,
    reader_config,
    share_config,
)
from semcache_ingest.kafka.topics import wanted_topics
from semcache_ingest.metrics import Metrics
from semcache_ingest.moments import moment_of
from semcache_ingest.records import Record
from semcache_ingest.worker.batch import Batch
from semcache_ingest.worker.bisect import Done, Failed, apply_or_bisect
from semcache_ingest.worker.pace import Pace
from semcache_ingest.worker.pipeline import AHEAD, Pipeline
from semcache_ingest.worker.progress import Assignment
from tests.conftest import Clock
from tests.ingest.producing import AT, message, upsert
from tests.waiting import wait_until


@hypothesis.settings(deadline=None)
@given(st.lists(st.booleans(), max_size=64))
def test_bisection_finds_exactly_the_items_that_fail(bad: list[bool]) -> None:
    """Whatever items fail, they and only they are found, and the results keep the order of the items."""

    def apply(items: Sequence[int]) -> list[int]:
        if any(bad[item] for item in items):
            raise ValueError("poison")
        return [item * 10 for item in items]

    results = apply_or_bisect(range(len(bad)), apply)
    assert [isinstance(result, Failed) for result in results] == bad
    assert [r.result for r in results if isinstance(r, Done)] == [n * 10 for n, b in enumerate(bad) if not b]


def test_one_poison_item_among_a_thousand_costs_few_attempts() -> None:
    """Halving needs about two attempts for each halving of a thousand."""
    attempts = 0

    def apply(items: Sequence[int]) -> Sequence[int]:
        nonlocal attempts
        attempts += 1
        if 617 in items:
            raise ValueError("poison")
        return items

    apply_or_bisect(range(1000), apply)
    assert attempts <= 21


def test_outage_is_not_bisected() -> None:
    """An error that is not about the items is raised at once."""

    def apply(items: Sequence[int]) -> Sequence[int]:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        apply_or_bisect([1, 2, 3], apply, fatal=(Unavailable,))


class Nothing:
    def plan(self, arrivals: Sequence[Incoming], *, after: Any = None) -> Any: ...
    def write(self, plan: Any, vectors: Any) -> Any: ...


@hypothesis.settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["message", "document_upserted", "user_erased"]), st.integers(0, 3))))
def test_runs_keep_the_order_of_each_key(kinds: list[tuple[str, int]]) -> None:
    """However events are gathered by handler, those of one key are applied in the order of the log, each once."""
    handlers = {"message": Nothing(), "document_upserted": Nothing(), "user_erased": Nothing()}
    arrivals = [(place, incoming(kind, key)) for place, (kind, key) in enumerate(kinds)]
    gathered = runs(arrivals, handlers)
    applied = [place for run in gathered for place in run.places]
    assert sorted(applied) == list(range(len(kinds)))
    by_key: dict[str, list[int]] = {}
    for place in applied:
        by_key.setdefault(routing_key(arrivals[place][1].event), []).append(place)
    assert all(places == sorted(places) for places in by_key.values())
    assert all(arrivals[p][1] is run.arrivals[i] for run in gathered for i, p in enumerate(run.places))


def incoming(kind: str, key: int) -> Incoming:
    fields = {
        "message": message(key, user=f"k{key}"),
        "document_upserted": upsert(f"k{key}", 1, "text"),
        "user_erased": {"type": "user_erased", "id": "e", "user": f"k{key}", "at": AT},
    }
    return Incoming(parse_event(fields[kind]), Record("t", 0, 0, None, None))


def test_events_of_one_handler_are_one_run_where_keys_allow() -> None:
    """Messages of other users join the first run, across an erasure; those of the erased user do not."""
    handlers = {"message": Nothing(), "user_erased": Nothing()}
    kinds = [("message", 0), ("user_erased", 0), ("message", 1), ("message", 0)]
    gathered = runs([(n, incoming(*kind)) for n, kind in enumerate(kinds)], handlers)
    assert [run.places for run in gathered] == [[0, 2], [1], [3]]


def test_commit_is_asked_for_once_and_again_after_silence(clock: Clock) -> None:
    """An offset is committed once; if Kafka does not answer it is asked again, and a new offset at once."""
    assignment = Assignment(clock)
    partition = ("t", 0)
    assignment.add(partition, committed=5)
    assert assignment.to_commit() == {}
    assignment.applied(partition, 8)
    assert assignment.to_commit() == {partition: 8}
    assert assignment.to_commit() == {}
    clock.advance(3)
    assert assignment.to_commit() == {partition: 8}
    assignment.committed(partition, 8)
    clock.advance(3)
    assert assignment.to_commit(all_of_it=True) == {}


def test_partition_that_went_away_is_not_committed() -> None:
    """What is applied after a partition was given up is somebody else's to commit."""
    assignment = Assignment()
    assignment.add(("t", 0), committed=None)
    assignment.remove([("t", 0)])
    assignment.applied(("t", 0), 8)
    assert assignment.to_commit() == {}


def test_end_of_the_log_counts_only_while_nothing_that_was_taken_is_missing() -> None:
    """Records that were taken and dropped, as when a partition moves, are not committed past at the end of the log."""
    assignment, partition = Assignment(), ("t", 0)
    assignment.add(partition, committed=5)
    assignment.took(partition, [Record("t", 0, n, None, None) for n in (5, 6, 7)])
    assignment.reached_end(partition, 8)
    assignment.apply_ends()
    assert assignment.to_commit(all_of_it=True) == {}
    assert not assignment[partition].reached(8)
    assignment.applied(partition, 8)
    assignment.reached_end(partition, 9)
    assignment.apply_ends()
    assert assignment.to_commit(all_of_it=True) == {partition: 9}
    assert assignment[partition].reached(9)


def test_offsets_of_partitions_that_stay_are_not_taken_for_asked() -> None:
    """When one partition moves, the offsets of the others are still to be asked for."""
    assignment = Assignment()
    for number in (0, 1):
        assignment.add(("t", number), committed=None)
        assignment.applied(("t", number), 8)
    assert assignment.to_commit(all_of_it=True, among=[("t", 0)]) == {("t", 0): 8}
    assert assignment.to_commit() == {("t", 1): 8}


def test_two_batches_are_prepared_ahead_and_all_are_written_in_order() -> None:
    """While one batch is written two more are prepared, and no third: no more is missing from Redis."""
    prepared: list[Batch] = []
    written: list[Batch] = []
    may_write = threading.Semaphore(0)

    def write(batch: Batch) -> None:
        may_write.acquire()
        written.append(batch)

    pipeline = Pipeline(
        [("prepare", prepared.append), ("write", write)],
        confirm=lambda: None,
        lost=lambda partitions: {},
        metrics=Metrics(),
    )
    batches = [Batch(("t", 0), [Record("t", 0, n, None, None)]) for n in range(6)]
    pipeline.start()
    try:
        for batch in batches[:4]:
            wait_until("there is room", pipeline.has_room)
            assert pipeline.submit(batch)
        wait_until("three are prepared", lambda: len(prepared) == 1 + AHEAD)
        assert not pipeline.has_room()
        may_write.release(len(batches))
        for batch in batches[4:]:
            wait_until("there is room again", pipeline.has_room)
            assert pipeline.submit(batch)
        wait_until("all are written", lambda: pipeline.in_flight() == 0)
    finally:
        may_write.release()
        pipeline.close()
    assert prepared == written == pipeline.finished() == batches


def test_pace_follows_what_a_batch_takes() -> None:
    """Slow records make small batches, fast ones large batches, within the limits."""
    pace = Pace(500, target_s=0.5)
    for _ in range(30):
        pace.saw(100, seconds=1.0)
    assert pace.size == 50
    for _ in range(60):
        pace.saw(100, seconds=0.001)
    assert pace.size == 500
    for _ in range(30):
        pace.saw(100, seconds=100)
    assert pace.size == Pace.SMALLEST


def test_repeated_log_lines_are_throttled(clock: Clock) -> None:
    """The same line with other numbers comes once in 30 s; another line comes at once."""
    throttle = Throttled(clock=clock)

    def passes(text: str) -> bool:
        return throttle.filter(logging.LogRecord("", 30, "", 0, text, (), None))

    assert [passes("broker 1 is down"), passes("broker 2 is down"), passes("all brokers are down")] == [
        True,
        False,
        True,
    ]
    clock.advance(31)
    assert passes("broker 1 is down")


def test_guarantees_cannot_be_configured_away() -> None:
    """Own properties are added, but what exactly-once effect rests on stays."""
    own = {"enable.auto.commit": "true", "isolation.level": "read_uncommitted", "enable.idempotence": "false"}
    kafka = kafka_with(client=own | {"sasl.username": "me"})
    consumer, producer = consumer_config(kafka, group="g"), producer_config(kafka)
    assert (consumer["enable.auto.commit"], consumer["isolation.level"]) == (False, "read_committed")
    assert (producer["enable.idempotence"], producer["acks"]) == (True, "all")
    assert consumer["sasl.username"] == producer["sasl.username"] == "me"


def kafka_with(**fields: object) -> KafkaSettings:
    return load_settings(kafka=fields).kafka


def test_each_kind_of_client_gets_what_it_understands() -> None:
    """A property in `client` is for all that know it; the role's own table adds to it and wins."""
    kafka = kafka_with(
        client={"socket.keepalive.enable": "true", "linger.ms": "7", "fetch.min.bytes": "9", "client.id": "all"},
        consumer={"max.poll.interval.ms": "600000", "group.instance.id": "pod-0", "client.id": "reads"},
        producer={"compression.type": "lz4"},
        admin={"client.id": "asks"},
    )
    member, reader = consumer_config(kafka, group="g"), reader_config(kafka, group="g")
    shared, producer, admin = (
        share_config(kafka, group="g", at_once=1),
        producer_config(kafka),
        common_config(kafka, "admin"),
    )
    every = (member, reader, shared, producer, admin)
    assert all(config["socket.keepalive.enable"] == "true" for config in every)
    assert [config["client.id"] for config in every] == ["reads", "reads", "reads", "all", "asks"]
    assert [config.get("linger.ms") for config in every] == [None, None, None, "7", None]
    assert [config.get("fetch.min.bytes") for config in every] == ["9", "9", "9", None, None]
    assert [config.get("group.instance.id") for config in every] == ["pod-0", None, None, None, None]
    assert [config.get("max.poll.interval.ms") for config in every] == ["600000", None, "600000", None, None]
    assert producer["compression.type"] == "lz4"


@pytest.mark.parametrize(
    "kafka",
    [
        {"group_protocol": "classic"},
        {"client": {"group.protocol": "classic"}},
        {"group_protocol": "consumer", "consumer": {"group.protocol": "classic"}},
    ],
)
def test_the_classic_protocol_moves_partitions_one_by_one(kafka: dict[str, object]) -> None:
    """Wherever it is asked for; what only it allows may then be set, and with the other one is refused by name."""
    more = {"session.timeout.ms": "10000", "partition.assignment.strategy": "range"}
    config = consumer_config(kafka_with(**kafka | {"consumer": more | dict(kafka.get("consumer", {}))}), group="g")  # type: ignore[call-overload]
    assert (config["group.protocol"], config["session.timeout.ms"]) == ("classic", "10000")
    assert config["partition.assignment.strategy"] == "cooperative-sticky"
    with pytest.raises(ConfigurationError, match=r"session\.timeout\.ms.*group_protocol"):
        consumer_config(kafka_with(consumer=more), group="g")


def test_secrets_of_clients_come_from_files(tmp_path: Path) -> None:
    """`<property>_file` names a file; its line break is not part of the secret. One that is missing is named."""
    (tmp_path / "secret").write_text("pässword \n")
    kafka = kafka_with(client={"sasl.password_file": str(tmp_path / "secret")})
    assert producer_config(kafka)["sasl.password"] == "pässword "
    with pytest.raises(ConfigurationError, match="nowhere"):
        producer_config(kafka_with(client={"sasl.password_file": str(tmp_path / "nowhere")}))


@pytest.mark.parametrize("path", ["no.such.module:x", "json:nothing", "json:__name__"])
def test_a_callback_that_does_not_load_is_named(path: str) -> None:
    """A module, a name in it, or a thing that cannot be called: the setting and the path are told."""
    with pytest.raises(ConfigurationError, match=f"kafka.token_callback.*{path}"):
        producer_config(kafka_with(token_callback=path))


def test_a_wrong_property_is_told_with_its_tables() -> None:
    """The error says in which tables to look."""
    with pytest.raises(ConfigurationError, match=r"\[kafka\.client\] or \[kafka\.producer\].*no\.such"):
        open_producer(kafka_with(client={"no.such": "1"}))


def test_topics_are_made_with_as_many_replicas_in_sync_as_asked_for() -> None:
    """`kafka.min_insync_replicas` goes into every topic; 0 leaves it to the brokers."""
    for number, expected in ((2, {"2"}), (0, {None})):
        wanted = wanted_topics(load_settings(kafka={"min_insync_replicas": number}), group="g")
        assert {topic.config.get("min.insync.replicas") for topic in wanted} == expected


def test_dead_letters_are_kept_longer_than_their_source() -> None:
    """Three times as long as conversations, and for ever where the source is compacted."""
    topics = {topic.name: topic.config for topic in wanted_topics(load_settings(), group="g")}
    source = int(topics["semcache.conversations"]["retention.ms"])
    assert int(topics["dlq.g.semcache.conversations"]["retention.ms"]) == 3 * source
    assert topics["semcache.knowledge"]["cleanup.policy"] == "compact"
    assert topics["dlq.g.semcache.knowledge"]["retention.ms"] == "-1"


NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("1.5d", NOW - timedelta(hours=36)),
        ("2026-11-22T08:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T08:00+02:00", datetime(2026, 11, 22, 6, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: datetime) -> None:
    """Durations ago and ISO 8601 times."""
    assert moment_of(text, NOW) == meant


@pytest.mark.parametrize("text", ["soon", "2x", "", "99999999999d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Anything else is an error that shows how to write one."""
    with pytest.raises(InvalidInput, match="2h"):
        moment_of(text, NOW)
