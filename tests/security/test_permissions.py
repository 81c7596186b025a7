"""The permissions in docs/security.md are enough, and none is in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from semcache.devstack import ports
from semcache.devstack.doctor.services import redis_facts
from semcache.devstack.kafka import KafkaServer, sasl_client, sasl_plain
from semcache.devstack.redis import RedisServer
from semcache.errors import ConfigurationError
from semcache.memory import AgentMemory
from semcache.settings import Settings, load_settings
from semcache.store import keys
from semcache.store.connect import connect
from semcache_ingest.courier import open_courier
from semcache_ingest.kafka.clients import open_admin, open_producer
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.publish import EventPublisher
from semcache_ingest.worker.assemble import RunOptions, open_worker
from tests.checks.conftest import Turning
from tests.ingest.conftest import Running
from tests.security.conftest import kafka_rules, redis_rules
from tests.security.flows import use_everything

SOURCES = Path(keys.__file__).parents[2]
PASSWORDS = {"admin": "admin-secret", "worker": "worker-secret", "producer": "producer-secret"}
# For a URL with a database, `durability = "replica"`, a scope that has learned ten thousand pairs, the demonstration,
# LangGraph's saver.
RARE = {"select", "wait", "hrandfield", "vcard", "watch", "unwatch"}


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of the module's own with the user that the page describes."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), ports.free_port())
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        rules = [">secret" if rule == ">PASSWORD" else rule for rule in redis_rules()]
        redis_py.Redis.from_url(server.address).execute_command("ACL", "SETUSER", "semcache", *rules)
        yield server
    finally:
        process.kill()


@pytest.fixture(scope="module")
def guarded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker that lets worker and producer do what the page says, and no more."""
    server = KafkaServer(
        tmp_path_factory.mktemp("kafka"),
        ports.free_port(),
        extra=sasl_plain(PASSWORDS, admin="admin"),
        client=sasl_client("admin", PASSWORDS["admin"]),
    )
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        admin = AdminClient({"bootstrap.servers": server.address, **server.client})
        bindings = [binding(who, *rule) for who in ("worker", "producer") for rule in kafka_rules(who)]
        for made in admin.create_acls(bindings).values():
            made.result(20)
        yield server
    finally:
        process.kill()


def binding(who: str, resource: str, name: str, pattern: str, operation: str) -> AclBinding:
    return AclBinding(
        ResourceType[resource], name, ResourcePatternType[pattern], f"User:{who}", "*",
        AclOperation[operation], AclPermissionType.ALLOW,
    )  # fmt: skip


def settings_of(who: str, redis: RedisServer, kafka: KafkaServer, tmp_path: Path) -> Settings:
    """Default names of topics and group, with the identities of a principal."""
    url = redis.address.replace("redis://", "redis://semcache:secret@")
    return load_settings(
        namespace="guarded",
        data_dir=tmp_path,
        redis={"url": url},
        kafka={"bootstrap_servers": kafka.address, "client": sasl_client(who, PASSWORDS[who])},
        ingest={"durability": "aof"},
    )


def used(redis: redis_py.Redis) -> set[str]:
    """Every command that was called, from scripts too; subcommands as `script|load`."""
    return {name.removeprefix("cmdstat_").lower() for name in redis.info("commandstats")}


def granted() -> set[str]:
    return {rule[1:] for rule in redis_rules() if rule.startswith("+")}


def in_scripts() -> set[str]:
    """The commands in the Lua scripts."""
    text = "".join(path.read_text() for path in (SOURCES / "store" / "lua").rglob("*.lua"))
    return {name.lower() for name in re.findall(r"(?:redis\.call\(|call = \{)'([A-Z]+)'", text)}


def test_every_command_of_the_scripts_is_granted() -> None:
    """Redis checks the commands that a script calls as if the user called them."""
    assert len(in_scripts()) > 30
    assert in_scripts() <= granted()


