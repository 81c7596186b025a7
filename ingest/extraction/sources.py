"""Where records to read come from: a share group, or a consumer group where the brokers have no share groups."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from semcache.errors import SemcacheError
from semcache.settings import KafkaSettings
from semcache_ingest.extraction.verdict import Delivery, Verdict
from semcache_ingest.kafka.clients import given_up, is_fatal, open_consumer, open_share_consumer, record_of
from semcache_ingest.records import Partition

if TYPE_CHECKING:
    from confluent_kafka import Message, TopicPartition

_COMMIT_S = 10.0
_log = logging.getLogger("semcache.ingest")


class NoShareGroups(SemcacheError):
    """The brokers do not know share groups: they are older than 4.2, or `share.version` is 0."""


class Source(Protocol):
    """Deliveries one batch after the other; each has to be settled before the next one. For one thread."""

    def poll(self, timeout_s: float) -> list[Delivery]: ...

    def settle(self, verdicts: Mapping[Delivery, Verdict]) -> int:
        """Tells Kafka; how many records somebody else has by now, who will do them again."""
        ...

    def idle(self) -> None:
        """Called now and then while nothing is polled."""
        ...

    def close(self) -> None: ...


class ShareSource:
    """A member of a share group, which acknowledges each record by itself."""

    def __init__(self, kafka: KafkaSettings, *, group: str, topics: Sequence[str], at_once: int) -> None:
        self._consumer = open_share_consumer(kafka, group=group, at_once=at_once)
        self._consumer.subscribe(list(topics))
        self._messages: dict[Delivery, Message] = {}

    def poll(self, timeout_s: float) -> list[Delivery]:
        """Raises NoShareGroups, or KafkaUnavailable if the client has given up."""
        from confluent_kafka import KafkaError, KafkaException

        try:
            messages = [message for message in self._consumer.poll(timeout_s) if message.error() is None]
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() == KafkaError.UNSUPPORTED_VERSION:
                raise NoShareGroups(reason.str()) from error
            if is_fatal(reason):
                raise given_up(reason) from error
            _log.warning("Kafka: %s", reason.str())
            return []
        self._messages = {Delivery(record_of(m), m.delivery_count() or 1): m for m in messages}
        return list(self._messages)

    def settle(self, verdicts: Mapping[Delivery, Verdict]) -> int:
        from confluent_kafka import AcknowledgeType, KafkaException

        kinds = {
            Verdict.ACCEPT: AcknowledgeType.ACCEPT,
            Verdict.RELEASE: AcknowledgeType.RELEASE,
            Verdict.REJECT: AcknowledgeType.REJECT,
        }
        for delivery, verdict in verdicts.items():
            self._consumer.acknowledge(self._messages[delivery], kinds[verdict])
        try:
            answers = self._consumer.commit_sync(_COMMIT_S)
        except KafkaException as error:
            _log.warning("not acknowledged, so delivered again: %s", error)
            return len(verdicts)
        refused = {(p.topic, p.partition) for p, answer in answers.items() if answer is not None}
        for partition in refused:
            _log.warning("records of %s:%d took longer than their lock: somebody else has them", *partition)
        return sum((d.record.topic, d.record.partition) in refused for d in verdicts)

    def idle(self) -> None:
        """Nothing: the client keeps its membership by itself."""

    def close(self) -> None:
        self._consumer.close()


class GroupSource:
    """A member of an ordinary consumer group. What is released stays here, and is delivered again before the rest."""

    def __init__(self, kafka: KafkaSettings, *, group: str, topics: Sequence[str], at_once: int) -> None:
        self._at_once = at_once
        self._held: list[Delivery] = []
        self._next: dict[Partition, int] = {}
        self._consumer = open_consumer(kafka, group=group)
        self._consumer.subscribe(list(topics), on_revoke=self._on_revoke, on_lost=self._on_revoke)

    def poll(self, timeout_s: float) -> list[Delivery]:
        if not self._held:
            self._consumer.resume(self._consumer.assignment())
            self._take(self._consumer.consume(self._at_once, timeout_s), count=1)
        return list(self._held)

    def settle(self, verdicts: Mapping[Delivery, Verdict]) -> int:
        """Commits once all that was taken is done."""
        released = [delivery for delivery, verdict in verdicts.items() if verdict is Verdict.RELEASE]
        mine = [d for d in self._held if d not in verdicts]
        self._held = [*(Delivery(d.record, d.count + 1) for d in released if self._has(d)), *mine]
        if self._held or not self._next:
            return 0
        return self._committed()

    def idle(self) -> None:
        """Polls without taking more, so that the group still sees us."""
        self._consumer.pause(self._consumer.assignment())
        message = self._consumer.poll(0)
        self._take([message] if message else [], count=1)

    def close(self) -> None:
        self._consumer.close()

    def _take(self, messages: Iterable[Message], *, count: int) -> None:
        for message in messages:
            error = message.error()
            if error is None:
                record = record_of(message)
                self._held.append(Delivery(record, count))
                self._next[record.topic, record.partition] = record.offset + 1
            elif is_fatal(error):
                raise given_up(error)

    def _has(self, delivery: Delivery) -> bool:
        return (delivery.record.topic, delivery.record.partition) in self._next

    def _committed(self) -> int:
        from confluent_kafka import KafkaException, TopicPartition

        offsets = [TopicPartition(*partition, offset) for partition, offset in self._next.items()]
        self._next.clear()
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            _log.warning("offsets are not committed, so the records are done again: %s", error)
        return 0

    def _on_revoke(self, _: object, partitions: list[TopicPartition]) -> None:
        """Whoever has them next does again what was not committed."""
        gone = {(p.topic, p.partition) for p in partitions}
        self._held = [d for d in self._held if (d.record.topic, d.record.partition) not in gone]
        self._next = {partition: offset for partition, offset in self._next.items() if partition not in gone}
