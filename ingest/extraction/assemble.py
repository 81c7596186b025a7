"""Wiring of the extractor: a share group if the brokers have them, else a consumer group."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from semcache.errors import ConfigurationError, SemcacheError
from semcache.llm import Llm, open_llm
from semcache.llm.extractive import NAME as EXTRACTIVE
from semcache.settings import Settings
from semcache_ingest.deadletters.writer import DeadLetterQueue
from semcache_ingest.extraction.extractor import Extractor
from semcache_ingest.extraction.reading import FactReader
from semcache_ingest.extraction.share_group import configure_share_group
from semcache_ingest.extraction.sources import GroupSource, NoShareGroups, ShareSource, Source
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ingest.metrics import ExtractionMetrics
from semcache_ingest.publish import EventPublisher
from semcache_ingest.worker.assemble import make_decoder

END_S = 10.0
RETRY_S = 30.0
_log = logging.getLogger("semcache.ingest")


class Extraction:
    """Reads facts from whatever kind of group the brokers have. `health` may be asked from any thread."""

    def __init__(
        self, settings: Settings, reader: FactReader, dead_letters: DeadLetterQueue, metrics: ExtractionMetrics
    ) -> None:
        self.metrics = metrics
        self._settings = settings
        self._reader = reader
        self._dead_letters = dead_letters
        self._extractor: Extractor | None = None

    def run(self, stop: threading.Event) -> None:
        """Reads until `stop`. Raises KafkaUnavailable if the client has given up for good."""
        try:
            self._run(ShareSource, stop)
        except NoShareGroups:
            _log.warning("these brokers have no share groups: reading as an ordinary consumer group")
            self._run(GroupSource, stop)

    def health(self) -> Mapping[str, str]:
        """What is wrong, by part; empty while all is well."""
        trouble = self._extractor.trouble if self._extractor else None
        return {"model": trouble} if trouble else {}

    def _run(self, kind: type[ShareSource] | type[GroupSource], stop: threading.Event) -> None:
        wanted = self._settings.extract
        topics = [self._settings.kafka.conversations_topic, *self._settings.ingest.topics]
        source: Source = kind(self._settings.kafka, group=wanted.group, topics=topics, at_once=wanted.threads)
        try:
            self._extractor = Extractor(
                source,
                self._reader,
                ready=self._reader.ready,
                dead_letters=self._dead_letters,
                metrics=self.metrics,
                attempts=wanted.attempts,
                threads=wanted.threads,
            )
            self._extractor.run(stop)
        finally:
            source.close()


@contextmanager
def open_extractor(
    settings: Settings, *, llm: Llm | None = None, metrics: ExtractionMetrics | None = None
) -> Iterator[Extraction]:
    """What reads facts with the language model of the settings.

    Raises:
        ConfigurationError: no language model is configured.
        KafkaUnavailable: no broker answers.
    """
    llm = llm or open_llm(settings.llm)
    if not llm.generative:
        raise ConfigurationError(
            "reading facts needs a language model: set SEMCACHE_LLM_MODEL, and SEMCACHE_LLM_BASE_URL for your endpoint"
        )
    group = settings.extract.group
    ensure_topics(settings, group=group)
    configure_share_group(settings.kafka, group, attempts=settings.extract.attempts)
    dead_letters = DeadLetterQueue(settings.kafka, group=group)
    try:
        with EventPublisher(settings) as publisher:
            reader = FactReader(make_decoder(settings), llm, publisher.publish)
            yield Extraction(settings, reader, dead_letters, metrics or ExtractionMetrics())
    finally:
        dead_letters.close()


@contextmanager
def reading_beside(settings: Settings, registry: CollectorRegistry) -> Iterator[threading.Thread | None]:
    """For the length of the block a thread reads facts where the settings have a language model do so; else None.

    Whatever becomes of it, the worker beside it goes on: rules read what the model has not read.
    """
    if settings.llm.model == EXTRACTIVE or settings.memory.fact_reader != "llm":
        yield None
        return
    stop, metrics = threading.Event(), ExtractionMetrics(registry)
    thread = threading.Thread(target=_read_until, args=(stop, settings, metrics), name="extract", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(END_S)  # what the model is still asked is delivered again


def _read_until(stop: threading.Event, settings: Settings, metrics: ExtractionMetrics) -> None:
    while not stop.is_set():
        try:
            with open_extractor(settings, metrics=metrics) as extraction:
                extraction.run(stop)
        except SemcacheError as error:
            _log.warning("facts are read by rules alone for %d s: %s", RETRY_S, error)
        except Exception:  # noqa: BLE001 - the top of the loop: the worker beside it goes on
            _log.exception("facts are read by rules alone for %d s", RETRY_S)
        stop.wait(RETRY_S)
