"""Dead letters: the headers that tell what happened, and the producer that keeps the record."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from semcache.errors import KafkaUnavailable, Quarantine, Unavailable
from semcache.settings import KafkaSettings
from semcache_ingest.kafka.clients import MAX_MESSAGE_BYTES, open_producer
from semcache_ingest.kafka.topics import dead_letter_topic
from semcache_ingest.records import Record

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
_MOMENT_CHARS = 64
_COUNT_DIGITS = 9
_KEPT_BYTES = 500_000
_KEPT_KEY_BYTES = 10_000
_FLUSH_S = 10.0
_FULL_S = 0.1

Headers = list[tuple[str, str | bytes | None]]
Kept = Callable[["DeadLetter", str, float], "dict[str, Any]"]
"""What is kept of a record: arguments of `Producer.produce`, from the letter, the group and the time."""
Report = Callable[["KafkaError | None", object], None]


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


def headers_of(letter: DeadLetter, *, group: str, now: float, own: bool = True) -> Headers:
    """The record's own headers, then Kafka Connect's names for what went wrong (all text), then ours.

    Never raises, whatever the record's headers hold. `own` false leaves the record's own headers out.
    """
    record, error = letter.record, letter.error
    earlier = {name: value or b"" for name, value in record.headers if name.startswith("dlq.")}
    about = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "connector.name": group,
        "task.id": 0,
        "stage": letter.stage,
        "class.name": "semcache-ingest",
        "exception.class.name": type(error).__name__,
        "exception.message": said(error)[:_MESSAGE_CHARS],
        "exception.stacktrace": _stack(error),
    }
    ours = {
        ATTEMPTS: count_of(earlier.get(ATTEMPTS, b"").decode("utf-8", "replace")) + 1,
        FIRST_FAILED_AT: _first_failed_at(earlier.get(FIRST_FAILED_AT, b""), now),
        ERROR_CLASS: letter.error_class,
    }
    if REPLAYS in earlier:
        ours[REPLAYS] = count_of(earlier[REPLAYS].decode("utf-8", "replace"))
    kept = record.headers if own else ()
    return [
        *((name, value) for name, value in kept if not name.startswith(_OURS)),
        *((CONNECT + name, _bytes(value)) for name, value in about.items()),
        *((name, _bytes(value)) for name, value in ours.items()),
    ]


def said(error: BaseException) -> str:
    """What an error says; its class alone where it cannot even be asked."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - an exception may define __str__ as it likes
        return type(error).__name__


def count_of(text: str) -> int:
    """The number in a header; 0 for anything that is none, or is longer than any count can be."""
    return int(text) if text.isdecimal() and len(text) <= _COUNT_DIGITS else 0


def _first_failed_at(earlier: bytes, now: float) -> str:
    try:
        return datetime.fromisoformat(earlier[:_MOMENT_CHARS].decode()).isoformat()
    except ValueError:
        return datetime.fromtimestamp(now, UTC).isoformat()


def _bytes(value: object) -> bytes:
    return str(value).encode("utf-8", "replace")


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
        wanted = list(letters)
        for kept in (_whole, _truncated, _undated, _bare):
            wanted = self._delivered(wanted, kept) if wanted else []
        if wanted:
            raise KafkaUnavailable(
                f"the dead-letter topic refuses even a truncated record ({wanted[0].record.position}): "
                "raise its max.message.bytes"
            )

    def close(self) -> None:
        """Waits a little for what is under way."""
        if self._producer:
            self._producer.flush(_FLUSH_S)

    def _delivered(self, wanted: Sequence[DeadLetter], kept: Kept) -> list[DeadLetter]:
        """Those that the topic does not take in that form; any other failure raises."""
        producer = self._producer = self._producer or open_producer(
            self._kafka, message_max_bytes=MAX_MESSAGE_BYTES + 2**20
        )
        reports: list[tuple[DeadLetter, KafkaError | None]] = []
        for letter in wanted:
            made = kept(letter, self._group, self._clock())
            self._produce(producer, letter, made, partial(_note, reports, letter))
        producer.flush(_FLUSH_S)
        return self._refused(reports, expected=len(wanted))

    def _produce(self, producer: Producer, letter: DeadLetter, made: dict[str, Any], report: Report) -> None:
        from confluent_kafka import KafkaException

        topic = dead_letter_topic(self._group, letter.record.topic)
        while True:
            try:
                producer.produce(topic, on_delivery=report, **made)
                return
            except BufferError:
                producer.poll(_FULL_S)
            except KafkaException as error:
                report(error.args[0], None)
                return

    def _refused(self, reports: Sequence[tuple[DeadLetter, KafkaError | None]], *, expected: int) -> list[DeadLetter]:
        from confluent_kafka import KafkaError

        forms = (
            KafkaError.MSG_SIZE_TOO_LARGE,
            KafkaError.INVALID_TIMESTAMP,
            KafkaError.INVALID_RECORD,
            KafkaError._INVALID_DIFFERENT_RECORD,
        )
        refused = [letter for letter, error in reports if error and error.code() in forms]
        other = next((error for _, error in reports if error and error.code() not in forms), None)
        if other or len(reports) < expected:
            if self._producer:
                self._producer.purge()
            raise KafkaUnavailable(
                f"the dead-letter topic does not take records ({other.str() if other else 'no acknowledgement'})"
            )
        return refused


def _note(
    reports: list[tuple[DeadLetter, KafkaError | None]], letter: DeadLetter, error: KafkaError | None, _: object
) -> None:
    reports.append((letter, error))


def _whole(letter: DeadLetter, group: str, now: float) -> dict[str, Any]:
    """As the record was: key, value, headers and timestamp."""
    record = letter.record
    timestamp = {"timestamp": record.timestamp_ms} if record.timestamp_ms > 0 else {}
    headers = headers_of(letter, group=group, now=now)
    return {"key": record.key, "value": record.value, "headers": headers} | timestamp


def _truncated(letter: DeadLetter, group: str, now: float) -> dict[str, Any]:
    """With the beginning of its value."""
    whole = _whole(letter, group, now)
    whole["headers"].append((TRUNCATED, _bytes(letter.record.size)))
    return whole | {"value": (letter.record.value or b"")[:_KEPT_BYTES]}


def _undated(letter: DeadLetter, group: str, now: float) -> dict[str, Any]:
    """Whole, but for its timestamp: brokers refuse one that lies in the future."""
    return _whole(letter, group, now) | {"timestamp": 0}


def _bare(letter: DeadLetter, group: str, now: float) -> dict[str, Any]:
    """Without its own headers, and with the beginning of its key and value."""
    headers = [*headers_of(letter, group=group, now=now, own=False), (TRUNCATED, _bytes(letter.record.size))]
    key, value = letter.record.key, letter.record.value or b""
    return {"key": key and key[:_KEPT_KEY_BYTES], "value": value[:_KEPT_KEY_BYTES], "headers": headers}


def _stack(error: Exception) -> str:
    try:
        return "".join(traceback.format_exception(error))[-_STACK_CHARS:]
    except Exception:  # noqa: BLE001 - formatting asks the exception for its text
        return type(error).__name__
