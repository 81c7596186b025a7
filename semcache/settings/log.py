"""The settings of what reads and writes the log: Kafka, the ingestor, the reading of facts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

from pydantic import Field

from semcache.errors import ConfigurationError
from semcache.settings.section import FILE_SUFFIX, Properties, Section, content_of, opened


class KafkaSettings(Section):
    """Where Kafka is, and what its topics are called."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="host:port, comma separated")
    conversations_topic: str = Field("semcache.conversations", description="turns, feedback, erasures; key = user")
    knowledge_topic: str = Field("semcache.knowledge", description="document changes; compacted; key = document id")
    partitions: int = Field(4, gt=0, description="partitions of a topic that is made; one worker may read each")
    replication_factor: int = Field(-1, description="replicas of a topic that is made; -1 = the broker's default")
    retention_days: float = Field(
        30.0, ge=0, description="conversations are kept for that long, dead letters three times as long; 0 = for ever"
    )
    min_insync_replicas: int = Field(
        0, ge=0, description="`min.insync.replicas` of a topic that is made; 0 = the broker's default"
    )
    group_protocol: Literal["consumer", "classic"] = Field(
        "consumer",
        description="how workers share partitions: `consumer` (KIP-848, Kafka 4.0 or newer), or `classic` for older "
        "brokers, Redpanda and WarpStream",
    )
    outbox_max_bytes: int = Field(
        64 * 2**20, gt=0, description="what was said in the chat waits in Redis until Kafka has it; at most so much"
    )
    client: Properties = Field(
        default_factory=dict,
        description="librdkafka properties of every client, for example SASL and TLS; `<property>_file` names a file "
        "that holds the value",
    )
    consumer: Properties = Field(default_factory=dict, description="more of them, for consumers")
    producer: Properties = Field(default_factory=dict, description="more of them, for producers")
    admin: Properties = Field(default_factory=dict, description="more of them, for admin clients")
    token_callback: str = Field(
        "",
        pattern=r"^([\w.]+:[\w.]+)?$",
        description="`module:callable` that returns (token, expiry in seconds since the epoch) for SASL OAUTHBEARER, "
        "such as AWS MSK IAM; it is given `sasl.oauthbearer.config`",
    )

    def properties(self, role: Literal["consumer", "producer", "admin"]) -> dict[str, Any]:
        """The properties of a client of that role, with what is in files and the callback for tokens.

        Raises:
            ConfigurationError: a file cannot be read, or `token_callback` does not load.
        """
        given = opened(self.client | getattr(self, role))
        found: dict[str, Any] = {
            name.removesuffix(FILE_SUFFIX): content_of(value, f"kafka.{role}") if name.endswith(FILE_SUFFIX) else value
            for name, value in given.items()
        }
        return found | ({"oauth_cb": _callable(self.token_callback)} if self.token_callback else {})


class TableMapping(Section):
    """How the rows of one table become documents: change data capture by Debezium or Airbyte."""

    table: str = Field(min_length=1, description="`articles`, `public.articles`, `db.public.articles`, or the topic")
    id: str = Field("id", min_length=1, description="column of the document's id, or a template: `articles-{id}`")
    text: str = Field(min_length=1, description="template of the text: `{name}: {body}`")
    title: str = Field("", description="column of the title, or a template")
    version: str = Field("", description="column that grows with each change; default: place in the source's log")
    namespace: str = Field("", description="namespace of the documents; default: the installation's")
    epoch: int = Field(
        0,
        ge=0,
        description="raise it when the source numbers its log anew, as after a fail-over, and that is not noticed",
    )


class IngestSettings(Section):
    """The ingestor (semcache-ingest)."""

    group: str = Field("semcache-ingest", description="consumer group")
    batch_size: int = Field(500, gt=0, description="records taken at once")
    max_text_bytes: int = Field(262_144, gt=0, description="longer texts are dead-lettered as oversize")
    max_future_s: float = Field(
        86_400.0, ge=0, description="events that claim to happen later than so long from now are dead-lettered, seconds"
    )
    stalled_after_s: float = Field(
        300.0, ge=0, description="/healthz fails when one batch has been retried for so long, seconds; 0 = never"
    )
    durability: Literal["memory", "aof", "replica"] = Field(
        "memory", description="what Redis has done before an offset is committed: applied, fsynced, replicated"
    )
    http_port: int = Field(0, ge=0, le=65_535, description="port of /healthz, /readyz and /metrics; 0 = off")
    http_host: str = Field("127.0.0.1", description="address of /healthz, /readyz and /metrics")
    topics: list[str] = Field(
        default_factory=list, description="more topics to read, for example those of change data capture"
    )
    debezium: list[TableMapping] = Field(
        default_factory=list, description="tables whose rows become documents: `[[ingest.debezium]]`"
    )
    schema_registry: Properties = Field(
        default_factory=dict,
        description="client properties of a Schema Registry (`url`, `basic.auth.user.info`, ...): records that name a "
        "JSON Schema are checked against it; empty = the frame is skipped",
    )
    processors: list[str] = Field(
        default_factory=list,
        description="what events pass through, in order: `redact`, `lateness`, `filter`, an entry point's name, or "
        "`module:callable`",
    )
    phone_region: str = Field(
        "", pattern="^([A-Z]{2})?$", description="processor `redact`: country of phone numbers without a +, such as US"
    )
    max_lateness_s: float = Field(300.0, gt=0, description="processor `lateness`: later events are counted and flagged")
    drop_late: bool = Field(False, description="processor `lateness`: late events are dropped, not only flagged")
    filter: str = Field("", description="processor `filter`: keep events for which this holds: `user != 'probe'`")
    latency_target_s: float = Field(0.5, gt=0, description="batches are cut so that one takes no longer than this")
    rebuild_empty: bool = Field(
        True, description="read the log again from its beginning if Redis has lost everything that was applied"
    )
    revoke_timeout_s: float = Field(10.0, gt=0, description="time to finish what is in flight when partitions move")


class DecisionSettings(Section):
    """What the caches decide, published to Kafka and counted (semcache-ingest decisions)."""

    publish: bool = Field(False, description="publish every decision of the caches, and every check of an answer")
    topic: str = Field("semcache.decisions", description="where they go; key = scope id")
    text: bool = Field(
        False, description="with the question's text, for lists of the top questions; never from one person's scope"
    )
    waiting: int = Field(
        10_000, gt=0, description="decisions that wait for Kafka in a process; what comes beyond is dropped and counted"
    )
    group: str = Field("semcache-decisions", description="consumer group of the processes that count")
    late_after_s: float = Field(60.0, ge=0, description="a decision that comes so much later than others is late")
    keep_days: float = Field(30.0, gt=0, le=3650, description="how long counts by hour and top questions are kept")
    metric_tenants: int = Field(
        50, ge=0, le=10_000, description="so many tenants have a metric of their own, first come; the others share `*`"
    )


class ExtractSettings(Section):
    """Facts read by the language model behind Kafka (`semcache-ingest run`, `extract`); see `memory.fact_reader`."""

    group: str = Field("semcache-extract", description="share group, or consumer group where there are no share groups")
    threads: int = Field(4, gt=0, le=64, description="messages read at once")
    attempts: int = Field(
        5, ge=1, le=8, description="deliveries of a message before it is dead-lettered because the model fails on it"
    )


def _callable(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"kafka.token_callback: {path!r} does not load: {error}") from error
    if not callable(found):
        raise ConfigurationError(f"kafka.token_callback: {path!r} is not callable")
    return found  # type: ignore[no-any-return]
