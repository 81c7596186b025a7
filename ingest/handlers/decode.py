"""From a record to its events: envelope, fields, processors, and where each stands in the order of its document."""

from __future__ import annotations

from collections.abc import Sequence

from semcache.errors import Quarantine, SemcacheError
from semcache.knowledge.order import VERSION, Place
from semcache_ingest.envelopes import Rules, Unwrapped, unwrap
from semcache_ingest.envelopes.registry import SchemaRegistry
from semcache_ingest.events import MAX_FUTURE_S, DocumentDeleted, DocumentUpserted, Event, parse_event
from semcache_ingest.handlers.plan import Incoming
from semcache_ingest.processors.chain import Processor
from semcache_ingest.records import Outcome, Record


class Decoder:
    """Decodes records. `namespace`, if given, replaces that of every event: a replay into another one.

    With a `registry`, records that name a schema are read by it.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        processors: Sequence[Processor] = (),
        max_text_bytes: int,
        max_future_s: float = MAX_FUTURE_S,
        namespace: str | None = None,
        registry: SchemaRegistry | None = None,
    ) -> None:
        self._rules = rules
        self._processors = processors
        self._max_text_bytes = max_text_bytes
        self._max_future_s = max_future_s
        self._namespace = namespace
        self._registry = registry

    def __call__(self, record: Record) -> list[Incoming] | Outcome:
        """The events in a record; SKIPPED where there is nothing to do, DROPPED where a processor dropped them.

        Raises:
            Quarantine: the record can never be applied. Whatever decoding provokes is the record's own fault.
            Unavailable, ConfigurationError: the Schema Registry cannot be asked.
        """
        try:
            return self._decoded(record)
        except SemcacheError:
            raise
        except Exception as error:
            raise Quarantine(f"the record cannot be read: {type(error).__name__}: {error}") from error

    def _decoded(self, record: Record) -> list[Incoming] | Outcome:
        read = self._registry.read(record) if self._registry else record
        unwrapped = unwrap(read, self._rules)
        if not unwrapped:
            return Outcome.SKIPPED
        events = [(self._event(one), one) for one in unwrapped]
        kept = [Incoming(event, record, _place(event, one, record)) for event, one in events if event is not None]
        return kept or Outcome.DROPPED

    def _event(self, unwrapped: Unwrapped) -> Event | None:
        """The event; None if a processor drops it."""
        fields = unwrapped.fields | ({"namespace": self._namespace} if self._namespace else {})
        event: Event | None = parse_event(fields, max_text_bytes=self._max_text_bytes, max_future_s=self._max_future_s)
        for processor in self._processors:
            if event is not None:
                event = _processed(processor, event)
        return event


def _place(event: Event, unwrapped: Unwrapped, record: Record) -> Place | None:
    """Where a document's change stands: the version that its owner counts is an axis of its own."""
    if not isinstance(event, DocumentUpserted | DocumentDeleted):
        return None
    log, source = f"{record.topic}:{record.partition}", unwrapped.place
    axis, numbers = (source.axis, source.numbers) if source else ("", ())
    if event.version is not None:
        axis, numbers = VERSION, (event.version,)
    return Place(
        log,
        record.offset,
        record.timestamp_ms,
        axis,
        numbers,
        epoch=unwrapped.epoch,
        source_ms=source.at_ms if source else None,
        snapshot=bool(source and source.snapshot),
    )


def _processed(processor: Processor, event: Event) -> Event | None:
    try:
        return processor(event)
    except SemcacheError:
        raise
    except Exception as error:
        name = getattr(processor, "__name__", type(processor).__name__)
        raise Quarantine(f"processor {name}: {type(error).__name__}: {error}") from error
