"""Traces of a request: joined, by their names, and without a word of what was said."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import asyncio, hashlib, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from openai import OpenAI
from semcache.app import open_app
from semcache.server.application import create
from semcache.settings import load_settings
from tests.server.conftest import running
from tests.server.upstream import Upstream
with running(Upstream().app()) as upstream:
    settings = load_settings(redis_url=sys.argv[1], namespace=sys.argv[2], server={"upstreams": [{"url": upstream}]})
    with open_app(settings, sweep=False) as app, running(create(app)) as url:
        client = OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
        for _ in range(2):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Is aubergine a fruit?"}])
for span in exporter.get_finished_spans():
    above = span.parent.span_id if span.parent else 0
    print(span.name, span.context.trace_id, span.context.span_id, above, sorted(span.attributes.items()), sep="|")
"""


def test_a_request_is_one_trace_and_a_hit_calls_no_model(redis_url: str, namespace: str) -> None:
    """HTTP, lookup, model and store belong together; the second request has no span of a model."""
    command = [sys.executable, "-c", SCRIPT, redis_url, namespace]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    spans = [line.split("|") for line in done.stdout.splitlines()]
    roots = [span for span in spans if span[0] == "POST /v1/chat/completions"]
    assert len(roots) == 2
    ours = ("semcache.lookup", "chat m", "semcache.store")
    within = [{span[0] for span in spans if span[1] == root[1] and span[0] in ours} for root in roots]
    assert within == [set(ours), {"semcache.lookup"}]
    assert "gen_ai.usage.input_tokens" in done.stdout
    assert "aubergine" not in done.stdout
