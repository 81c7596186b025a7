"""Publishing events: where they go, under which key, and when Kafka has them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from semcache.errors import InvalidInput, KafkaUnavailable, Quarantine
from semcache.settings import Settings
from semcache.telemetry import sending
from semcache_ingest.events import KNOWLEDGE_TYPES, Event, parse_event, routing_key
from semcache_ingest.kafka.clients import Throttled, open_producer
from semcache_ingest.kafka.topics import ensure_topics

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

CONTACT_S = 3.0
QUIET_S = 5.0
"""After a failed contact, callers are told so at once for that long."""
_FLUSH_S = 30.0
_CAUSES = 100
_log = logging.getLogger("semcache.ingest.publish")
_log.addFilter(Throttled())

Delivered = Callable[["KafkaError | None"], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event as it goes to Kafka."""

    id: str
    topic: str
    key: bytes
    value: bytes


def outgoing(fields: Mapping[str, Any], settings: Settings) -> Outgoing:
    """The record of an event.

    Raises:
        InvalidInput: it is no valid event; the message names the field.
    """
    try:
        event = parse_event({"namespace": settings.namespace, **fields}, max_text_bytes=settings.ingest.max_text_bytes)
    except Quarantine as error:
        raise InvalidInput(str(error)) from error
    return Outgoing(event.id, _topic(event, settings), routing_key(event).encode(), _json(event))


class EventPublisher:
    """Publishes events. Thread-safe; nothing is sent, and no topic made, before the first event.

    `publish` returns once the event is in the client's buffer, or, with `confirm_s`, once Kafka has it. Leaving the
    context sends what is left in the buffer. `trouble` is called, on a thread that publishes or polls, when the client
    has lost all brokers.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        trouble: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._on_trouble = trouble
        self._clock = clock
        self._lock = threading.Lock()
        self._client: Producer | None = None
        self._trouble: KafkaUnavailable | None = None
        self._trouble_at = float("-inf")
        self._failed: deque[str] = deque(maxlen=_CAUSES)
        self._lost = 0

    def __enter__(self) -> EventPublisher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._client is not None and kind is None:
            self.flush()

    def publish(self, event: Mapping[str, Any], *, confirm_s: float | None = None) -> None:
        """Publishes an event (fields as in `ingest.events`; the namespace may be left out).

        Raises:
            InvalidInput: it is no valid event, or larger than the broker takes.
            KafkaUnavailable: no broker answers, or none has acknowledged within `confirm_s` seconds.
        """
        record = outgoing(event, self._settings)
        if confirm_s is None:
            self.send(record, self._note)
            return
        answers: list[KafkaError | None] = []
        self.send(record, answers.append)
        deadline = self._clock() + confirm_s
        while not answers and self._clock() < deadline:
            self._producer().poll(0.05)
        if not answers:
            raise _not_taken(f"no acknowledgement within {confirm_s:g} s")
        if answers[0] is not None:
            raise _not_taken(answers[0].str())

    def send(self, record: Outgoing, delivered: Delivered) -> None:
        """Puts a record into the client's buffer; `delivered(error or None)` is called when Kafka has answered."""
        producer = self._producer()
        with sending(record.topic) as headers:
            self._put(producer, record, headers, delivered)

    @staticmethod
    def _put(producer: Producer, record: Outgoing, headers: dict[str, str], delivered: Delivered) -> None:
        from confluent_kafka import KafkaError, KafkaException

        while True:
            try:
                producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(headers.items()),
                    on_delivery=lambda error, _: delivered(error),
                )
                producer.poll(0)
                return
            except BufferError:
                producer.poll(0.1)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise InvalidInput(f"the event has {len(record.value):,} bytes, more than Kafka takes") from error
                raise _not_taken(error.args[0].str()) from error

    def flush(self, *, timeout_s: float = _FLUSH_S) -> None:
        """Waits until Kafka has everything.

        Raises:
            KafkaUnavailable: some events could not be delivered since the last flush.
        """
        left = self._producer().flush(timeout_s)
        failed, cause = self._lost, self._failed[-1] if self._failed else "no acknowledgement"
        self._lost = 0
        self._failed.clear()
        if left or failed:
            raise _not_taken(f"{left + failed} events are lost: {cause}")

    def give_up(self) -> None:
        """Forgets what is in the buffer: whoever published it without waiting is told in the log that it is lost."""
        if self._client is not None:
            self._client.purge()

    def poll(self, timeout_s: float) -> bool:
        """Waits for answers of Kafka, and calls those that wait for them; False if nothing was ever sent."""
        if self._client is None:
            return False
        self._client.poll(timeout_s)
        return True

    def _note(self, error: KafkaError | None) -> None:
        if error is not None:
            self._lost += 1
            self._failed.append(error.str())
            _log.error("an event is lost: Kafka has not taken it (%s)", error.str())

    def _on_error(self, error: KafkaError) -> None:
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._on_trouble(error.str())

    def _producer(self) -> Producer:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
            return self._client

    def _connected(self) -> Producer:
        if self._trouble and self._clock() - self._trouble_at < QUIET_S:
            raise self._trouble
        try:
            ensure_topics(self._settings, timeout_s=CONTACT_S)
        except KafkaUnavailable as error:
            self._trouble, self._trouble_at = error, self._clock()
            raise
        return open_producer(self._settings.kafka, error_cb=self._on_error)


def _topic(event: Event, settings: Settings) -> str:
    kafka = settings.kafka
    return kafka.knowledge_topic if event.type in KNOWLEDGE_TYPES else kafka.conversations_topic


def _json(event: Event) -> bytes:
    return event.model_dump_json(exclude_none=True).encode()


def _not_taken(why: str) -> KafkaUnavailable:
    return KafkaUnavailable(f"Kafka does not take events ({why}); `semcache status` tells whether it runs")
