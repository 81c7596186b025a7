"""The loop: takes deliveries, reads them on threads, dead-letters what cannot be read, and settles each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from semcache.errors import KafkaUnavailable
from semcache_ingest.deadletters.writer import DeadLetter, DeadLetterQueue
from semcache_ingest.extraction.reading import Read
from semcache_ingest.extraction.sources import Source
from semcache_ingest.extraction.verdict import PASSING, Delivery, Verdict, verdict_of
from semcache_ingest.kafka.clients import Throttled
from semcache_ingest.metrics import ExtractionMetrics

_POLL_S = 0.5
MAX_BACKOFF_S = 30.0
_log = logging.getLogger("semcache.ingest.extract")
_log.addFilter(Throttled())


class Extractor:
    """Reads records until it is stopped. After an outage it takes nothing before `ready` succeeds.

    So an outage costs the records in hand one delivery, however long it lasts.
    """

    def __init__(
        self,
        source: Source,
        read: Read,
        *,
        ready: Callable[[], None],
        dead_letters: DeadLetterQueue,
        metrics: ExtractionMetrics,
        attempts: int,
        threads: int,
    ) -> None:
        self._source = source
        self._read = read
        self._ready = ready
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._attempts = attempts
        self._threads = threads
        self.trouble: str | None = None
        """What is being waited for, in words; None while all is well."""

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`; what is in hand is finished first."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="extract") as pool:
            while not stop.is_set():
                deliveries = self._source.poll(_POLL_S)
                if not deliveries:
                    continue
                errors = dict(zip(deliveries, pool.map(self._tried, deliveries), strict=True))
                self._settle(errors)
                outage = next((error for error in errors.values() if isinstance(error, PASSING)), None)
                if outage is not None:
                    self._wait_until_ready(stop, outage)

    def _tried(self, delivery: Delivery) -> Exception | None:
        try:
            with self._metrics.seconds.time():
                self._read(delivery.record)
        except Exception as error:  # noqa: BLE001 - whatever a record provokes is settled, not lost
            _log.warning("delivery %d of %s: %s", delivery.count, delivery.record.position, error)
            return error
        return None

    def _settle(self, errors: Mapping[Delivery, Exception | None]) -> None:
        verdicts = {
            delivery: verdict_of(error, count=delivery.count, attempts=self._attempts)
            for delivery, error in errors.items()
        }
        rejected = [delivery for delivery, verdict in verdicts.items() if verdict is Verdict.REJECT]
        if not self._kept([DeadLetter(d.record, errors[d] or Exception(), "TASK_PUT") for d in rejected]):
            verdicts |= dict.fromkeys(rejected, Verdict.RELEASE)
        self._metrics.lost.inc(self._source.settle(verdicts))
        for verdict in verdicts.values():
            self._metrics.records.labels(verdict.value).inc()

    def _kept(self, letters: Sequence[DeadLetter]) -> bool:
        try:
            self._dead_letters.write(letters)
        except KafkaUnavailable as error:
            _log.warning("dead letters cannot be written now: %s", error)
            return False
        return True

    def _wait_until_ready(self, stop: threading.Event, outage: Exception) -> None:
        pause_s = max(0.1, min(getattr(outage, "retry_after_s", 1.0), MAX_BACKOFF_S))
        self.trouble = str(outage)
        while not stop.wait(pause_s):
            self._source.idle()
            try:
                self._ready()
                self.trouble = None
                return
            except PASSING as error:
                self.trouble = str(error)
                _log.warning("waiting, nothing is lost: %s", error)
                pause_s = min(2 * pause_s, MAX_BACKOFF_S)
