"""Traces and metrics of requests: joined, by their names, and without a word of what was said unless it is wanted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

SCRIPT = """
import json, sys
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
import httpx2
from openai import OpenAI
from semcache.app import open_app
from semcache.server.application import create
from semcache.settings import load_settings
from tests.server.conftest import running
from tests.server.upstream import Upstream
with running(Upstream().app()) as upstream:
    given = {"server": {"upstreams": [{"url": upstream}]}, **json.loads(sys.argv[3])}
    settings = load_settings(redis_url=sys.argv[1], namespace=sys.argv[2], **given)
    with open_app(settings, sweep=False) as app, running(create(app)) as url:
        client = OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
        for _ in range(2):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Is aubergine a fruit?"}])
        headers = {"authorization": "Bearer k"}
        turn = {"session": "s", "role": "user", "text": "I grow aubergine."}
        httpx2.post(url + "/v1/memory/turns", json=turn, headers=headers).raise_for_status()
        httpx2.post(url + "/v1/memory/recall", json={"query": "aubergine?"}, headers=headers).raise_for_status()
spans = [
    {
        "name": span.name,
        "trace": span.context.trace_id,
        "id": span.context.span_id,
        "above": span.parent.span_id if span.parent else 0,
        "attributes": dict(span.attributes),
        "events": [str(event.attributes) for event in span.events],
    }
    for span in exporter.get_finished_spans()
]
points = [
    {"name": metric.name, "attributes": dict(point.attributes), "count": getattr(point, "count", None) or point.value}
    for resource in reader.get_metrics_data().resource_metrics
    for scope in resource.scope_metrics
    for metric in scope.metrics
    for point in metric.data.data_points
    if scope.scope.name == "semcache"
]
print(json.dumps({"spans": spans, "points": points}))
"""


def traced(redis_url: str, namespace: str, **settings: Any) -> Any:
    """Spans and data points of two chats and two calls of memory, in a process whose telemetry is its own."""
    environment = {**os.environ, **settings.pop("environment", {})}
    command = [sys.executable, "-c", SCRIPT, redis_url, namespace, json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_request_is_one_trace_and_a_hit_calls_no_model(redis_url: str, namespace: str) -> None:
    """HTTP, lookup, model and store belong together; the second request has no span of a model; nobody is quoted."""
    found = traced(redis_url, namespace)
    spans = found["spans"]
    roots = [span for span in spans if span["name"] == "POST /v1/chat/completions"]
    assert len(roots) == 2
    ours = ("semcache.lookup", "chat m", "semcache.store")
    within = [{s["name"] for s in spans if s["trace"] == root["trace"] and s["name"] in ours} for root in roots]
    assert within == [set(ours), {"semcache.lookup"}]
    known = {span["id"] for span in spans}
    assert all(span["above"] in known for span in spans if span["name"] in ours)
    [model] = [span["attributes"] for span in spans if span["name"] == "chat m"]
    assert model["gen_ai.usage.input_tokens"] == 4
    assert model["server.address"] == "127.0.0.1"
    assert {"create_memory", "search_memory"} <= {span["name"] for span in spans}
    assert "aubergine" not in json.dumps(found)
    assert "openinference" not in json.dumps(found)


def test_metrics_count_lookups_calls_and_tokens(redis_url: str, namespace: str) -> None:
    """One call of a model with its tokens, one hit and one miss."""
    points = traced(redis_url, namespace)["points"]

    def count(name: str, **attributes: str) -> float:
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return sum(p["count"] for p in points if p["name"] == name and wanted.items() <= p["attributes"].items())

    assert count("semcache.lookups", semcache__outcome="hit") == 1
    assert count("semcache.lookups", semcache__outcome="miss") == 1
    assert count("gen_ai.client.operation.duration", gen_ai__operation__name="chat") == 1
    assert count("gen_ai.client.token.usage", gen_ai__token__type="output") == 1


def test_what_was_said_is_there_for_whoever_wants_it(redis_url: str, namespace: str) -> None:
    """With OpenTelemetry's own variable, on the call of the model; and the kinds of OpenInference by a setting."""
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}
    spans = traced(redis_url, namespace, environment=content, otel={"openinference": True})["spans"]
    [model] = [span["attributes"] for span in spans if span["name"] == "chat m"]
    assert "aubergine" in model["gen_ai.input.messages"]
    assert "answer 1" in model["gen_ai.output.messages"]
    assert model["input.value"] == model["gen_ai.input.messages"]
    kinds = {span["name"]: span["attributes"].get("openinference.span.kind") for span in spans}
    assert (kinds["chat m"], kinds["semcache.lookup"], kinds["search_memory"]) == ("LLM", "CHAIN", "RETRIEVER")
