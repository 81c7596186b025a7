"""Producing a file of events: one JSON object a line."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from semcache.errors import InvalidInput
from semcache.settings import Settings
from semcache_ingest.publish import EventPublisher, outgoing

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

STDIN = "-"


@dataclass(slots=True)
class Produced:
    """What became of a file's lines. `bad`: line number and cause."""

    events: int = 0
    bytes: int = 0
    seconds: float = 0.0
    bad: list[tuple[int, str]] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def produce_file(
    path: str, settings: Settings, *, bad: Callable[[int, str], None], progress: Callable[[int], None]
) -> Produced:
    """Produces each valid line, and reports each bad one; returns once Kafka has acknowledged all.

    `path` may be `-` for standard input, or end in .gz. `progress` is called with the bytes read so far.

    Raises:
        InvalidInput: the file cannot be read.
        KafkaUnavailable: no broker answers.
    """
    done, started, read = Produced(), time.monotonic(), 0

    def report(number: int, cause: str) -> None:
        done.bad.append((number, cause))
        bad(number, cause)

    with EventPublisher(settings) as publisher, _opened(path) as lines:
        for number, line in enumerate(lines, 1):
            read += len(line)
            progress(read)
            if line.strip():
                _produce_line(publisher, settings, number, line, done, report)
        publisher.flush()
    done.seconds = time.monotonic() - started
    return done


def _produce_line(
    publisher: EventPublisher,
    settings: Settings,
    number: int,
    line: bytes,
    done: Produced,
    report: Callable[[int, str], None],
) -> None:
    def delivered(error: KafkaError | None) -> None:
        if error is None:
            done.events += 1
            done.bytes += len(record.value)
        else:
            report(number, error.str())

    try:
        record = outgoing(_object(line), settings)
        publisher.send(record, delivered)
    except InvalidInput as error:
        report(number, str(error))


def _object(line: bytes) -> dict[str, object]:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidInput("an event is a JSON object")
    return fields


@contextmanager
def _opened(path: str) -> Iterator[Iterable[bytes]]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as lines:
            yield lines
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from error
