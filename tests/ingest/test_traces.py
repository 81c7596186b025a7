"""Traces through Kafka: the batch that applies an event is linked to whoever published it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from semcache import telemetry
from semcache.settings import Settings
from semcache_ingest.publish import EventPublisher
from tests.ingest.conftest import Running
from tests.ingest.producing import upsert

TEXT = "Descale the kettle monthly."


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("semcache"))
    yield exporter
    provider.shutdown()


def test_a_batch_is_linked_to_the_producers_of_its_records(
    settings: Settings, exporter: InMemorySpanExporter, drain: Callable[..., Running]
) -> None:
    """Two events of two requests: both are named by the span that applies them; no text of them is in any."""
    with EventPublisher(settings) as publisher:
        for number in (1, 2):
            with telemetry.storing():  # stands for the request that publishes
                publisher.publish(upsert("kettle", number, TEXT), confirm_s=20)
    drain()
    spans = exporter.get_finished_spans()
    requests = {span.context.trace_id for span in spans if span.name == "semcache.store"}
    sent = [span for span in spans if span.name.startswith("send ")]
    assert {span.context.trace_id for span in sent} == requests
    assert all(span.kind is trace.SpanKind.PRODUCER for span in sent)
    applied = [span for span in spans if span.name.startswith("process ")]
    linked = {link.context.span_id for span in applied for link in span.links}
    assert linked == {span.context.span_id for span in sent}
    assert sum(span.attributes["messaging.batch.message_count"] for span in applied if span.attributes) >= 2
    assert "kettle" not in "".join(str(dict(span.attributes or {})) for span in spans)


def test_without_a_tracer_records_carry_no_header(settings: Settings, drain: Callable[..., Running]) -> None:
    """Events of a program that traces nothing are as they were."""
    with EventPublisher(settings) as publisher:
        publisher.publish(upsert("kettle", 1, TEXT), confirm_s=20)
    worker = drain()
    assert worker.count("semcache_ingest_records_total", outcome="applied") == 1
