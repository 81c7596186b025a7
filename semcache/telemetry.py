"""Traces and metrics by OpenTelemetry's names; without its SDK nothing is done. No text of users is in an attribute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import metrics, propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

_tracer = trace.get_tracer("semcache")
_meter = metrics.get_meter("semcache")
_duration = _meter.create_histogram("gen_ai.client.operation.duration", unit="s")
_tokens = _meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
_lookups = _meter.create_counter("semcache.lookups")
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

    def __init__(self, endpoint: str, model: str, *, address: str = "", openinference: bool = False) -> None:
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

    def end(self) -> None:
        _duration.record(self._clock() - self._started, self._attributes)
        self.span.end()


@contextmanager
def remembering(operation: str, store: str) -> Iterator[Span]:
    """The span of an operation of memory: search_memory, create_memory, delete_memory, ...; `store`: whose, hashed."""
    attributes = {"gen_ai.operation.name": operation, "gen_ai.memory.store.id": store}
    with _tracer.start_as_current_span(operation, kind=SpanKind.INTERNAL, attributes=attributes) as span:
        yield span
