"""The two stages of a batch: prepare (decode, plan, embed) and write (apply, dead-letter, note the offset)."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from semcache.embed.protocol import Embedder, Vectors
from semcache.errors import ConfigurationError, InvalidInput, Quarantine, Unavailable
from semcache.telemetry import processing
from semcache_ingest.connection import RedisLink
from semcache_ingest.deadletters.writer import DeadLetterQueue, said
from semcache_ingest.events import Event
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.handlers.plan import Handler, Incoming, PlanT, Run, no_vectors, runs
from semcache_ingest.kafka.clients import Throttled
from semcache_ingest.ledger import AppliedOffsets, Ledger, Skips
from semcache_ingest.metrics import Metrics
from semcache_ingest.records import Outcome, Partition
from semcache_ingest.worker.batch import Batch, PassedOver, PlannedRun, RolledBack
from semcache_ingest.worker.bisect import Failed, apply_or_bisect
from semcache_ingest.worker.pipeline import AHEAD

SYSTEMIC = 8
"""If that many records fail alike and none of their batch passes, the fault is not the records'."""

_TRACES = ("traceparent", "tracestate")
_NOT_THE_RECORDS_FAULT = (Unavailable, ConfigurationError)
_log = logging.getLogger("semcache.ingest")
_letter_log = logging.getLogger("semcache.ingest.dead_letters")
_letter_log.addFilter(Throttled())


class Preparer:
    """Decodes the records of a batch, plans their writes, and embeds all their texts in one call. For one thread."""

    def __init__(
        self, decode: Decoder, handlers: Mapping[str, Handler[Any]], embedder: Embedder, skips: Skips, metrics: Metrics
    ) -> None:
        self._skips = skips
        self._seconds = metrics.batch_seconds
        self._decode = decode
        self._handlers = handlers
        self._embedder = embedder
        self._recent: deque[Batch] = deque(maxlen=AHEAD + 1)

    def __call__(self, batch: Batch) -> None:
        with self._seconds.labels("decode").time():
            arrivals = self._decoded(batch)
        with self._seconds.labels("plan").time():
            self._plan_all(batch, runs(arrivals, self._handlers))
        with self._seconds.labels("embed").time():
            self._embed(batch.runs)

    def _decoded(self, batch: Batch) -> list[tuple[int, Incoming]]:
        batch.outcomes.clear()
        batch.letters.clear()
        batch.runs = []
        batch.pass_over(self._skips.of(batch.partition))
        arrivals: list[tuple[int, Incoming]] = []
        for place, record in enumerate(batch.records):
            if place in batch.outcomes:
                continue
            try:
                decoded = self._decode(record)
            except _NOT_THE_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a record provokes, the others must not suffer
                batch.quarantine(place, error, stage="VALUE_CONVERTER")
                continue
            if isinstance(decoded, Outcome):
                batch.outcomes[place] = decoded
            else:
                arrivals += [(place, arrival) for arrival in decoded]
        return arrivals

    def _plan_all(self, batch: Batch, made: Sequence[Run[Any]]) -> None:
        if batch not in self._recent:
            self._recent.append(batch)
        batch.runs = []
        for run in made:
            batch.runs.append(PlannedRun(run, self._plan(run)))

    def _not_written_yet(self, handler: Handler[PlanT]) -> list[PlanT]:
        """The handler's plans that are written before the next one, but perhaps not yet."""
        planned = (planned for batch in self._recent if not batch.cancelled.is_set() for planned in batch.runs)
        return [p.plan for p in planned if p.run.handler is handler and p.plan is not None]

    def _plan(self, run: Run[PlanT]) -> PlanT | None:
        """The run's plan; None if a record in it cannot be planned, which the writer sorts out."""
        try:
            return run.handler.plan(run.arrivals, after=self._not_written_yet(run.handler))
        except _NOT_THE_RECORDS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - the culprit is found and dead-lettered
            _log.warning("a run of %d events cannot be planned (%s): looking for the culprit", len(run.arrivals), error)
            return None

    def _embed(self, made: Sequence[PlannedRun[Any]]) -> None:
        planned = [(p, p.plan.texts) for p in made if p.plan is not None]
        texts = [text for _, own in planned for text in own]
        try:
            vectors = embed(self._embedder, texts)
        except _NOT_THE_RECORDS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - the culprit is found and dead-lettered
            _log.warning("%d texts cannot be embedded together (%s): looking for the culprit", len(texts), error)
            return
        start = 0
        for p, own in planned:
            end = start + len(own)
            p.vectors, start = vectors[start:end], end


