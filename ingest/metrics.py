"""Prometheus metrics: their names, labels and meanings."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from semcache.cache.types import Reason
from semcache.decisions import LookupDecided
from semcache.store.outbox import OutboxStatus
from semcache_ingest.decisions.counting import Tally

_LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_LOOKUP = (0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5, 1)
_STAGE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PARTITION = ("group", "topic", "partition")
_REASONS = frozenset(("", *Reason))
OTHERS = "*"
"""The label of what has none of its own."""

WORRY = {
    "semcache_ingest_records": "rate is 0 while lag grows; `stale` or `duplicate` above its usual share: a producer "
    "sends old versions, or something is replayed",
    "semcache_ingest_dlq_records": "any increase: `semcache-ingest dlq list` tells the cause",
    "semcache_ingest_dlq_standing_records": "above 0 for a day: somebody has to mend what they stumble over, and run "
    "`semcache-ingest dlq replay`",
    "semcache_ingest_batch_seconds": "p95 of `embed` or `write` above a second: the model or Redis is too slow, or "
    "shares its cores; `confirm` shows what `durability` costs",
    "semcache_ingest_retries": "rises for longer than a restart takes: `/readyz` names what is away",
    "semcache_ingest_inflight_records": "stays at its level while `records` stands still",
    "semcache_ingest_paused": "1 most of the time: add workers, up to one for each partition",
    "semcache_ingest_rollbacks": "any increase: Redis came back with less than it had (a crash, a failover, a restored "
    "backup); the log is read again by itself, but why did it?",
    "semcache_ingest_commit_failures": "a steady rate: the group's coordinator is away or rebalances all the time",
    "semcache_ingest_event_seconds": "p95 above a second while lag is 0: look at `batch_seconds`; after an outage it "
    "tells how old the backlog is",
    "semcache_ingest_record_seconds": "as above, without the time between event and producer",
    "semcache_ingest_invalidated_answers": "a sudden rise: many documents change at once, hits will fall for a while",
    "semcache_ingest_stale_answer_seconds": "p95 above a second: changed documents were answered from for that long",
    "semcache_ingest_late_events": "rises: a producer is behind, or its clock is wrong",
    "semcache_ingest_new_epochs": "any increase: a database was failed over or restored; the log names the topic",
    "semcache_extract_records": "`rejected` rises: `semcache-ingest dlq list --group semcache-extract`; `released` "
    "all the time: the model comes and goes",
    "semcache_extract_lost_records": "any increase: the model is slower than the lock of 60 s; lower `extract.threads`",
    "semcache_extract_seconds": "p95 near `llm.timeout_s`",
    "semcache_ingest_lost_offsets": "any increase: the worker was away for longer than the topic keeps its records, or "
    "Redis came back with less; the line in the log names topic, partition and offset",
    "semcache_outbox_events": "stays above 0: Kafka does not take what is said; what waits is answered from the "
    "session's window only",
    "semcache_outbox_oldest_seconds": "above a minute: as above",
    "semcache_outbox_failed_deliveries": "rises: as above",
    "semcache_outbox_refused_events": "any increase: Kafka has been away for too long (`kafka.outbox_max_bytes`), and "
    "people were told that they are not remembered; or a record is too large for the brokers",
    "semcache_decisions_lookups": "the share of `hit` falls: models, prompts or tenants have changed, or documents "
    "change all the time; `shadow` counts what would have been served",
    "semcache_decisions_checks": "`wrong` against `right` above the error budget",
    "semcache_decisions_lookup_seconds": "p95 above some ten milliseconds: the model or Redis is too slow",
    "semcache_decisions_saved_tokens": "stands still although there are hits: `tokens` is not given where answers are "
    "stored",
    "semcache_decisions_saved_money": "as above, for `cost`",
    "semcache_decisions_lost": "any increase: Kafka was away, or `decisions.waiting` is too small; the counts are "
    "too low",
    "semcache_decisions_late": "rises: a process publishes late, or its clock is wrong",
    "semcache_decisions_invalid_records": "any increase: somebody else writes to the topic",
    "semcache_decisions_fenced_batches": "any increase but at a change of partitions: Redis came back with less",
    "semcache_decisions_batch_seconds": "p95 above a second: Redis is too slow",
    "kafka_consumergroup_group_lag": "grows for minutes: consumption is slower than production",
    "kafka_consumergroup_group_lag_seconds": "above what your readers may wait for; beyond the topic's retention "
    "events are lost",
    "kafka_consumergroup_group_max_lag_seconds": "the one to alert on",
    "kafka_partition_latest_offset": "stands still although there is traffic: producers are in trouble",
}
"""When each metric is a reason to worry; docs/operations.md shows it."""


class Metrics:
    """The metrics of one process. Lag has the names that Kafka's exporters use."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        r = self.registry = registry or CollectorRegistry()
        self.records = Counter(
            "semcache_ingest_records", "Records by what became of them", ("topic", "outcome"), registry=r
        )
        self.dead_letters = Counter(
            "semcache_ingest_dlq_records", "Records dead-lettered, by kind of error", ("error_class",), registry=r
        )
        self.standing_letters = Gauge(
            "semcache_ingest_dlq_standing_records",
            "Dead letters that no replay of everything has passed",
            ("topic",),
            registry=r,
        )
        self.batch_seconds = Histogram(
            "semcache_ingest_batch_seconds", "Time of a batch in each stage", ("stage",), buckets=_STAGE, registry=r
        )
        self.retries = Counter(
            "semcache_ingest_retries", "Batches tried again because a service was away", ("stage",), registry=r
        )
        self.inflight = Gauge("semcache_ingest_inflight_records", "Records between fetch and commit", registry=r)
        self.paused = Gauge("semcache_ingest_paused", "1 while fetching waits for writing", registry=r)
        self.rollbacks = Counter("semcache_ingest_rollbacks", "Times Redis came back with less than it had", registry=r)
        self.commit_failures = Counter("semcache_ingest_commit_failures", "Offset commits that failed", registry=r)
        self.event_seconds = Histogram(
            "semcache_ingest_event_seconds",
            "From the event's time to its effect in Redis",
            ("type",),
            buckets=_LATENCY,
            registry=r,
        )
        self.record_seconds = Histogram(
            "semcache_ingest_record_seconds",
            "From the record's time in Kafka to its effect in Redis",
            ("topic",),
            buckets=_LATENCY,
            registry=r,
        )
        self.invalidated = Counter(
            "semcache_ingest_invalidated_answers", "Cached answers removed because a document changed", registry=r
        )
        self.stale_seconds = Histogram(
            "semcache_ingest_stale_answer_seconds",
            "From a document event's time until the answers that it outdated were gone; nothing where there were none",
            buckets=_LATENCY,
            registry=r,
        )
        self.late = Counter("semcache_ingest_late_events", "Events later than ingest.max_lateness_s", registry=r)
        self.epochs = Counter(
            "semcache_ingest_new_epochs", "Changes with which a source began to number its log anew", registry=r
        )
        self.lag = Gauge("kafka_consumergroup_group_lag", "Records not yet applied", _PARTITION, registry=r)
        self.lag_seconds = Gauge(
            "kafka_consumergroup_group_lag_seconds",
            "Age of the oldest record not yet applied; where none has come yet, how long the worker waits for it",
            _PARTITION,
            registry=r,
        )
        self.max_lag_seconds = Gauge(
            "kafka_consumergroup_group_max_lag_seconds", "The largest of them", ("group",), registry=r
        )
        self.lost_offsets = Counter(
            "semcache_ingest_lost_offsets",
            "Offsets that retention removed before they were read",
            ("topic", "partition"),
            registry=r,
        )
        self.outbox_events = Gauge(
            "semcache_outbox_events", "What was said in the chat and waits in Redis for Kafka", registry=r
        )
        self.outbox_seconds = Gauge("semcache_outbox_oldest_seconds", "Age of the oldest of them", registry=r)
        self.outbox_failures = Counter(
            "semcache_outbox_failed_deliveries", "Deliveries to Kafka that failed and are tried again", registry=r
        )
        self.outbox_refused = Counter(
            "semcache_outbox_refused_events",
            "Events that did not fit into the outbox, or that Kafka refuses",
            registry=r,
        )
        self._outbox: OutboxStatus | None = None
        self.latest_offset = Gauge("kafka_partition_latest_offset", "End of the partition", _PARTITION, registry=r)

    def outdated(self, answers: int, seconds: float) -> None:
        """A document's change removed so many answers, so long after its event's time."""
        self.invalidated.inc(answers)
        if answers:
            self.stale_seconds.observe(seconds)

    def letters(self, standing: Mapping[str, int]) -> None:
        """How many dead letters stand, by topic."""
        for topic, number in standing.items():
            self.standing_letters.labels(topic).set(number)

    def outbox(self, now: OutboxStatus) -> None:
        """What waits; failures count from the first look on, whichever process had them."""
        before = self._outbox or now
        self.outbox_events.set(now.events)
        self.outbox_seconds.set(now.oldest_s)
        self.outbox_failures.inc(max(0, now.failed - before.failed))
        self.outbox_refused.inc(max(0, now.refused - before.refused))
        self._outbox = now

    def totals(self) -> dict[str, int]:
        """Records so far, by what became of them."""
        found: dict[str, int] = {}
        for metric in self.records.collect():
            for sample in metric.samples:
                if sample.name.endswith("_total"):
                    outcome = sample.labels["outcome"]
                    found[outcome] = found.get(outcome, 0) + int(sample.value)
        return found


