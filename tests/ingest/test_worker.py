"""A worker among others: sharing, stopping, replaying, and services that go away."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import redis as redis_py
from pydantic import SecretStr

from semcache.cache import SemanticCache
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.embed import Embedder
from semcache.errors import ConfigurationError, KafkaUnavailable
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.http import serving
from semcache_ingest.publish import EventPublisher
from semcache_ingest.status import group_status
from semcache_ingest.worker.assemble import RunOptions, open_worker
from semcache_ingest.worker.bounds import Start
from tests.ingest.conftest import BOTH_PROTOCOLS, Run, Running
from tests.ingest.producing import AT, delete, message, send, send_events, upsert
from tests.ingest.state import difference, state
from tests.waiting import wait_until

Drain = Callable[..., Running]


def applied(worker: Running) -> float:
    return worker.count("semcache_ingest_records_total", outcome="applied")


def with_redis(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"redis": settings.redis.model_copy(update={"url": url})})


def test_changed_document_takes_its_cached_answers_with_it_within_a_second(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, run: Run
) -> None:
    """A question, its paraphrase, the document's change on Kafka, the question again: HIT, then a miss within 1 s."""
    caches = [
        SemanticCache(redis, embedder=fast_embedder, namespace=settings.namespace, scope={"tenant": tenant})
        for tenant in ("acme", "umbra")
    ]
    with run() as worker, EventPublisher(settings) as publisher:
        publisher.publish(upsert("kettle", 1, "Descale the kettle monthly."), confirm_s=10)
        wait_until("the document is there", lambda: applied(worker) == 1)
        for cache in caches:
            cache.store("How often must I descale the kettle?", "Monthly.", sources={"kettle": 1})
            assert cache.lookup("how often must I descale the kettle")
        publisher.publish(upsert("kettle", 2, "Descale the kettle weekly."), confirm_s=10)
        acknowledged = time.monotonic()
        wait_until("the answers are gone", lambda: not any(list(cache.entries()) for cache in caches), timeout_s=5)
        assert time.monotonic() - acknowledged < 1.0
        assert not any(cache.lookup("How often must I descale the kettle?") for cache in caches)
        assert worker.count("semcache_ingest_invalidated_answers_total") == 2


def test_deleted_document_takes_its_answers_with_it_and_stays_deleted(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """After a delete, a late older version does not bring the document back."""
    send_events(settings, [upsert("kettle", 1, "Monthly."), delete("kettle", 3), upsert("kettle", 2, "Weekly.")])
    worker = drain()
    assert KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace).get("kettle") is None
    assert worker.count("semcache_ingest_records_total", outcome="stale") == 1


