"""Traces and metrics by OpenTelemetry's names; without its SDK nothing is done.

No text of users is in an attribute, unless OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is "true".
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import metrics, propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

_tracer = trace.get_tracer("semcache")
_meter = metrics.get_meter("semcache")
_duration = _meter.create_histogram("gen_ai.client.operation.duration", unit="s")
_tokens = _meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
_lookups = _meter.create_counter("semcache.lookups")
_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_MOST_LINKS = 128  # as many as an SDK keeps by default
_OPERATIONS = {"chat": "chat", "responses": "chat", "embeddings": "embeddings"}


@contextmanager
def looking_up(kind: str = "") -> Iterator[Callable[..., None]]:
    """The span of a lookup; what it yields notes the outcome."""
    attributes = {"openinference.span.kind": kind} if kind else {}
    with _tracer.start_as_current_span("semcache.lookup", attributes=attributes) as span:

        def note(outcome: str, **found: str | float) -> None:
            span.set_attribute("semcache.outcome", outcome)
            span.set_attributes({f"semcache.{name.replace('__', '.')}": value for name, value in found.items()})
            _lookups.add(1, {"semcache.outcome": outcome})

        yield note


@contextmanager
def storing() -> Iterator[None]:
    """The span of storing an answer."""
    with _tracer.start_as_current_span("semcache.store"):
        yield


class ModelCall:
    """The span of a call of a model, and its metrics; `end` closes it."""

    def __init__(
        self, endpoint: str, model: str, *, body: bytes = b"", address: str = "", openinference: bool = False
    ) -> None:
        self._clock = time.perf_counter
        self._started = self._clock()
        operation = _OPERATIONS.get(endpoint, endpoint)
        self._attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": model,
        }
        extra = {"server.address": address} if address else {}
        if openinference:
            extra["openinference.span.kind"] = "LLM"
        self.span = _tracer.start_span(
            f"{operation} {model}".strip(), kind=SpanKind.CLIENT, attributes={**self._attributes, **extra}
        )
        self._openinference = openinference
        if captures_content():
            self._content("input", body.decode("utf-8", "replace"))

    def headers(self) -> dict[str, str]:
        """`traceparent` for the service that is called."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier, context=trace.set_span_in_context(self.span))
        return carrier

    def answered(self, status: int) -> None:
        if status >= 400:
            self.failed(str(status))

    def failed(self, kind: str) -> None:
        self._attributes["error.type"] = kind
        self.span.set_attribute("error.type", kind)
        self.span.set_status(Status(StatusCode.ERROR))

    def said(self, body: Mapping[str, Any]) -> None:
        """What a whole answer says of itself."""
        self.span.set_attributes(
            {f"gen_ai.response.{name}": str(body[name]) for name in ("id", "model") if body.get(name)}
        )
        if captures_content():
            self._content("output", json.dumps(body.get("choices") or body.get("output"), ensure_ascii=False))
        choices = body.get("choices")
        if isinstance(choices, list):
            ends = [str(each.get("finish_reason")) for each in choices if isinstance(each, Mapping)]
            self.span.set_attribute("gen_ai.response.finish_reasons", ends)
        usage = body.get("usage")
        for kind, names in (
            ("input", ("prompt_tokens", "input_tokens")),
            ("output", ("completion_tokens", "output_tokens")),
        ):
            counts = [usage.get(name) for name in names] if isinstance(usage, Mapping) else []
            for count in counts:
                if isinstance(count, int):
                    self.span.set_attribute(f"gen_ai.usage.{kind}_tokens", count)
                    _tokens.record(count, {**self._attributes, "gen_ai.token.type": kind})

    def _content(self, which: str, text: str) -> None:
        self.span.set_attribute(f"gen_ai.{which}.messages", text)
        if self._openinference:
            self.span.set_attribute(f"{which}.value", text)

    def end(self) -> None:
        _duration.record(self._clock() - self._started, self._attributes)
        self.span.end()


@contextmanager
def remembering(operation: str, store: str, *, openinference: bool = False) -> Iterator[Span]:
    """The span of an operation of memory: search_memory, create_memory, delete_memory, ...; `store`: whose, hashed."""
    attributes = {"gen_ai.operation.name": operation, "gen_ai.memory.store.id": store}
    if openinference:
        attributes["openinference.span.kind"] = "RETRIEVER" if operation == "search_memory" else "TOOL"
    with _tracer.start_as_current_span(operation, kind=SpanKind.INTERNAL, attributes=attributes) as span:
        yield span


@contextmanager
def sending(topic: str) -> Iterator[dict[str, str]]:
    """The span of sending a record to Kafka; what it yields are headers that lead back to it, if it is recorded."""
    attributes = {**_kafka(topic, "send"), "messaging.operation.type": "send"}
    with _tracer.start_as_current_span(f"send {topic}", kind=SpanKind.PRODUCER, attributes=attributes):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield carrier


@contextmanager
def processing(
    topic: str, partition: int, offset: int, *, count: int, carriers: Iterable[Mapping[str, str]]
) -> Iterator[None]:
    """The span of applying a batch of records, the first of them at `offset`, linked to those of their producers.

    `carriers`: headers of records; read only if the span is recorded.
    """
    attributes = {
        **_kafka(topic, "process"),
        "messaging.operation.type": "process",
        "messaging.destination.partition.id": str(partition),
        "messaging.kafka.offset": offset,
        "messaging.batch.message_count": count,
    }
    with _tracer.start_as_current_span(f"process {topic}", kind=SpanKind.CONSUMER, attributes=attributes) as span:
        if span.is_recording():
            found = (trace.get_current_span(propagate.extract(carrier)).get_span_context() for carrier in carriers)
            producers = {each.span_id: each for each in found if each.is_valid}
            for producer in list(producers.values())[:_MOST_LINKS]:
                span.add_link(producer)
        yield


def _kafka(topic: str, operation: str) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.destination.name": topic,
    }


def captures_content() -> bool:
    """Whether whoever runs this wants what was said in traces."""
    return os.environ.get(_CONTENT, "").lower() == "true"
