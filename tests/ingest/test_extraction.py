"""Facts read by a language model, off the main path: a share group, the model's outages, and what it cannot read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.embed import Embedder
from semcache.errors import ConfigurationError, InvalidInput, LlmUnavailable, Quarantine
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.deadletters.letters import Letters
from semcache_ingest.extraction.assemble import Extraction, open_extractor
from semcache_ingest.extraction.verdict import Verdict, verdict_of
from semcache_ingest.kafka.topics import ensure_topics
from tests.ingest.conftest import Running
from tests.ingest.producing import message, read_all, send, send_events
from tests.llm.server import FakeOpenAi, Messages, Trouble, serving
from tests.waiting import wait_until as wait_within

Drain = Callable[..., Running]
wait_until = partial(wait_within, timeout_s=90.0)  # a share group's first records take seconds


def reads(messages: Messages) -> str:
    """A model that finds a home in "... Porto it is", answers in prose about riddles, and finds nothing else."""
    text = messages[-1]["content"]
    if "riddle" in text:
        return "I would rather not."
    facts = [{"turn": 1, "attribute": "home", "value": "Porto"}] if "Porto" in text else []
    return json.dumps({"facts": facts})


@pytest.fixture
def model() -> Iterator[FakeOpenAi]:
    with serving() as server:
        server.reply = reads
        yield server


@pytest.fixture
def reading(settings: Settings, model: FakeOpenAi) -> Settings:
    """An installation with a language model."""
    return with_model(settings, model)


def with_model(settings: Settings, model: FakeOpenAi) -> Settings:
    llm = settings.llm.model_copy(update={"model": "test-model", "base_url": model.base_url, "max_retries": 0})
    extract = settings.extract.model_copy(update={"group": f"x-{settings.namespace}", "attempts": 2})
    return settings.model_copy(update={"llm": llm, "extract": extract})


@contextmanager
def extracting(settings: Settings, *, workers: int = 1) -> Iterator[list[Extraction]]:
    """Extractors on threads, stopped in order at the end."""
    stop = threading.Event()
    with ExitStack() as stack:
        running = [stack.enter_context(open_extractor(settings)) for _ in range(workers)]
        threads = [threading.Thread(target=extraction.run, args=[stop]) for extraction in running]
        for thread in threads:
            thread.start()
        try:
            yield running
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)


def count(extraction: Extraction, verdict: Verdict) -> float:
    return float(extraction.metrics.records.labels(verdict.value)._value.get())


def extracted(settings: Settings) -> list[dict[str, Any]]:
    """The events that tell what was read."""
    events = [json.loads(m.value() or b"{}") for m in read_all(settings, settings.kafka.conversations_topic)]
    return [event for event in events if isinstance(event, dict) and event.get("type") == "facts_extracted"]


@pytest.mark.parametrize(
    ("error", "deliveries", "verdict"),
    [
        (None, 1, Verdict.ACCEPT),
        (LlmUnavailable("away"), 1, Verdict.RELEASE),
        (LlmUnavailable("away"), 4, Verdict.RELEASE),
        (LlmUnavailable("away"), 5, Verdict.REJECT),
        (ConfigurationError("wrong key"), 1, Verdict.RELEASE),
        (Quarantine("no event"), 1, Verdict.REJECT),
        (InvalidInput("too long for the model"), 1, Verdict.REJECT),
        (ZeroDivisionError(), 1, Verdict.REJECT),
    ],
)
def test_outages_are_tried_again_and_faults_are_not(error: Exception | None, deliveries: int, verdict: Verdict) -> None:
    """What a delivery becomes depends on whose fault the error is, and on how often it was tried."""
    assert verdict_of(error, count=deliveries, attempts=5) is verdict


def test_without_a_language_model_nothing_starts(settings: Settings) -> None:
    """The answerer that quotes reads no facts: the error says what to set."""
    with pytest.raises(ConfigurationError, match="SEMCACHE_LLM_MODEL"), open_extractor(settings):
        pass


def test_what_the_model_reads_becomes_the_users_facts(
    reading: Settings, model: FakeOpenAi, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """Messages go to the model, its facts back through Kafka into memory; a replay of the log asks no model again."""
    said = [message(0, text="Everything is unpacked, Porto it is."), message(1, text="Congratulations!")]
    send_events(reading, said)
    with extracting(reading) as (extraction,):
        wait_until("both are done", lambda: count(extraction, Verdict.ACCEPT) >= 2)
    assert len(model.requests) == 1, "the assistant is not asked about"
    drain()
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=reading.namespace)
    assert [(fact.attribute, fact.value) for fact in memory.facts()] == [("home", "Porto")]
    assert [event["message"] for event in extracted(reading)] == [said[0]["id"]]
    assert len(model.requests) == 1


def test_facts_of_an_erased_user_are_refused(
    reading: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """What was read in a message whose user is erased meanwhile comes too late, and nothing of it is kept."""
    told = message(0, text="Porto it is.")
    send_events(reading, [told])
    with extracting(reading) as (extraction,):
        wait_until("it is read", lambda: count(extraction, Verdict.ACCEPT) >= 1)
    facts = extracted(reading)[0]
    send_events(reading, [{"type": "user_erased", "id": "e", "user": "ada", "at": told["at"]}, facts])
    worker = drain()
    assert worker.count("semcache_ingest_records_total", outcome="stale") == 1
    assert not list(redis.scan_iter(match=f"sc:{{m:{reading.namespace}:ada}}:claims"))


def test_an_outage_of_the_model_costs_one_delivery(reading: Settings, model: FakeOpenAi) -> None:
    """While the model is away nothing is taken or dead-lettered, however long it lasts; then everything is read."""
    model.then(*[Trouble("status", 503)] * 3)
    send_events(reading, [message(0, text="Porto it is.")])
    with extracting(reading) as (extraction,):
        wait_until("the outage is seen", lambda: bool(extraction.health()))
        wait_until("it is read", lambda: count(extraction, Verdict.ACCEPT) >= 1)
        assert not extraction.health()
    assert len(extracted(reading)) == 1
    assert list(Letters(reading, group=reading.extract.group).read()) == []


def test_what_the_model_cannot_read_is_dead_lettered_and_the_others_are_read(
    reading: Settings, model: FakeOpenAi
) -> None:
    """A message on which the model fails each time, and a record that is no event, are kept with their causes."""
    send(reading, [{"topic": reading.kafka.conversations_topic, "key": "ada", "value": b"[]"}])
    send_events(reading, [message(0, text="Here is a riddle."), message(2, text="Porto it is.")])
    with extracting(reading) as (extraction,):
        wait_until("two are rejected", lambda: count(extraction, Verdict.REJECT) >= 2)
        wait_until("one is read", lambda: count(extraction, Verdict.ACCEPT) >= 1)
    letters = {letter.error_class: letter for letter in Letters(reading, group=reading.extract.group).read()}
    assert letters.keys() == {"schema", "retryable"}
    assert "form" in letters["retryable"].cause
    assert [event["message"] for event in extracted(reading)] == [message(2)["id"]]


def test_more_workers_than_partitions_share_the_work(reading: Settings, model: FakeOpenAi) -> None:
    """Two partitions, three workers that read one message at a time: each of them has some."""
    model.reply = lambda messages: (threading.Event().wait(0.05), reads(messages))[1]
    one_each = reading.model_copy(update={"extract": reading.extract.model_copy(update={"threads": 1})})
    with extracting(one_each, workers=3) as workers:
        number = 0

        def all_have_some() -> bool:
            nonlocal number
            send_events(reading, [message(2 * n, user=f"u{n}") for n in range(number, number + 6)])
            number += 6
            return all(count(worker, Verdict.ACCEPT) for worker in workers)

        wait_until("each has read some", all_have_some)
        wait_until("all is read", lambda: len(model.requests) >= number)


def test_an_ordinary_group_takes_over_where_there_are_no_share_groups(
    settings: Settings, model: FakeOpenAi, tmp_path: Path
) -> None:
    """On a broker without share groups the same messages are read, outages waited for, and faults dead-lettered."""
    server = KafkaServer(tmp_path / "old", free_port(), features={"share.version": 0})
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": server.address})
        old = with_model(settings.model_copy(update={"kafka": kafka}), model)
        ensure_topics(old)
        model.then(*[Trouble("status", 503)])
        send_events(old, [message(0, text="Here is a riddle."), message(2, text="Porto it is.")])
        with extracting(old) as (extraction,):
            wait_until("one is rejected", lambda: count(extraction, Verdict.REJECT) >= 1)
            wait_until("one is read", lambda: count(extraction, Verdict.ACCEPT) >= 1)
        assert [event["message"] for event in extracted(old)] == [message(2)["id"]]
        assert [letter.error_class for letter in Letters(old, group=old.extract.group).read()] == ["retryable"]
    finally:
        process.kill()
