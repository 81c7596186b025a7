"""The live part of the hit-rate page, on counts in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from semcache.store.connect import connect
from semcache_ingest.decisions.counting import Policy, tally
from semcache_ingest.decisions.counts import Counts, State
from semcache_ui.services.installation import Installation
from tests.ingest.decisions.records import checked, decided, record
from tests.ui.reading import said

Page = Callable[..., AppTest]


@pytest.fixture
def counted(environment: pytest.MonkeyPatch, namespace: str, redis_url: str) -> None:
    """Six look-ups of two tenants, counted a moment ago; with their questions."""
    for name, value in (("PUBLISH", "true"), ("TEXT", "true"), ("GROUP", namespace), ("TOPIC", namespace)):
        environment.setenv(f"SEMCACHE_DECISIONS_{name}", value)
    now = time.time()
    events = [
        *(decided(now, namespace=namespace, tenant="acme", outcome="hit", reason="", tokens=50) for _ in range(3)),
        decided(now, namespace=namespace, tenant="acme", outcome="shadow", reason="shadow"),
        *(decided(now, namespace=namespace, tenant="larkmoor", question="where is my bike") for _ in range(2)),
        checked(now, namespace=namespace, tenant="acme", right=False),
    ]
    client = connect(redis_url)
    counts = Counts(client, group=namespace, topic=namespace, policy=Policy())
    counts.states([0])
    assert counts.apply(0, State(), 7, tally([record(event) for event in events], 0.0, Policy()))
    client.close()


def test_the_page_shows_what_was_counted(counted: None, installation: Installation, page: Page) -> None:
    """Look-ups, hit rate, what would be served, errors, tenants and the questions that were missed."""
    shown = page("views/hit_rates.py")
    metrics = {metric.label: metric.value for metric in shown.metric}
    assert metrics["Look-ups"] == "6"
    assert metrics["Hit rate"] == "50.0 %"
    assert metrics["Would be served"] == "66.7 %"
    assert metrics["Wrong, estimated"] == "100.0 %"
    assert metrics["Tokens saved"] == "150"
    tables = [table.value.to_dict("list") for table in shown.dataframe]
    assert any(table.get("tenant") == ["acme", "larkmoor"] for table in tables)
    assert any(table.get("question") == ["where is my bike"] and table["times"] == [2] for table in tables)


def test_without_the_setting_nothing_is_shown(installation: Installation, page: Page) -> None:
    """The page is as it was."""
    shown = page("views/hit_rates.py")
    assert "Live" not in said(shown)
    assert not shown.exception
