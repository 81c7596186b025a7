"""Wiring: the parts of a worker, built from the settings and closed in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import redis

from semcache.cache.types import DecisionSink
from semcache.embed import Embedder, open_embedder
from semcache.memory import TurnWriter
from semcache.settings import Settings
from semcache.settings.section import opened
from semcache.store.connect import connect
from semcache.store.sealing import open_sealer
from semcache_ingest.connection import RedisLink, durable, sending_at_once
from semcache_ingest.deadletters.writer import DeadLetterQueue
from semcache_ingest.decisions.publish import open_publisher
from semcache_ingest.envelopes import Rules, table_rules
from semcache_ingest.envelopes.registry import open_registry
from semcache_ingest.handlers.conversations import (
    Messages,
    OneByOne,
    ends_session,
    erases_user,
    keeps_facts,
    takes_feedback,
)
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.handlers.documents import Documents
from semcache_ingest.handlers.plan import Handler
from semcache_ingest.kafka.clients import cluster, open_admin
from semcache_ingest.kafka.offsets import end_offsets
from semcache_ingest.kafka.topics import ensure_topics, source_topics
from semcache_ingest.ledger import AppliedOffsets, Ledger, Skips
from semcache_ingest.metrics import Metrics
from semcache_ingest.processors.chain import load_processors
from semcache_ingest.processors.lateness import Lateness
from semcache_ingest.records import Partition
from semcache_ingest.worker.bounds import Start
from semcache_ingest.worker.loop import Worker
from semcache_ingest.worker.pipeline import Pipeline
from semcache_ingest.worker.stages import Preparer, Writer, traced

_log = logging.getLogger("semcache.ingest")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run differs from the settings. `namespace`: all events go there, whatever they say."""

    group: str | None = None
    namespace: str | None = None
    start: Start = field(default_factory=Start)
    until_caught_up: bool = False


@contextmanager
def open_worker(
    settings: Settings, options: RunOptions | None = None, *, embedder: Embedder | None = None
) -> Iterator[tuple[Worker, Metrics]]:
    """A worker of the consumer group, ready to run, and its metrics.

    Raises:
        KafkaUnavailable: no broker answers. A Redis that is away is waited for instead: it is only needed to write.
        ConfigurationError: a setting is wrong.
    """
    options = options or RunOptions()
    group = options.group or settings.ingest.group
    embedder = embedder or open_embedder(settings.embed, model_dir=settings.model_dir)
    metrics = Metrics()
    decoder = make_decoder(settings, namespace=options.namespace, late=metrics.late.inc)
    made = ensure_topics(settings, group=group)
    if made:
        _log.info("made the topics %s", ", ".join(made))
    with ExitStack() as stack:
        pipeline, ledger = _pipeline(stack, settings, group, decoder, embedder, metrics)
        yield (
            Worker(
                settings.kafka,
                group=group,
                topics=source_topics(settings),
                pipeline=pipeline,
                ledger=ledger,
                metrics=metrics,
                batch_size=settings.ingest.batch_size,
                revoke_timeout_s=settings.ingest.revoke_timeout_s,
                latency_target_s=settings.ingest.latency_target_s,
                stalled_after_s=settings.ingest.stalled_after_s,
                start=options.start,
                targets=_targets(settings) if options.until_caught_up else None,
            ),
            metrics,
        )


def make_decoder(
    settings: Settings, *, namespace: str | None = None, late: Callable[[], object] = lambda: None
) -> Decoder:
    """The decoder of an installation; `namespace` replaces that of every event, `late` is called for each late one."""
    rules = Rules(
        knowledge_topic=settings.kafka.knowledge_topic,
        conversations_topic=settings.kafka.conversations_topic,
        namespace=settings.namespace,
        tables=table_rules(settings.ingest.debezium),
    )
    processors = load_processors(settings)
    for processor in processors:
        if isinstance(processor, Lateness):
            processor.count = late
    return Decoder(
        rules,
        processors=processors,
        max_text_bytes=settings.ingest.max_text_bytes,
        max_future_s=settings.ingest.max_future_s,
        namespace=namespace,
        registry=open_registry(opened(settings.ingest.schema_registry)),
    )


def _pipeline(
    stack: ExitStack, settings: Settings, group: str, decoder: Decoder, embedder: Embedder, metrics: Metrics
) -> tuple[Pipeline, Ledger]:
    planner = sending_at_once(connect(settings.redis.url, timeout_s=settings.redis.timeout_s))
    stack.callback(planner.close)
    writing, confirming = RedisLink(settings.redis), RedisLink(settings.redis)
    stack.callback(writing.close)
    stack.callback(confirming.close)
    dead_letters = DeadLetterQueue(settings.kafka, group=group)
    stack.callback(dead_letters.close)

    ledger = Ledger(rebuild_empty=settings.ingest.rebuild_empty)
    confirmed = AppliedOffsets(confirming.client, group)
    decisions = stack.enter_context(open_publisher(settings)) if settings.decisions.publish else None
    handlers = make_handlers(settings, planner, writing.client, embedder, metrics, decisions=decisions)
    writer = Writer(
        writing,
        AppliedOffsets(writing.client, group),
        ledger,
        Skips(writing.client, group),
        embedder,
        dead_letters,
        metrics,
    )
    return (
        Pipeline(
            [
                ("prepare", Preparer(decoder, handlers, embedder, Skips(planner, group), metrics)),
                ("write", traced(writer)),
            ],
            confirm=durable(
                confirming.client, settings.ingest.durability, group=group, timeout_s=settings.redis.timeout_s * 0.8
            ),
            lost=lambda partitions: ledger.lost(partitions, confirmed),
            metrics=metrics,
        ),
        ledger,
    )


def make_handlers(
    settings: Settings,
    planner: redis.Redis,
    writer: redis.Redis,
    embedder: Embedder,
    metrics: Metrics,
    *,
    decisions: DecisionSink | None = None,
) -> Mapping[str, Handler[Any]]:
    """The handler of each type of event; `decisions` is told of users' verdicts."""
    sealer = open_sealer(settings.seal)
    new_writer = partial(
        TurnWriter,
        embedder=embedder,
        session_ttl_s=settings.memory.session_ttl_s,
        max_turns=settings.memory.max_turns,
        max_age_s=settings.memory.max_age_s,
        sealer=sealer,
    )
    documents = Documents(
        planner,
        writer,
        embedder,
        max_text_bytes=settings.ingest.max_text_bytes,
        outdated=metrics.outdated,
        fallen=metrics.epochs.inc,
    )
    return {
        "message": Messages(new_writer(planner), new_writer(writer)),
        "document_upserted": documents,
        "document_deleted": documents,
        "feedback": OneByOne(takes_feedback(writer, decisions)),
        "session_ended": OneByOne(ends_session(writer)),
        "facts_extracted": OneByOne(keeps_facts(writer, sealer)),
        "user_erased": OneByOne(erases_user(writer, embedder, sealer)),
    }


def _targets(settings: Settings) -> Mapping[Partition, int]:
    admin = open_admin(settings.kafka)
    return end_offsets(admin, cluster(admin, settings.kafka), source_topics(settings), settings.kafka)
