"""What could not be applied: seeing it, replaying it, mending it by hand."""

from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka import Producer
from playwright.sync_api import expect

from semcache.settings import Settings
from tests.browser.actions import fill, go, heading, picture, tab
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_a_dead_letter_is_replayed_and_mended(visit: Visit, site: Settings) -> None:
    """A record without a role is listed with its cause and its bytes; replayed it fails again; mended it is applied."""
    broken = {
        "type": "message",
        "id": uuid.uuid4().hex,
        "namespace": site.namespace,
        "user": "ida",
        "session": "s1",
        "text": "My cello is called Gustav.",
        "at": "2026-11-01T10:00:00Z",
    }
    producer = Producer({"bootstrap.servers": site.kafka.bootstrap_servers})
    producer.produce(site.kafka.conversations_topic, json.dumps(broken), key="ida")
    assert producer.flush(30) == 0

    page = visit("stream", user="ida")
    heading(page, "Stream")
    topics = tab(page, "Topics")
    expect(topics.get_by_test_id("stVegaLiteChart")).to_be_visible()
    expect(topics.get_by_test_id("stMetric").filter(has_text="Dead letters")).to_contain_text("1")
    picture(page, "stream")
    letters = tab(page, "Dead letters")
    expect(letters).to_contain_text("1 dead letter")
    letters.get_by_test_id("stExpander").first.get_by_text("role").first.click()
    expect(letters).to_contain_text("Gustav")
    picture(page, "dead-letters")
    letters.get_by_role("button", name="Replay all").click()
    expect(letters.get_by_test_id("stAlert")).to_contain_text("1 letter replayed")

    by_hand = tab(page, "By hand")
    fill(by_hand.get_by_label("Event"), json.dumps({**broken, "role": "user"}))
    by_hand.get_by_role("button", name="Send to Kafka").click()
    expect(by_hand.get_by_test_id("stAlert")).to_contain_text("Kafka has it")
    go(page, "Memory")
    expect(page.get_by_role("main")).to_contain_text("Turns")
    expect(tab(page, "Conversations")).to_contain_text("Gustav")


def test_the_way_of_an_event_is_measured(visit: Visit) -> None:
    """An event is sent, and the page says how long it took into Redis."""
    page = visit("stream")
    page.get_by_role("button", name="Measure end to end").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="End to end")).to_contain_text("ms")
