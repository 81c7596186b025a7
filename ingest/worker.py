"""The poll loop: fetches batches, hands them to the pipeline, commits what is applied, gives partitions up in order."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.batch import Batch
from ingest.clients import open_consumer, record_of
from ingest.ledger import Ledger
from ingest.link import Partition
from ingest.metrics import Metrics
from ingest.pace import Pace
from ingest.partitions import Assignment
from ingest.pipeline import Pipeline
from ingest.records import Record
from semcache.errors import ConfigurationError, KafkaUnavailable
from semcache.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

OURS = "semcache applied "
"""Metadata of our commits, before the offset that Redis has noted; an offset that somebody else set has none."""
_POLL_S = 0.1
_GATHER_S = 0.02
"""How long a fetch waits for more; what trickles in waits no longer than that."""
_FINAL_COMMIT_S = 5.0
_COMMITTED_S = 10.0
_SETTLING_S = 15.0
_LAG_EVERY_S = 2.0
_log = logging.getLogger("semcache.ingest")


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start: where the group has stopped, or once from the beginning, or from a time (ms since the epoch)."""

    from_beginning: bool = False
    since_ms: int | None = None

    @property
    def explicit(self) -> bool:
        return self.from_beginning or self.since_ms is not None


class Worker:
    """A member of the consumer group. `run` is its life; `health` may be asked from any thread."""

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        pipeline: Pipeline,
        ledger: Ledger,
        metrics: Metrics,
        batch_size: int,
        revoke_timeout_s: float,
        latency_target_s: float,
        start: Start | None = None,
        targets: Mapping[Partition, int] | None = None,
    ) -> None:
        self._group = group
        self._topics = list(topics)
        self._pipeline = pipeline
        self._ledger = ledger
        self._metrics = metrics
        self._pace = Pace(batch_size, latency_target_s)
        self._revoke_timeout_s = revoke_timeout_s
        self._start = start or Start()
        self._targets = targets
        self._assignment = Assignment()
        self._seen: set[Partition] = set()
        self._pending: deque[Batch] = deque()
        self._held = False
        self._brokers_up = False
        self._started_at = self._looped_at = time.monotonic()
        self._lag_at = 0.0
        self._others_at = 0.0
        self._consumer = open_consumer(
            kafka, group=group, on_commit=self._on_commit, stats_cb=self._on_stats, **{"statistics.interval.ms": 2000}
        )

    # --- life ---

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`, or until everything that was there at the start is applied, if `targets` were given."""
        self._pipeline.start()
        self._consumer.subscribe(
            self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        try:
            while not stop.is_set() and not self._caught_up():
                self._looped_at = time.monotonic()
                self._settle()
                self._pump()
        finally:
            self._finish()

    def health(self) -> dict[str, str]:
        """What is wrong, by part; empty while all is well."""
        found = {}
        if time.monotonic() - self._looped_at > 30:
            found["worker"] = "the poll loop stands still"
        if not self._brokers_up:
            found["kafka"] = "no broker is connected"
        if self._pipeline.trouble:
            found["pipeline"] = self._pipeline.trouble
        return found

    @property
    def partitions(self) -> list[Partition]:
        """What is assigned to this worker now."""
        return self._assignment.partitions

    def _finish(self) -> None:
        """Applies what is in flight, within a deadline, commits it, and leaves the group."""
        for batch in self._pending:
            batch.cancelled.set()
        self._pipeline.wait(lambda: self._pipeline.in_flight() == 0, self._revoke_timeout_s)
        self._note_finished()
        self._commit(self._assignment.to_commit(all_of_it=True), wait=True)
        self._pipeline.close()
        self._consumer.close()

    # --- fetching ---

    def _pump(self) -> None:
        """Hands on a waiting batch, or fetches more; while there is no room, polls on without fetching."""
        if not self._pipeline.has_room():
            if not self._pipeline.wait(self._pipeline.has_room, _POLL_S if self._held else 5 * _POLL_S):
                self._hold()
            return
        self._release()
        if self._pending:
            self._pipeline.submit(self._pending.popleft())
        else:
            self._take(self._consumer.consume(self._pace.size, _GATHER_S))

    def _hold(self) -> None:
        """Writing is behind: nothing is fetched, but the group still sees us."""
        if not self._held:
            self._held = True
            self._metrics.paused.set(1)
        self._consumer.pause(self._consumer.assignment())
        message = self._consumer.poll(_POLL_S)
        if message is not None:
            self._take([message])

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._metrics.paused.set(0)
            self._consumer.resume(self._consumer.assignment())

    def _take(self, messages: Iterable[Message]) -> None:
        by_partition: dict[Partition, list[Record]] = {}
        for message in messages:
            error = message.error()
            if error is not None:
                self._on_error(message, error)
                continue
            record = record_of(message)
            if (record.topic, record.partition) in self._assignment:
                by_partition.setdefault((record.topic, record.partition), []).append(record)
        for partition, records in by_partition.items():
            self._pending.append(Batch(partition, records, next_offset=records[-1].offset + 1))

    def _on_error(self, message: Message, error: KafkaError) -> None:
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._PARTITION_EOF:
            partition, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
            self._assignment.reached_end(partition, offset)
        elif error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
            raise ConfigurationError(
                f"Kafka refuses ({error.str()}): the ingestor needs READ on its topics and on group {self._group}"
            )
        elif error.fatal():
            raise KafkaUnavailable(f"the Kafka client has given up: {error.str()}")
        else:
            _log.warning("Kafka: %s", error.str())

    # --- what is applied, and committing it ---

    def _settle(self) -> None:
        self._note_finished()
        for partition, offset in self._pipeline.rewinds().items():
            self._rewind(partition, offset)
        self._commit(self._assignment.to_commit())
        self._metrics.inflight.set(self._pipeline.in_flight() + sum(len(b.records) for b in self._pending))
        if time.monotonic() - self._lag_at > _LAG_EVERY_S:
            self._lag_at = time.monotonic()
            self._measure_lag()

    def _note_finished(self) -> None:
        for batch in self._pipeline.finished():
            self._pace.saw(len(batch.records), batch.seconds)
            self._assignment.applied(batch.partition, batch.next_offset, batch.records[-1].timestamp_ms)
        for partition in self._assignment.partitions:
            end = self._assignment[partition].end
            if end is not None and end > (self._assignment[partition].applied or -1) and self._idle(partition):
                # The log may end with what is no record: transaction markers, gaps left by compaction.
                self._assignment.applied(partition, end, self._assignment[partition].applied_ms)

    def _idle(self, partition: Partition) -> bool:
        waiting = any(batch.partition == partition for batch in self._pending)
        return not waiting and self._pipeline.in_flight({partition}) == 0

    def _rewind(self, partition: Partition, offset: int | None) -> None:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        self._drop_pending([partition])
        if partition in self._assignment:
            self._ledger.expect(partition, offset)
            self._assignment.rewind(partition)
            self._consumer.seek(TopicPartition(*partition, OFFSET_BEGINNING if offset is None else offset))

    def _commit(self, offsets: Mapping[Partition, int], *, wait: bool = False) -> None:
        from confluent_kafka import KafkaException

        if not offsets:
            return
        try:
            self._consumer.commit(offsets=self._committable(offsets), asynchronous=True)
        except KafkaException as error:
            self._metrics.commit_failures.inc()
            _log.warning("offsets cannot be committed now: %s", error)
            return
        deadline = time.monotonic() + _FINAL_COMMIT_S
        while wait and time.monotonic() < deadline and any(self._uncommitted(p, o) for p, o in offsets.items()):
            self._consumer.poll(_POLL_S)

    def _committable(self, offsets: Mapping[Partition, int]) -> list[TopicPartition]:
        from confluent_kafka import TopicPartition

        noted = {partition: self._ledger.expected(partition) for partition in offsets}
        return [
            TopicPartition(*partition, offset, "" if noted[partition] is None else f"{OURS}{noted[partition]}")
            for partition, offset in offsets.items()
        ]

    def _uncommitted(self, partition: Partition, offset: int) -> bool:
        return partition in self._assignment and self._assignment[partition].committed != offset

    def _on_commit(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        for p in partitions:
            if error is None and p.error is None:
                self._assignment.committed((p.topic, p.partition), p.offset)
            else:
                self._metrics.commit_failures.inc()
                _log.warning("offset of %s:%d is not committed: %s", p.topic, p.partition, error or p.error)

    # --- partitions come and go ---

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        committed = self._committed(consumer, partitions)
        for p in partitions:
            partition = (p.topic, p.partition)
            known = committed.get(partition)
            fresh = self._start.explicit and partition not in self._seen
            self._seen.add(partition)
            self._ledger.expect(partition, None if known is None or fresh else _noted(known))
            self._assignment.add(partition, committed=known.offset if known and not fresh else None)
            if fresh:
                p.offset = self._start_offset(consumer, p)
        consumer.incremental_assign(partitions)
        if self._held:
            consumer.pause(partitions)
        self._pipeline.watch(self._assignment.partitions)
        _log.info("assigned: %s", _names(partitions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Finishes what is in flight within the deadline; else the new owner does it again."""
        from confluent_kafka import KafkaException

        lost = {(p.topic, p.partition) for p in partitions}
        self._drop_pending(lost)
        self._pipeline.wait(lambda: self._pipeline.in_flight(lost) == 0, self._revoke_timeout_s)
        self._note_finished()
        offsets = {p: o for p, o in self._assignment.to_commit(all_of_it=True).items() if p in lost}
        try:
            if offsets:
                consumer.commit(offsets=self._committable(offsets), asynchronous=False)
        except KafkaException as error:
            self._metrics.commit_failures.inc()
            _log.warning("offsets cannot be committed, the new owner does the batch again: %s", error)
        self._leave(consumer, partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Somebody else has them already: nothing is committed."""
        self._leave(consumer, partitions)

    def _leave(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        lost = {(p.topic, p.partition) for p in partitions}
        self._pipeline.cancel(lost)
        self._drop_pending(lost)
        self._assignment.remove(lost)
        self._pipeline.watch(self._assignment.partitions)
        for partition in lost:
            self._ledger.expect(partition, None)
        consumer.incremental_unassign(partitions)
        _log.info("given up: %s", _names(partitions))

    def _drop_pending(self, partitions: Iterable[Partition]) -> None:
        gone = set(partitions)
        self._pending = deque(batch for batch in self._pending if batch.partition not in gone)

    def _committed(self, consumer: Consumer, partitions: list[TopicPartition]) -> dict[Partition, TopicPartition]:
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + _COMMITTED_S
        while True:
            try:
                found = consumer.committed(partitions, timeout=_COMMITTED_S)
                return {(p.topic, p.partition): p for p in found if p.offset >= 0}
            except KafkaException as error:
                if time.monotonic() > deadline:
                    _log.warning("committed offsets cannot be read: %s", error)
                    return {}
                time.sleep(_POLL_S)  # the coordinator of a new group is being chosen

    def _start_offset(self, consumer: Consumer, partition: TopicPartition) -> int:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        if self._start.since_ms is None:
            return int(OFFSET_BEGINNING)
        asked = TopicPartition(partition.topic, partition.partition, self._start.since_ms)
        return int(consumer.offsets_for_times([asked], timeout=10)[0].offset)

    # --- how far it is ---

    def _caught_up(self) -> bool:
        """Whether everything that was there at the start is applied, by this worker or by others of the group."""
        if self._targets is None or self._pending or self._pipeline.in_flight():
            return False
        if not self._settled_in() or not self._pipeline.verified() or self._pipeline.needs_rewind():
            return False
        own = {p: t for p, t in self._targets.items() if p in self._assignment}
        if not all(self._assignment[p].reached(target) for p, target in own.items()):
            return False
        return self._others_done({p: t for p, t in self._targets.items() if p not in own and t > 0})

    def _settled_in(self) -> bool:
        """Whether the group has given this worker its partitions; a member too many gets none."""
        return bool(self._seen) or time.monotonic() - self._started_at > _SETTLING_S

    def _others_done(self, targets: Mapping[Partition, int]) -> bool:
        from confluent_kafka import TopicPartition

        if not targets:
            return True
        if time.monotonic() - self._others_at < 1.0:
            return False
        self._others_at = time.monotonic()
        committed = self._committed(self._consumer, [TopicPartition(*p) for p in targets])
        return all(p in committed and committed[p].offset >= target for p, target in targets.items())

    def _measure_lag(self) -> None:
        from confluent_kafka import TopicPartition

        oldest = 0.0
        for partition in self._assignment.partitions:
            _, end = self._consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
            progress = self._assignment[partition]
            known = next((o for o in (progress.applied, progress.committed) if o is not None), 0)
            lag = max(0, end - known)
            behind_s = max(0.0, time.time() - progress.applied_ms / 1000) if lag and progress.applied_ms else 0.0
            labels = (self._group, partition[0], str(partition[1]))
            self._metrics.lag.labels(*labels).set(lag)
            self._metrics.lag_seconds.labels(*labels).set(behind_s)
            self._metrics.latest_offset.labels(*labels).set(max(0, end))
            oldest = max(oldest, behind_s)
        self._metrics.max_lag_seconds.labels(self._group).set(oldest)

    def _on_stats(self, text: str) -> None:
        brokers = json.loads(text).get("brokers", {}).values()
        self._brokers_up = any(b.get("state") == "UP" and b.get("nodeid", -1) >= 0 for b in brokers)


def _noted(committed: TopicPartition) -> int | None:
    """What Redis had noted when the offset was committed by one of us."""
    noted = (committed.metadata or "").removeprefix(OURS)
    return int(noted) if noted.isdigit() and committed.metadata != noted else None


def _names(partitions: Sequence[TopicPartition]) -> str:
    return ", ".join(f"{p.topic}:{p.partition}" for p in partitions) or "nothing"
