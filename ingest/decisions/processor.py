"""The process that counts decisions: consumes, tallies, applies, commits.

The offset that counts is the one in Redis, which the script moves with the counts; Kafka's is for tools that show lag.
A worker that has lost a partition, or comes back to a Redis with less than it had, finds another offset there than it
left, applies nothing, and goes on from what is there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from semcache.errors import RedisUnavailable
from semcache.settings import Settings
from semcache_ingest.decisions.counting import Policy, tally
from semcache_ingest.decisions.counts import Counts, State
from semcache_ingest.kafka.clients import Throttled, given_up, is_fatal, open_consumer, record_of
from semcache_ingest.metrics import DecisionMetrics
from semcache_ingest.records import Record

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, TopicPartition

_BATCH = 1_000
_POLL_S = 0.2
_PAUSE_S = 0.5
_log = logging.getLogger("semcache.ingest.decisions")
_log.addFilter(Throttled())


class Processor:
    """A member of the group that counts. `run` is its life; `health` may be asked from any thread."""

    def __init__(self, settings: Settings, counts: Counts, policy: Policy, metrics: DecisionMetrics) -> None:
        self._topic = settings.decisions.topic
        self._counts = counts
        self._policy = policy
        self._metrics = metrics
        self._states: dict[int, State] = {}
        self._stop = threading.Event()
        self._looped_at = time.monotonic()
        self._trouble = ""
        self._consumer = open_consumer(settings.kafka, group=settings.decisions.group)

    def run(self, stop: threading.Event, *, targets: Mapping[int, int] | None = None) -> None:
        """Counts until `stop`, or until each partition is counted up to its offset in `targets`.

        Raises:
            KafkaUnavailable: the client has given up for good.
            ConfigurationError: Kafka refuses this user, or does not know the group protocol.
        """
        self._stop = stop
        self._consumer.subscribe([self._topic], on_assign=self._on_assign, on_revoke=self._leave, on_lost=self._leave)
        try:
            while not stop.is_set() and not (targets is not None and self._reached(targets)):
                self._looped_at = time.monotonic()
                self._step(self._consumed())
        finally:
            self._consumer.close()

    def health(self) -> Mapping[str, str]:
        """What is wrong, by part; empty while all is well."""
        found = {"redis": self._trouble} if self._trouble else {}
        return found | ({"worker": "the loop stands still"} if time.monotonic() - self._looped_at > 30 else {})

    def _reached(self, targets: Mapping[int, int]) -> bool:
        states = self._counts.states(list(targets))
        return all((states[p].offset or 0) >= end for p, end in targets.items())

    # -- records

    def _consumed(self) -> dict[int, list[Record]]:
        """Records by partition; those that come after a seek from before it are left out by `_step`."""
        from confluent_kafka import KafkaException

        try:
            messages = self._consumer.consume(_BATCH, _POLL_S)
        except KafkaException as error:
            raise given_up(error.args[0]) from error
        found: dict[int, list[Record]] = {}
        for message in messages:
            if not self._is_error(message):
                record = record_of(message)
                found.setdefault(record.partition, []).append(record)
        return found

    def _is_error(self, message: Message) -> bool:
        from confluent_kafka import KafkaError

        error = message.error()
        if error is not None and is_fatal(error):
            raise given_up(error)
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            _log.warning("Kafka: %s", error.str())
        return error is not None

    def _step(self, batches: Mapping[int, Sequence[Record]]) -> None:
        for partition, records in batches.items():
            state = self._states.get(partition)
            fresh = [r for r in records if state is not None and r.offset >= (state.offset or 0)]
            if state is None or not fresh:
                continue
            try:
                self._apply(partition, state, fresh)
                self._trouble = ""
            except RedisUnavailable as error:
                self._wait_for_redis(error)
                self._again(partition, state)

    def _apply(self, partition: int, state: State, records: Sequence[Record]) -> None:
        started, after = time.monotonic(), records[-1].offset + 1
        found = tally(records, state.watermark, self._policy)
        if not self._counts.apply(partition, state, after, found):
            _log.warning("partition %d is counted up to elsewhere: going on from there", partition)
            self._metrics.fenced.inc()
            self._again(partition, self._counts.states([partition])[partition])
            return
        self._states[partition] = State(after, found.watermark)
        self._metrics.counted(found, time.monotonic() - started)
        self._commit(partition, after)

    def _again(self, partition: int, state: State) -> None:
        """Reads a partition from where it is counted up to."""
        from confluent_kafka import KafkaException

        if partition not in self._states:
            return
        self._states[partition] = state
        try:
            self._consumer.seek(self._place(partition, state))
        except KafkaException as error:
            _log.warning("partition %d cannot be read again now: %s", partition, error)
            del self._states[partition]
            self._consumer.incremental_unassign([self._place(partition, state)])
            self._assign({partition: state})

    def _commit(self, partition: int, offset: int) -> None:
        from confluent_kafka import KafkaException, TopicPartition

        try:
            self._consumer.commit(offsets=[TopicPartition(self._topic, partition, offset)], asynchronous=True)
        except KafkaException as error:
            _log.warning(
                "the offset of partition %d is not committed, which matters to lag tools only: %s", partition, error
            )

    def _wait_for_redis(self, error: RedisUnavailable) -> None:
        self._trouble = str(error)
        _log.warning("decisions cannot be counted now: %s", error)
        self._stop.wait(error.retry_after_s or _PAUSE_S)

    # -- partitions come and go

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assign(self._known([p.partition for p in partitions]))

    def _assign(self, states: Mapping[int, State]) -> None:
        self._states.update(states)
        self._consumer.incremental_assign([self._place(partition, state) for partition, state in states.items()])

    def _known(self, partitions: Sequence[int]) -> dict[int, State]:
        """How far they are counted; waits for Redis, without which nothing can be counted."""
        while not self._stop.is_set():
            try:
                return self._counts.states(partitions)
            except RedisUnavailable as error:
                self._wait_for_redis(error)
        return {}

    def _place(self, partition: int, state: State) -> TopicPartition:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        return TopicPartition(self._topic, partition, OFFSET_BEGINNING if state.offset is None else state.offset)

    def _leave(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Nothing is in flight between two steps: what was read and not applied is read again by the next owner."""
        for p in partitions:
            self._states.pop(p.partition, None)
        consumer.incremental_unassign(partitions)
