"""Dead letters: the headers that tell what happened, and the producer that keeps the record."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from ingest.clients import MAX_MESSAGE_BYTES, open_producer
from ingest.records import Record
from ingest.topics import dead_letter_topic
from semcache.errors import KafkaUnavailable, Quarantine, Unavailable
from semcache.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

CONNECT = "__connect.errors."
ATTEMPTS = "dlq.attempts"
FIRST_FAILED_AT = "dlq.first_failed_at"
ERROR_CLASS = "dlq.error_class"
REPLAYS = "dlq.replays"
TRUNCATED = "dlq.truncated_bytes"
_OURS = (CONNECT, "dlq.")
_STACK_CHARS = 2000
_MESSAGE_CHARS = 1000
_KEPT_BYTES = 500_000
_FLUSH_S = 10.0

Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that can never be applied, and why."""

    record: Record
    error: Exception
    stage: str

    @property
    def error_class(self) -> str:
        """schema | oversize | poison | retryable, as dashboards count them."""
        if isinstance(self.error, Quarantine):
            return self.error.error_class
        return "retryable" if isinstance(self.error, Unavailable) else "poison"


def headers_of(letter: DeadLetter, *, group: str, now: float) -> Headers:
    """The record's own headers, then Kafka Connect's names for what went wrong (all text), then ours."""
    record, error = letter.record, letter.error
    earlier = {name: value for name, value in record.headers if name.startswith("dlq.")}
    about = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "connector.name": group,
        "task.id": 0,
        "stage": letter.stage,
        "class.name": "semcache-ingest",
        "exception.class.name": type(error).__name__,
        "exception.message": str(error)[:_MESSAGE_CHARS],
        "exception.stacktrace": _stack(error),
    }
    ours = {
        ATTEMPTS: _count(earlier.get(ATTEMPTS)) + 1,
        FIRST_FAILED_AT: (earlier.get(FIRST_FAILED_AT) or b"").decode() or datetime.fromtimestamp(now, UTC).isoformat(),
        ERROR_CLASS: letter.error_class,
    }
    if REPLAYS in earlier:
        ours[REPLAYS] = _count(earlier[REPLAYS])
    return [
        *((name, value) for name, value in record.headers if not name.startswith(_OURS)),
        *((CONNECT + name, str(value).encode()) for name, value in about.items()),
        *((name, str(value).encode()) for name, value in ours.items()),
    ]


class DeadLetterQueue:
    """Writes dead letters, and returns only when Kafka has them. For one thread."""

    def __init__(self, kafka: KafkaSettings, *, group: str, clock: Callable[[], float] = time.time) -> None:
        self._kafka = kafka
        self._group = group
        self._clock = clock
        self._producer: Producer | None = None

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Writes each with its original key, bytes, headers and timestamp; returns once all are acknowledged.

        Raises:
            KafkaUnavailable: not all are; writing them again is safe, if not free of doubles.
        """
        if not letters:
            return
        too_large = self._delivered([(letter, letter.record.value, None) for letter in letters])
        cut = [(letter, (letter.record.value or b"")[:_KEPT_BYTES], letter.record.size) for letter in too_large]
        if self._delivered(cut):
            raise KafkaUnavailable("the dead-letter topic refuses even a truncated record: raise its max.message.bytes")

    def close(self) -> None:
        """Waits a little for what is under way."""
        if self._producer:
            self._producer.flush(_FLUSH_S)

    def _delivered(self, wanted: Sequence[tuple[DeadLetter, bytes | None, int | None]]) -> list[DeadLetter]:
        """Those that are too large for the topic; any other failure raises."""
        producer = self._producer = self._producer or open_producer(
            self._kafka, message_max_bytes=MAX_MESSAGE_BYTES + 2**20
        )
        reports: list[tuple[DeadLetter, KafkaError | None]] = []
        for letter, value, truncated_from in wanted:
            extra: Headers = [] if truncated_from is None else [(TRUNCATED, str(truncated_from).encode())]
            producer.produce(
                dead_letter_topic(self._group, letter.record.topic),
                value=value,
                key=letter.record.key,
                headers=headers_of(letter, group=self._group, now=self._clock()) + extra,
                timestamp=letter.record.timestamp_ms,
                on_delivery=partial(_note, reports, letter),
            )
        producer.flush(_FLUSH_S)
        return self._too_large(reports, expected=len(wanted))

    def _too_large(self, reports: Sequence[tuple[DeadLetter, KafkaError | None]], *, expected: int) -> list[DeadLetter]:
        from confluent_kafka import KafkaError

        large = [letter for letter, error in reports if error and error.code() == KafkaError.MSG_SIZE_TOO_LARGE]
        other = next((e for _, e in reports if e and e.code() != KafkaError.MSG_SIZE_TOO_LARGE), None)
        if other or len(reports) < expected:
            if self._producer:
                self._producer.purge()
            raise KafkaUnavailable(
                f"the dead-letter topic does not take records ({other.str() if other else 'no acknowledgement'})"
            )
        return large


def _note(
    reports: list[tuple[DeadLetter, KafkaError | None]], letter: DeadLetter, error: KafkaError | None, _: object
) -> None:
    reports.append((letter, error))


def _stack(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-_STACK_CHARS:]


def _count(value: bytes | None) -> int:
    return int(value) if value and value.isdigit() else 0
