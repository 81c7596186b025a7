"""From a record to an event: envelope, fields, processors."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.envelopes import Rules, unwrap
from ingest.envelopes.registry import SchemaRegistry
from ingest.events import Event, parse_event
from ingest.outcome import Outcome
from ingest.processors.chain import Processor
from ingest.records import Record
from semcache.errors import Quarantine, SemcacheError


class Decoder:
    """Decodes records. `namespace`, if given, replaces that of every event: a replay into another one.

    With a `registry`, records that name a schema have to fit it.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        processors: Sequence[Processor] = (),
        max_text_bytes: int,
        namespace: str | None = None,
        registry: SchemaRegistry | None = None,
    ) -> None:
        self._rules = rules
        self._processors = processors
        self._max_text_bytes = max_text_bytes
        self._namespace = namespace
        self._registry = registry

    def __call__(self, record: Record) -> Event | Outcome:
        """The event in a record; SKIPPED where there is nothing to do, DROPPED where a processor dropped it.

        Raises:
            Quarantine: the record can never be applied.
            Unavailable, ConfigurationError: the Schema Registry cannot be asked.
        """
        if self._registry:
            self._registry.check(record)
        fields = unwrap(record, self._rules)
        if fields is None:
            return Outcome.SKIPPED
        if self._namespace:
            fields["namespace"] = self._namespace
        event = parse_event(fields, max_text_bytes=self._max_text_bytes)
        for processor in self._processors:
            passed = _processed(processor, event)
            if passed is None:
                return Outcome.DROPPED
            event = passed
        return event


def _processed(processor: Processor, event: Event) -> Event | None:
    try:
        return processor(event)
    except SemcacheError:
        raise
    except Exception as error:
        name = getattr(processor, "__name__", type(processor).__name__)
        raise Quarantine(f"processor {name}: {type(error).__name__}: {error}") from error