def test_feedback_counts_once_however_often_it_arrives(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """A verdict on an answer reaches the scope that holds it, once; an answer that two reject is served no more."""
    cache = SemanticCache(redis, embedder=fast_embedder, namespace=settings.namespace, scope={"tenant": "acme"})
    entry = cache.store("What is the capital of Assyria?", "I don't know that.")
    verdict = {"type": "feedback", "id": "f-1", "user": "ada", "entry": entry, "correct": False, "at": AT}
    send_events(settings, [verdict, verdict, verdict | {"id": "f-2"}])
    drain()
    assert cache.lookup("What is the capital of Assyria?")
    send_events(settings, [verdict | {"id": "f-3", "user": "ben"}])
    drain()
    assert cache.stats().rejected == 1
    assert not cache.lookup("What is the capital of Assyria?")


def test_ended_session_leaves_short_term_memory_only(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """The window of an ended session is empty; what was said in it is remembered, and what is said later is there."""
    over = {"type": "session_ended", "id": "e", "user": "ada", "session": "s", "at": message(1)["at"]}
    send_events(settings, [message(0, text="I like figs."), over, message(5, text="Me again.")])
    drain()
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
    assert [turn.text for turn in memory.window("s")] == ["Me again."]
    assert memory.recall("figs", k=1)[0].turn.text == "I like figs."


@BOTH_PROTOCOLS
def test_two_workers_share_the_load_and_lose_nothing_when_one_leaves(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, run: Run
) -> None:
    """Partitions move to a second worker and back; every message is applied once."""
    users = [f"u{n}" for n in range(12)]
    with run() as first:
        send_events(settings, [message(n, user=user) for n in range(10) for user in users])
        with run() as second:
            wait_until("the second one works", lambda: bool(second.worker.partitions))
            send_events(settings, [message(n, user=user) for n in range(10, 20) for user in users])
            wait_until("both have partitions", lambda: bool(first.worker.partitions))
        send_events(settings, [message(n, user=user) for n in range(20, 30) for user in users])
        wait_until("all is applied", lambda: group_status(settings).lag == 0)
    for user in users:
        memory = AgentMemory(redis, user=user, embedder=fast_embedder, namespace=settings.namespace)
        assert len(memory.window("s")) == 30
    assert applied(first) + applied(second) == 30 * len(users)


def test_replay_into_another_namespace_gives_the_same_state(
    settings: Settings, redis: redis_py.Redis, drain: Drain
) -> None:
    """What another group rebuilds from the log in another namespace equals the first state, byte by byte."""
    send_events(settings, [message(n, session=f"s{n % 3}", text=f"Remark {n % 5}.") for n in range(40)])
    send_events(settings, [upsert("a", 1, "One."), upsert("b", 4, "Two."), upsert("a", 2, "Three."), delete("b", 5)])
    drain()
    again = f"{settings.namespace}x"
    drain(RunOptions(group=f"rebuild-{again}", namespace=again, start=Start(from_beginning=True)))
    assert not difference(state(redis, settings.namespace), state(redis, again))


def test_from_beginning_applies_nothing_twice(settings: Settings, drain: Drain) -> None:
    """The same group reads its log again: everything is a duplicate or stale, and the offsets stay committed."""
    send_events(settings, [*(message(n) for n in range(5)), upsert("a", 1, "One.")])
    drain()
    again = drain(RunOptions(start=Start(from_beginning=True)))
    assert applied(again) == 0
    assert again.count("semcache_ingest_records_total") == 6
    assert group_status(settings).lag == 0


def test_since_starts_at_a_time(settings: Settings, drain: Drain) -> None:
    """With a time to start from, what is older is not read."""
    topic = settings.kafka.conversations_topic
    records = [
        {
            "topic": topic,
            "partition": 0,
            "key": "ada",
            "value": json.dumps(message(n)),
            "timestamp": 1_790_000_000_000 + n,
        }
        for n in range(10)
    ]
    send(settings, records)
    worker = drain(RunOptions(start=Start(since_ms=1_790_000_000_007)))
    assert worker.count("semcache_ingest_records_total") == 3


def test_records_of_an_aborted_transaction_are_not_applied(settings: Settings, drain: Drain) -> None:
    """Only committed transactions count, and their markers do not keep the worker from catching up."""
    from semcache_ingest.kafka.clients import open_producer

    producer = open_producer(settings.kafka, **{"transactional.id": settings.namespace})
    producer.init_transactions(30)
    for number, commit in enumerate((True, False, True, False)):
        producer.begin_transaction()
        producer.produce(settings.kafka.conversations_topic, json.dumps(message(number)), "ada")
        producer.flush(10)
        producer.commit_transaction() if commit else producer.abort_transaction()
    assert applied(drain()) == 2
    assert group_status(settings).lag == 0


def test_redis_that_is_away_is_waited_for(
    settings: Settings, fast_embedder: Embedder, run: Run, tmp_path: Path
) -> None:
    """A worker that finds no Redis says so, loses nothing, and goes on when Redis comes."""
    server = RedisServer(tmp_path / "late", free_port())
    elsewhere = with_redis(settings, server.address)
    send_events(settings, [message(n) for n in range(3)])
    with run(settings=elsewhere) as worker:
        wait_until("the worker complains", lambda: "Redis" in worker.worker.health().get("pipeline", ""))
        process = server.start(tied=True)
        try:
            wait_until("all is applied", lambda: applied(worker) == 3)
            wait_until("the worker is content", lambda: not worker.worker.health())
        finally:
            process.kill()


@pytest.mark.parametrize("what_is_left", ["nothing", "an old snapshot"])
def test_redis_that_lost_a_part_is_caught_up_from_the_log(
    what_is_left: str, settings: Settings, fast_embedder: Embedder, run: Run, tmp_path: Path
) -> None:
    """Redis without a log of its own dies and comes back with less: the worker notices, and reads that part again."""
    server = RedisServer(tmp_path / "forgetful", free_port(), extra={"appendonly": "no"})
    elsewhere = with_redis(settings, server.address)
    process = server.start(tied=True)
    server.wait_ready(process)
    redis = redis_py.Redis.from_url(server.address)
    try:
        with run(settings=elsewhere) as worker:
            send_events(settings, [message(n) for n in range(10)])
            wait_until("half is committed", lambda: group_status(settings).lag == 0 and applied(worker) == 10)
            if what_is_left == "an old snapshot":
                redis.save()
            send_events(settings, [message(n) for n in range(10, 20)])
            wait_until("all is committed", lambda: group_status(settings).lag == 0 and applied(worker) == 20)
            process.kill()
            process = server.start(tied=True)
            server.wait_ready(process)
            memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
            wait_until("all is there again", lambda: len(memory.window("s")) == 20)
            assert worker.count("semcache_ingest_rollbacks_total") > 0
    finally:
        process.kill()


def test_redis_restored_while_no_worker_ran_is_caught_up_at_the_start(
    settings: Settings, fast_embedder: Embedder, drain: Drain, tmp_path: Path
) -> None:
    """A Redis restored from a backup holds less than Kafka's committed offsets say: the next worker begins there."""
    server = RedisServer(tmp_path / "restored", free_port(), extra={"appendonly": "no"})
    elsewhere = with_redis(settings, server.address)
    process = server.start(tied=True)
    server.wait_ready(process)
    redis = redis_py.Redis.from_url(server.address)
    try:
        send_events(settings, [message(n) for n in range(5)])
        drain(settings=elsewhere)
        redis.save()
        send_events(settings, [message(n) for n in range(5, 10)])
        drain(settings=elsewhere)
        process.kill()
        process = server.start(tied=True)
        server.wait_ready(process)
        drain(settings=elsewhere)
        memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
        assert len(memory.window("s")) == 10
    finally:
        process.kill()


def test_durability_aof_commits_what_is_on_disk(settings: Settings, drain: Drain, tmp_path: Path) -> None:
    """With durability aof, offsets are committed after Redis has written its log to disk."""
    server = RedisServer(tmp_path / "durable", free_port())
    ingest = settings.ingest.model_copy(update={"durability": "aof"})
    process = server.start(tied=True)
    server.wait_ready(process)
    try:
        send_events(settings, [message(n) for n in range(5)])
        worker = drain(settings=with_redis(settings, server.address).model_copy(update={"ingest": ingest}))
        assert applied(worker) == 5
        assert worker.count("semcache_ingest_batch_seconds_count", stage="confirm") > 0
        assert group_status(settings).lag == 0
    finally:
        process.kill()


def test_durability_aof_without_an_append_only_file_says_what_to_change(
    settings: Settings, run: Run, tmp_path: Path
) -> None:
    """Redis that keeps no log on disk cannot confirm one: the worker says what to change, and commits nothing."""
    server = RedisServer(tmp_path / "fleeting", free_port(), extra={"appendonly": "no"})
    ingest = settings.ingest.model_copy(update={"durability": "aof"})
    elsewhere = with_redis(settings, server.address).model_copy(update={"ingest": ingest})
    process = server.start(tied=True)
    server.wait_ready(process)
    try:
        send_events(settings, [message(0)])
        with run(settings=elsewhere) as worker:
            wait_until("the worker complains", lambda: "appendonly yes" in worker.worker.health().get("pipeline", ""))
        assert group_status(settings).lag == 1
    finally:
        process.kill()


def test_no_broker_is_a_clear_error_within_seconds(settings: Settings, fast_embedder: Embedder) -> None:
    """Without Kafka a worker does not start: one error, that says where it looked and how to start one."""
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    started = time.monotonic()
    with (
        pytest.raises(KafkaUnavailable, match="semcache up"),
        open_worker(settings.model_copy(update={"kafka": kafka}), embedder=fast_embedder),
    ):
        pass
    assert time.monotonic() - started < 10


def test_wrong_client_setting_is_a_configuration_error(settings: Settings, fast_embedder: Embedder) -> None:
    """A librdkafka property that does not exist is named."""
    kafka = settings.kafka.model_copy(update={"client": {"no.such.thing": SecretStr("1")}})
    with (
        pytest.raises(ConfigurationError, match=r"no\.such\.thing"),
        open_worker(settings.model_copy(update={"kafka": kafka}), embedder=fast_embedder),
    ):
        pass


def test_health_and_metrics_are_served(run: Run) -> None:
    """/healthz and /readyz answer 200 once the worker works, /metrics has its metrics, anything else is 404."""
    with (
        run() as worker,
        serving("127.0.0.1", 0, health=worker.worker.health, registry=worker.metrics.registry) as port,
    ):
        base = f"http://127.0.0.1:{port}"
        wait_until("the worker is ready", lambda: _status(f"{base}/readyz") == 200)
        assert _status(f"{base}/healthz") == 200
        assert b"semcache_ingest_inflight_records" in urllib.request.urlopen(f"{base}/metrics").read()
        assert _status(f"{base}/") == 404


def test_not_ready_says_what_is_wrong(run: Run, settings: Settings) -> None:
    """While Redis is away /readyz is 503 and names the cause; /healthz stays 200, for a restart would not help."""
    nowhere = with_redis(settings, f"redis://127.0.0.1:{free_port()}/0")
    send_events(settings, [message(0)])
    with (
        run(settings=nowhere) as worker,
        serving("127.0.0.1", 0, health=worker.worker.health, registry=worker.metrics.registry) as port,
    ):
        wait_until("the worker complains", lambda: "pipeline" in worker.worker.health())
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz")
        assert caught.value.code == 503
        assert "Redis" in json.loads(caught.value.read())["wrong"]["pipeline"]
        assert _status(f"http://127.0.0.1:{port}/healthz") == 200


def _status(url: str) -> int:
    try:
        return int(urllib.request.urlopen(url).status)
    except urllib.error.HTTPError as error:
        return error.code