def test_both_identities_are_enough_and_nothing_is_granted_in_vain(
    guarded_redis: RedisServer, guarded_kafka: KafkaServer, tmp_path: Path
) -> None:
    """Chat, cache, memory, documents, sealing, checks, producer and worker run; Redis has refused nothing."""
    admin = redis_py.Redis.from_url(guarded_redis.address)
    ensure_topics(settings_of("admin", guarded_redis, guarded_kafka, tmp_path))
    admin.config_resetstat()
    admin.execute_command("ACL", "LOG", "RESET")
    use_everything(settings_of("producer", guarded_redis, guarded_kafka, tmp_path))
    publish_and_work(guarded_redis, guarded_kafka, tmp_path)
    refused = {(entry["reason"], entry["object"]) for entry in admin.acl_log()}
    assert refused == set()
    assert redis_facts(connect(settings_of("worker", guarded_redis, guarded_kafka, tmp_path).redis.url)).vector_sets
    assert granted() - used(admin) - in_scripts() - RARE == set()


def publish_and_work(redis: RedisServer, kafka: KafkaServer, tmp_path: Path) -> None:
    """Events of each kind and one that is none: through the producer, the worker, and into Redis and dead letters."""
    publishing = settings_of("producer", redis, kafka, tmp_path)
    with EventPublisher(publishing) as publisher:
        said = {"type": "message", "user": "eve", "session": "s", "role": "user", "at": "2026-11-23T10:00:00Z"}
        publisher.publish({**said, "id": "m1", "text": "I live in Lyon."}, confirm_s=10)
        document = {"type": "document_upserted", "document": "d", "version": 1, "at": "2026-11-23T10:00:00Z"}
        publisher.publish({**document, "id": "d1", "text": "Returns take 14 days."}, confirm_s=10)
        ended = {"type": "session_ended", "id": "s1", "user": "eve", "session": "s", "at": "2026-11-23T10:00:00Z"}
        publisher.publish(ended, confirm_s=10)
        with open_courier(publishing) as courier:
            assert courier.take({**said, "id": "m1", "text": "I live in Lyon."}) is None
        publisher._producer().produce(publishing.kafka.conversations_topic, b"poison", key=b"eve")
    working = settings_of("worker", redis, kafka, tmp_path)
    options = RunOptions(until_caught_up=True)
    with open_worker(working, options, embedder=Turning()) as (worker, metrics), Running(worker, metrics) as running:  # type: ignore[arg-type]
        running.join()
        assert running.count("semcache_ingest_dlq_records_total") == 1
    memory = AgentMemory(connect(working.redis.url), user="eve", embedder=Turning(), namespace="guarded")  # type: ignore[arg-type]
    assert [found.turn.text for found in memory.recall("Where do I live?")] == ["I live in Lyon."]


@pytest.mark.parametrize(
    "command", [("FLUSHALL",), ("CONFIG", "GET", "*"), ("GET", "other"), ("KEYS", "*"), ("EVAL", "return 1", "0")]
)
def test_the_redis_user_may_do_nothing_else(guarded_redis: RedisServer, command: tuple[str, ...]) -> None:
    """Other keys, administration and scripts of one's own are refused."""
    client = redis_py.Redis.from_url(guarded_redis.address.replace("redis://", "redis://semcache:secret@"))
    with pytest.raises(redis_py.exceptions.NoPermissionError):
        client.execute_command(*command)


def test_a_missing_permission_is_named(guarded_redis: RedisServer, namespace: str) -> None:
    """A command that a script may not call is named, as something to be mended and not to be tried again."""
    admin = redis_py.Redis.from_url(guarded_redis.address)
    rules = [">secret" if rule == ">PASSWORD" else rule for rule in redis_rules() if rule != "+vadd"]
    admin.execute_command("ACL", "SETUSER", "lesser", *rules)
    url = guarded_redis.address.replace("redis://", "redis://lesser:secret@")
    memory = AgentMemory(connect(url), user="ann", embedder=Turning(), namespace=namespace)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="VADD"):
        memory.append("s", "user", "I live in Lyon.")


@pytest.mark.parametrize(("who", "topic"), [("worker", "semcache.conversations"), ("producer", "semcache.other")])
def test_the_kafka_principals_may_do_nothing_else(
    guarded_redis: RedisServer, guarded_kafka: KafkaServer, tmp_path: Path, who: str, topic: str
) -> None:
    """The worker cannot write events, the producer nothing but events, and neither can make topics."""
    kafka = settings_of(who, guarded_redis, guarded_kafka, tmp_path).kafka
    admin = open_admin(kafka)
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        admin.create_topics([NewTopic("mine", 1)])["mine"].result(20)
    errors: list[KafkaError | None] = []
    producer = open_producer(kafka, message_timeout_ms=3_000)
    producer.produce(topic, b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(20)
    assert [error is not None for error in errors] == [True]
