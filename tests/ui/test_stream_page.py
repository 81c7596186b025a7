"""The stream page, and the services behind it, on a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from semcache.errors import InvalidInput, KafkaUnavailable
from semcache_ingest.deadletters.letters import Wanted
from semcache_ingest.kafka.clients import open_producer
from semcache_ui.services.installation import Installation
from semcache_ui.services.kafka import stream
from semcache_ui.services.watching.health import look
from tests.ui.reading import said
from tests.waiting import wait_until

Page = Callable[..., AppTest]
STORY_EVENT = json.dumps(
    {
        "type": "message",
        "id": "m1",
        "at": "2026-11-23T10:00:00Z",
        "user": "ann",
        "session": "s",
        "role": "user",
        "text": "hello",
    }
)


def kafka_side(installation: Installation) -> stream.Stream:
    assert installation.stream is not None
    return installation.stream


def spoil(installation: Installation, *values: bytes) -> None:
    """Puts records that no ingestor can read into the conversations."""
    settings = installation.settings
    producer = open_producer(settings.kafka)
    for value in values:
        producer.produce(settings.kafka.conversations_topic, value=value, key=b"ann")
    assert producer.flush(20) == 0


def test_what_waits_in_kafka_is_lag_until_an_ingestor_runs(
    streamed: Installation, request: pytest.FixtureRequest
) -> None:
    """An event is lag and the missing ingestor is told; once one runs, the lag goes and the turn is in memory."""
    kafka_side(streamed).produce(STORY_EVENT)
    waiting = look(streamed.app)
    assert (waiting.lag, waiting.stalled) == (1, True)
    assert any("No ingestor is running" in trouble for trouble in waiting.troubles)
    request.getfixturevalue("ingestor")
    wait_until("the lag is gone", lambda: look(streamed.app).lag == 0)
    assert look(streamed.app).troubles == ()
    assert [t.text for t in streamed.app.memory(user="ann").window("s")] == ["hello"]


@pytest.mark.usefixtures("ingestor")
def test_the_probe_times_the_way_into_redis_and_leaves_no_document(streamed: Installation) -> None:
    """End to end is measured twice in a row, in well under its limit, and no document appears."""
    kafka = kafka_side(streamed)
    assert all(0 < kafka.probe() < 15 for _ in range(2))
    assert streamed.documents.all() == []


def test_a_probe_that_nobody_applies_says_so(streamed: Installation) -> None:
    """Without an ingestor the measurement ends with the likely cause."""
    with pytest.raises(KafkaUnavailable, match="is an ingestor running"):
        kafka_side(streamed).probe(timeout_s=0.2)


@pytest.mark.usefixtures("ingestor")
def test_dead_letters_are_read_by_kind_and_replayed(streamed: Installation) -> None:
    """Letters are counted by what is wrong with them; replaying sends those that fit, and they come back."""
    kafka = kafka_side(streamed)
    spoil(streamed, b"not json", b'{"type": "nonsense"}', b"not json either")
    wait_until("three letters", lambda: kafka.letters().count == 3)
    letters = kafka.letters()
    assert sorted(kind["count"] for kind in letters.kinds) == [1, 2]
    nonsense = Wanted(match="unknown event type")
    assert kafka.replay(nonsense, dry_run=True).replayed == 1
    assert kafka.letters(nonsense).newest[0].replays == 0
    assert kafka.replay(nonsense).replayed == 1
    wait_until("it came back", lambda: kafka.letters(nonsense).newest[0].replays == 1)
    assert kafka.letters().count == 4


@pytest.mark.parametrize(
    ("text", "why"), [("{", "no JSON"), ("[1]", "JSON object"), ('{"type": "message"}', "user"), ("{}", "no `type`")]
)
def test_a_wrong_event_by_hand_is_refused_before_kafka(text: str, why: str) -> None:
    """What is written by hand is checked, and the message names what is wrong."""
    with pytest.raises(InvalidInput, match=why):
        stream.checked(text)


@pytest.mark.parametrize("type", stream.TEMPLATES)
def test_every_template_is_a_valid_event(type: str) -> None:
    """What the page fills in can be sent as it is."""
    assert stream.checked(stream.template(type))["type"] == type


def test_without_kafka_the_page_says_how_it_works_then(installation: Installation, page: Page) -> None:
    """No broker is no error: changes take effect at once."""
    assert "Without Kafka" in said(page("views/stream.py"))


@pytest.mark.usefixtures("ingestor")
def test_the_page_shows_lag_letters_and_sends_events(streamed: Installation, page: Page) -> None:
    """Figures of the group, dead letters with their original, and an event by hand that arrives."""
    kafka = kafka_side(streamed)
    spoil(streamed, b"not json")
    wait_until("the letter is there", lambda: kafka.letters().count == 1)
    wait_until("the figures are there", lambda: (seen := streamed.health.get()) is not None and seen.lag == 0)
    test = page("views/stream.py")
    assert {m.label: m.value for m in test.metric}["Lag"] == "0 events"
    assert "1 dead letter" in said(test)
    assert "not json" in [code.value for code in test.code]
    test.text_area(key="by-hand").set_value(STORY_EVENT)
    next(b for b in test.button if b.label == "Send to Kafka").click().run()
    wait_until("it arrived", lambda: len(streamed.app.memory(user="ann").window("s")) == 1)


@pytest.mark.usefixtures("ingestor")
def test_a_letter_is_mended_by_hand(streamed: Installation, page: Page) -> None:
    """Its original lands in the editor."""
    spoil(streamed, b'{"type": "nonsense"}')
    kafka = kafka_side(streamed)
    wait_until("the letter is there", lambda: kafka.letters().count == 1)
    test = page("views/stream.py")
    next(b for b in test.button if b.label == "Mend by hand").click().run()
    assert test.text_area(key="by-hand").value == '{"type": "nonsense"}'


def test_a_dead_kafka_is_told_with_the_way_to_mend_it(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest, page: Page
) -> None:
    """The chat still answers without Kafka; the page says that what is said waits, and how to start it."""
    environment.setenv("SEMCACHE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    installation: Installation = request.getfixturevalue("installation")
    health = look(installation.app)
    assert (health.redis.state, health.kafka.state) == ("up", "down")
    assert "semcache up" in health.troubles[0]
    for _ in installation.chat.ask("How long do I have to return a bike?", user="ann", session="s"):
        pass
    (exchange,) = installation.chat.history(user="ann", session="s")
    assert exchange.text
    assert "waits" in exchange.warnings[0] or "kept" in exchange.warnings[0]


def test_history_turns_counters_into_rates(installation: Installation) -> None:
    """Between two looks the growth of the counters counts; a counter that was reset tells nothing."""
    first = look(installation.app)
    assert first.stats is not None
    now = [100.0]
    installation.history._clock = lambda: now[0]
    for hits, misses, at in ((0, 4, 100.0), (3, 5, 102.0), (0, 0, 104.0)):
        now[0] = at
        installation.history.add(replace(first, stats=replace(first.stats, hits_exact=hits, misses={"empty": misses})))
    grown, reset = installation.history.rates()
    assert (grown.lookups, grown.hit_rate) == (4, 0.75)
    assert (reset.lookups, reset.hit_rate) == (0, None)


def test_without_kafka_the_chat_answers_and_says_what_is_wrong(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest, page: Page
) -> None:
    """A Kafka that does not answer is named on the pages; questions are answered all the same."""
    environment.setenv("SEMCACHE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    helpdesk: Installation = request.getfixturevalue("helpdesk")
    assert helpdesk.health.wait(60) is not None
    test = page("views/chat.py")
    assert "Kafka" in said(test)
    test.chat_input[0].set_value("How long do I have to return a bike?").run()
    assert "within 30 days" in said(test)
    assert "Kafka does not answer" in said(page("views/stream.py"))
    with pytest.raises(KafkaUnavailable, match="erase again"):
        helpdesk.memories.erase("you")