class Writer:
    """Applies a prepared batch, keeps its dead letters, and notes in Redis how far it got. For one thread."""

    def __init__(
        self,
        link: RedisLink,
        applied: AppliedOffsets,
        ledger: Ledger,
        skips: Skips,
        embedder: Embedder,
        dead_letters: DeadLetterQueue,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._applied = applied
        self._ledger = ledger
        self._skips = skips
        self._embedder = embedder
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock

    def __call__(self, batch: Batch) -> None:
        stored = self._verified(batch.partition)
        connects = self._link.connects
        if batch.troubled:
            batch.pass_over(self._skips.of(batch.partition))
        for planned in batch.runs:
            self._write(batch, planned)
        self._keep_letters(batch)
        if self._link.connects != connects:
            raise Unavailable("Redis was connected again while a batch was being written: writing it once more")
        if stored is None or stored < batch.next_offset:
            self._applied.advance(batch.partition, stored, batch.next_offset)
        self._ledger.expect(batch.partition, batch.next_offset)
        self._count(batch)

    def _keep_letters(self, batch: Batch) -> None:
        if batch.letters_kept:
            return
        self._dead_letters.write(batch.letters)
        batch.letters_kept = True
        for letter in batch.letters:
            _letter_log.warning(
                "dead letter %s (%s): %s", letter.record.position, letter.error_class, said(letter.error)
            )
        skipped = [letter.record.offset for letter in batch.letters if isinstance(letter.error, PassedOver)]
        self._skips.passed(batch.partition, skipped)

    def _verified(self, partition: Partition) -> int | None:
        """Up to where Redis holds the partition's log.

        Raises:
            RolledBack: that is less than it has held before.
        """
        stored = self._applied.of([partition])[partition]
        if self._ledger.lacks(partition, stored):
            raise RolledBack(stored)
        return stored

    def _write(self, batch: Batch, planned: PlannedRun[PlanT]) -> None:
        run = planned.run
        for place, result in zip(run.places, self._applied_run(planned), strict=True):
            if isinstance(result, Failed):
                batch.quarantine(place, result.error, stage="TASK_PUT")
            else:
                batch.settle(place, result)

    def _applied_run(self, planned: PlannedRun[PlanT]) -> Sequence[Outcome | Failed]:
        if planned.plan is not None and planned.vectors is not None:
            try:
                return planned.run.handler.write(planned.plan, planned.vectors)
            except _NOT_THE_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001 - the culprit is found and dead-lettered
                _log.warning("%d events cannot be written together (%s)", len(planned.run.arrivals), error)
        return self._bisected(planned.run)

    def _bisected(self, run: Run[PlanT]) -> Sequence[Outcome | Failed]:
        def apply(arrivals: Sequence[Incoming]) -> Sequence[Outcome]:
            plan = run.handler.plan(arrivals)
            return run.handler.write(plan, embed(self._embedder, plan.texts))

        results = apply_or_bisect(run.arrivals, apply, fatal=_NOT_THE_RECORDS_FAULT)
        failures = [result.error for result in results if isinstance(result, Failed)]
        if len(failures) == len(results) >= SYSTEMIC and not any(isinstance(e, Quarantine) for e in failures):
            raise Unavailable(
                f"none of {len(results)} records can be written, so the fault is not theirs: {failures[0]}"
            )
        return [result if isinstance(result, Failed) else result.result for result in results]

    def _count(self, batch: Batch) -> None:
        now, topic = self._clock(), batch.partition[0]
        for outcome, number in Counter(batch.outcomes.values()).items():
            self._metrics.records.labels(topic, outcome.value).inc(number)
        for letter in batch.letters:
            self._metrics.dead_letters.labels(letter.error_class).inc()
        stored = self._metrics.record_seconds.labels(topic)
        for record in batch.records:
            if record.timestamp_ms:
                stored.observe(max(0.0, now - record.timestamp_ms / 1000))
        for type, events in groupby(_events(batch), lambda event: event.type):
            seen = self._metrics.event_seconds.labels(type)
            for event in events:
                seen.observe(max(0.0, now - event.seconds))


def _events(batch: Batch) -> Iterator[Event]:
    return (arrival.event for planned in batch.runs for arrival in planned.run.arrivals)


def embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Vectors of passages, (n, dim) float32.

    Raises:
        InvalidInput: the embedder refuses a text, or returns something else than it promises.
        EmbedderUnavailable: as `Embedder.embed`.
    """
    if not texts:
        return no_vectors(embedder.dim)
    vectors = embedder.embed(texts, kind="passage")
    if vectors.shape != (len(texts), embedder.dim):
        raise InvalidInput(f"the embedder returned {vectors.shape} for {len(texts)} texts of {embedder.dim} numbers")
    return vectors


def traced(write: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """Writing a batch, in a span that leads to those of whoever produced its records."""

    def run(batch: Batch) -> None:
        records, (topic, partition) = batch.records, batch.partition
        carriers = ({name: record.header(name) or "" for name in _TRACES} for record in records)
        with processing(topic, partition, records[0].offset, count=len(records), carriers=carriers):
            write(batch)

    return run