class ExtractionMetrics:
    """The metrics of a process that reads facts."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        r = self.registry = registry or CollectorRegistry()
        self.records = Counter("semcache_extract_records", "Records by what became of them", ("verdict",), registry=r)
        self.lost = Counter(
            "semcache_extract_lost_records", "Records that took longer than their lock and are done again", registry=r
        )
        self.seconds = Histogram(
            "semcache_extract_seconds", "Time of one record, the model's answer included", buckets=_LATENCY, registry=r
        )


class DecisionMetrics:
    """The metrics of a process that counts decisions. `tenants`: so many of them have a label of their own."""

    def __init__(self, registry: CollectorRegistry | None = None, *, tenants: int = 50) -> None:
        r = self.registry = registry or CollectorRegistry()
        self._tenants = {"", OTHERS}
        self._most_tenants = tenants + len(self._tenants)
        self.lookups = Counter(
            "semcache_decisions_lookups",
            "Look-ups by tenant (`*`: beyond `decisions.metric_tenants`) and outcome (`shadow`: it would be a hit)",
            ("tenant", "outcome", "reason"),
            registry=r,
        )
        self.checks = Counter(
            "semcache_decisions_checks",
            "Answers that were checked, by whom, and how they were",
            ("by", "verdict"),
            registry=r,
        )
        self.latency = Histogram(
            "semcache_decisions_lookup_seconds", "What the look-ups took", buckets=_LOOKUP, registry=r
        )
        self.tokens = Counter("semcache_decisions_saved_tokens", "Tokens that hits have saved", registry=r)
        self.money = Counter("semcache_decisions_saved_money", "Money that hits have saved", registry=r)
        self.lost = Counter("semcache_decisions_lost", "Decisions that caches could not publish", registry=r)
        self.late = Counter("semcache_decisions_late", "Decisions that came late; they count all the same", registry=r)
        self.invalid = Counter("semcache_decisions_invalid_records", "Records that are no decision", registry=r)
        self.fenced = Counter(
            "semcache_decisions_fenced_batches", "Batches left alone because Redis had another offset", registry=r
        )
        self.batch_seconds = Histogram(
            "semcache_decisions_batch_seconds", "Time to count a batch", buckets=_STAGE, registry=r
        )

    def counted(self, found: Tally, seconds: float) -> None:
        """A batch is in Redis."""
        self.batch_seconds.observe(seconds)
        self.late.inc(found.late)
        self.invalid.inc(found.invalid)
        for event in found.events:
            self.lost.inc(event.lost)
            if isinstance(event, LookupDecided):
                self._looked_up(event)
            else:
                verdict = "unjudged" if event.right is None else "right" if event.right else "wrong"
                self.checks.labels(event.by, verdict).inc()

    def _looked_up(self, event: LookupDecided) -> None:
        reason = event.reason if event.reason in _REASONS else OTHERS
        self.lookups.labels(self._label_of(event.tenant), event.outcome, reason).inc(event.times)
        for _ in range(event.times):
            self.latency.observe(event.latency_us / 1e6)
        self.tokens.inc(event.tokens)
        self.money.inc(event.cost_micros / 1e6)

    def _label_of(self, tenant: str) -> str:
        """The tenant if it is among the first ones seen: Prometheus keeps every value of a label for ever."""
        if tenant not in self._tenants and len(self._tenants) < self._most_tenants:
            self._tenants.add(tenant)
        return tenant if tenant in self._tenants else OTHERS


def labels_of(metrics: Metrics | ExtractionMetrics | DecisionMetrics, name: str) -> tuple[str, ...]:
    """The labels of a metric."""
    return next(m._labelnames for m in vars(metrics).values() if getattr(m, "_name", None) == name)
