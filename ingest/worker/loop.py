"""The poll loop: fetches batches, hands them to the pipeline, commits what is applied, gives partitions up in order."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from semcache.errors import ConfigurationError
from semcache.settings import KafkaSettings
from semcache_ingest.kafka.clients import given_up, is_fatal, open_consumer, record_of
from semcache_ingest.ledger import Ledger
from semcache_ingest.metrics import Metrics
from semcache_ingest.records import Partition, Record
from semcache_ingest.worker.batch import Batch
from semcache_ingest.worker.bounds import FinishLine, Start
from semcache_ingest.worker.lag import measure_lag
from semcache_ingest.worker.pace import Pace
from semcache_ingest.worker.pipeline import Pipeline
from semcache_ingest.worker.progress import Assignment, Commits, committed, noted

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

_POLL_S = 0.1
_GATHER_S = 0.02
"""How long a fetch waits for more; what trickles in waits no longer than that."""
_FINAL_COMMIT_S = 5.0
_LAG_EVERY_S = 2.0
_log = logging.getLogger("semcache.ingest")


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
        stalled_after_s: float = 0.0,
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
        self._stalled_after_s = stalled_after_s
        self._start = start or Start()
        self._assignment = Assignment()
        self._commits = Commits(self._assignment, ledger, metrics)
        self._finish_line = None if targets is None else FinishLine(targets, self._assignment)
        self._pending: deque[Batch] = deque()
        self._held = False
        self._brokers_up = False
        self._looped_at = time.monotonic()
        self._lag_at = 0.0
        self._consumer = open_consumer(
            kafka,
            group=group,
            on_commit=self._commits.on_commit,
            stats_cb=self._on_stats,
            **{"statistics.interval.ms": 2000},
        )

    # --- life ---

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`, or, if `targets` were given, until everything that was there at the start is applied.

        Raises:
            KafkaUnavailable: the client has given up for good.
            ConfigurationError: Kafka refuses this user, or does not know the group protocol.
        """
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
        elif self._stalled_after_s and (stalled := self._pipeline.stalled(self._stalled_after_s)):
            found["worker"] = stalled
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
        offsets = self._assignment.to_commit(all_of_it=True)
        self._commits.ask_and_wait(self._consumer, offsets, timeout_s=_FINAL_COMMIT_S)
        self._pipeline.close()
        self._consumer.close()

    # --- fetching ---

    def _pump(self) -> None:
        """Fetches what is missing to a full batch, and hands one on; without room, polls on without fetching."""
        if not self._pipeline.has_room():
            if not self._pipeline.wait(self._pipeline.has_room, _POLL_S if self._held else 5 * _POLL_S):
                self._hold()
            return
        self._release()
        missing = self._pace.size - sum(len(batch.records) for batch in self._pending)
        if missing > 0:
            self._take(self._consumed(missing))
        if self._pending:
            self._pipeline.submit(self._pending.popleft())

    def _consumed(self, most: int) -> list[Message]:
        from confluent_kafka import KafkaException

        try:
            return self._consumer.consume(most, 0.0 if self._pending else _GATHER_S)
        except KafkaException as error:
            raise given_up(error.args[0]) from error

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
        """Adds records to the batches that wait, one for each partition."""
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
            self._assignment.took(partition, records)
            waiting = next((batch for batch in self._pending if batch.partition == partition), None)
            if waiting is None:
                waiting = Batch(partition)
                self._pending.append(waiting)
            waiting.records += records

    def _on_error(self, message: Message, error: KafkaError) -> None:
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._PARTITION_EOF:
            partition, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
            self._assignment.reached_end(partition, offset)
        elif error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
            raise ConfigurationError(
                f"Kafka refuses ({error.str()}): the ingestor needs READ on its topics and on group {self._group}"
            )
        elif is_fatal(error):
            raise given_up(error)
        else:
            _log.warning("Kafka: %s", error.str())

    # --- what is applied, and committing it ---

    def _settle(self) -> None:
        self._note_finished()
        for partition, offset in self._pipeline.rewinds().items():
            self._rewind(partition, offset)
        self._commits.ask(self._consumer, self._assignment.to_commit())
        self._metrics.inflight.set(self._pipeline.in_flight() + sum(len(b.records) for b in self._pending))
        if time.monotonic() - self._lag_at > _LAG_EVERY_S:
            self._lag_at = time.monotonic()
            measure_lag(self._consumer, self._assignment, self._metrics, group=self._group)

    def _note_finished(self) -> None:
        for batch in self._pipeline.finished():
            self._pace.saw(len(batch.records), batch.seconds)
            self._assignment.applied(batch.partition, batch.next_offset)
        self._assignment.apply_ends()

    def _rewind(self, partition: Partition, offset: int | None) -> None:
        """Reads a partition again from an offset. While Kafka is away it stays to be done."""
        from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicPartition

        self._drop_pending([partition])
        if partition in self._assignment:
            try:
                self._consumer.seek(TopicPartition(*partition, OFFSET_BEGINNING if offset is None else offset))
            except KafkaException as error:
                _log.warning("%s:%d cannot be read again now: %s", *partition, error)
                return
            self._ledger.expect(partition, offset)
            self._assignment.rewind(partition, offset)
        self._pipeline.rewound(partition)

    # --- partitions come and go ---

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        found = committed(consumer, [(p.topic, p.partition) for p in partitions])
        for p in partitions:
            partition = (p.topic, p.partition)
            known = found.get(partition)
            if self._start.explicit and partition not in self._assignment.ever:
                known, p.offset = None, self._start.offset(consumer, p)
            self._ledger.expect(partition, noted(known) if known else None)
            self._assignment.add(partition, committed=known.offset if known else None)
        consumer.incremental_assign(partitions)
        # The client remembers a pause although the partition has been somebody else's since.
        (consumer.pause if self._held else consumer.resume)(partitions)
        self._pipeline.watch(self._assignment.partitions)
        _log.info("assigned: %s", _names(partitions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Finishes what is in flight within the deadline; else the new owner does it again."""
        lost = {(p.topic, p.partition) for p in partitions}
        self._drop_pending(lost)
        self._pipeline.wait(lambda: self._pipeline.in_flight(lost) == 0, self._revoke_timeout_s)
        self._note_finished()
        self._commits.insist(consumer, self._assignment.to_commit(all_of_it=True, among=lost))
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
            self._pipeline.rewound(partition)
        consumer.incremental_unassign(partitions)
        _log.info("given up: %s", _names(partitions))

    def _drop_pending(self, partitions: Iterable[Partition]) -> None:
        gone = set(partitions)
        self._pending = deque(batch for batch in self._pending if batch.partition not in gone)

    # --- how far it is ---

    def _caught_up(self) -> bool:
        if self._finish_line is None or self._pending or self._pipeline.in_flight():
            return False
        return self._pipeline.verified() and self._finish_line.reached(self._consumer)

    def _on_stats(self, text: str) -> None:
        brokers = json.loads(text).get("brokers", {}).values()
        self._brokers_up = any(b.get("state") == "UP" and b.get("nodeid", -1) >= 0 for b in brokers)


def _names(partitions: Sequence[TopicPartition]) -> str:
    return ", ".join(f"{p.topic}:{p.partition}" for p in partitions) or "nothing"
