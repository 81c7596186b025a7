"""The live hit rates in a browser, while what counts them dies."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from semcache.devstack.ports import free_port
from semcache.settings import load_settings
from semcache_ingest.decisions.recount import recount
from semcache_ingest.kafka.topics import ensure_topics
from semcache_ui.server import launch
from tests.browser.conftest import TIMEOUT_MS, _running, served
from tests.ingest.decisions.records import publish, traffic

pytestmark = pytest.mark.browser

TAKEN_OVER_MS = 120_000
"""Kafka gives a dead member's partitions to another after 45 seconds."""
COUNTER = [sys.executable, "-m", "semcache_ingest.cli", "decisions", "run"]


def test_the_page_shows_the_topic_after_a_kill(
    chromium: Browser, redis_url: str, kafka: str, namespace: str, tmp_path: Path
) -> None:
    """The processor is killed in the middle, and started again: the page shows what a recount of the topic gives."""
    settings = load_settings(
        namespace=namespace,
        data_dir=tmp_path,
        redis_url=redis_url,
        kafka_bootstrap_servers=kafka,
        decisions={"publish": True, "text": True, "topic": f"{namespace}.decisions", "group": namespace},
        ui_port=free_port(),
    )
    ensure_topics(settings)
    with served(settings):
        shown = chromium.new_page()
        shown.set_default_timeout(TIMEOUT_MS)
        shown.goto(f"{launch.address(settings)}/hit_rates")
        shown.get_by_text("day", exact=True).click()
        metrics = shown.get_by_test_id("stMain").get_by_test_id("stMetric")
        lookups = metrics.filter(has_text="Look-ups").get_by_test_id("stMetricValue")
        with _running(COUNTER, settings, "counter.log") as counter:
            publish(settings, traffic(1_000, namespace=namespace, end=time.time(), seed=1))
            expect(lookups).to_have_text(f"{recount(settings).lookups:,}")
            publish(settings, traffic(1_000, namespace=namespace, end=time.time(), seed=2))
            counter.kill()
        with _running(COUNTER, settings, "counter.log"):
            publish(settings, traffic(1_000, namespace=namespace, end=time.time(), seed=3))
            truth = recount(settings)
            expect(lookups).to_have_text(f"{truth.lookups:,}", timeout=TAKEN_OVER_MS)
            rate = metrics.filter(has_text="Hit rate").get_by_test_id("stMetricValue")
            expect(rate).to_have_text(f"{truth.hits / truth.lookups * 100:.1f} %")
            expect(shown.get_by_text("Missed most often")).to_be_visible()
        shown.close()
