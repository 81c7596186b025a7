"""Publishing decisions: what goes out, and what happens when Kafka takes nothing."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.cache.types import Candidate, CheckRecord, DecisionPlace, Hit, LookupRecord, Miss, Reason
from semcache.decisions import AnswerChecked, LookupDecided, parse_published
from semcache.devstack.ports import free_port
from semcache.settings import Settings
from semcache_ingest.decisions.counting import Policy, tally
from semcache_ingest.decisions.publish import DecisionPublisher, Event, event_of, events_of, open_publisher
from semcache_ingest.decisions.recount import recount
from semcache_ingest.records import Record
from tests.waiting import wait_until

PLACE = DecisionPlace("default", "a" * 32, "acme", False, 0.02)
texts = st.text(st.characters(codec="utf-8"), max_size=700)
candidates = st.builds(Candidate, st.just("e"), texts, st.floats(-1.0001, 1.0001))
hits = st.builds(
    Hit,
    response=st.just("r"),
    entry_id=st.just("e"),
    prompt=texts,
    similarity=st.floats(-1.0001, 1.0001),
    confidence=st.floats(-0.0001, 1.0001),
    age_s=st.just(0.0),
    sources=st.just({}),
    exact=st.booleans(),
    tokens_saved=st.integers(0, 10**9),
    cost_saved=st.floats(0, 1e6),
    seconds_saved=st.floats(0, 1e6),
)
misses = st.builds(Miss, st.sampled_from(Reason), texts, st.lists(candidates, max_size=2).map(tuple))
places = st.builds(DecisionPlace, st.just("default"), st.just("s"), texts, st.booleans(), st.floats(0, 0.5))


def sent(record: LookupRecord | CheckRecord, **given: Any) -> LookupDecided | AnswerChecked:
    """The event as it comes out of Kafka."""
    event = event_of(record, **{"text": False} | given) | {"id": "1"}
    return parse_published(json.dumps(event, ensure_ascii=False).encode())


@given(places, texts, st.one_of(hits, misses), st.booleans())
def test_whatever_was_decided_is_a_valid_event(
    place: DecisionPlace, prompt: str, found: Hit | Miss, with_text: bool
) -> None:
    """Also with cosines beyond 1 and long names; text only if it is asked for, and never of one person's scope."""
    event = sent(LookupRecord(place, prompt, found, 1.79e9, 0.001), text=with_text)
    assert isinstance(event, LookupDecided)
    assert event.outcome == ("hit" if found else "shadow" if found.reason is Reason.SHADOW else "miss")
    if not with_text or place.personal:
        assert event.question is None
        assert event.nearest is None
    elif prompt:
        assert event.question == prompt[:500]


several = st.lists(
    st.builds(
        LookupRecord,
        st.sampled_from([PLACE, replace(PLACE, scope="b" * 32), replace(PLACE, personal=True)]),
        st.sampled_from(["a", "b"]),
        st.one_of(hits, misses),
        st.floats(1.79e9, 1.79e9 + 120),
        st.floats(0, 0.01),
    ),
    max_size=40,
)


def totals(events: Iterable[Event]) -> tuple[dict[object, dict[str, int]], Counter[tuple[str, str]]]:
    """What events count for by window and series, and how often each question is counted; money and time aside."""
    records = [
        Record("t", 0, at, b"", json.dumps(e | {"id": "1"}).encode(), timestamp_ms=0) for at, e in enumerate(events)
    ]
    found = tally(records, 0.0, Policy(late_after_s=1e9))
    exact = {
        (window, series): {
            name: n for name, n in counts.items() if name not in ("latency_us", "cost_micros", "saved_ms")
        }
        for window, by_series in found.windows.items()
        for series, counts in by_series.items()
    }
    asked: Counter[tuple[str, str]] = Counter()
    for question in found.asked:
        asked[question.board, question.text] += question.times
    return exact, asked


@given(several, st.booleans())
def test_exact_hits_that_share_an_event_count_as_if_each_had_its_own(records: list[LookupRecord], text: bool) -> None:
    """The same counts in the same windows, whatever was decided; money and time but for rounding."""
    together, alone = list(events_of(records, text=text)), [event_of(record, text=text) for record in records]
    assert totals(together) == totals(alone)
    for name, unit in (("cost_micros", 1), ("saved_ms", 1)):
        assert sum(e.get(name, 0) for e in together) == pytest.approx(sum(e.get(name, 0) for e in alone), abs=unit * 40)
    took = [sum(e["latency_us"] * e.get("times", 1) for e in events) for events in (together, alone)]
    assert took[0] == pytest.approx(took[1], abs=len(records))


def test_many_exact_hits_of_a_moment_are_one_event() -> None:
    """A thousand of them, of any question, if no text is published; an event for each question with it."""
    hit = hits_of("q")
    records = [LookupRecord(PLACE, f"q{at % 7}", hit, 1.79e9, 0.0003) for at in range(1_000)]
    (one,) = events_of(records, text=False)
    assert (one["times"], one["tokens"], one["outcome"]) == (1_000, 5_000, "hit")
    assert sorted(e["times"] for e in events_of(records, text=True)) == [142] + [143] * 6


def hits_of(prompt: str) -> Hit:
    return Hit("r", "e", prompt, 1.0, 1.0, 0.0, {}, exact=True, tokens_saved=5)


def test_half_characters_are_sent_as_question_marks() -> None:
    """A text that is no valid Unicode costs its own characters only."""
    event = event_of(LookupRecord(PLACE, "a\ud800b", Miss(Reason.EMPTY, ""), 1.79e9, 0.0), text=True)
    value = json.dumps(event | {"id": "1"}, ensure_ascii=False).encode("utf-8", "replace")
    found = parse_published(value)
    assert isinstance(found, LookupDecided)
    assert found.question == "a?b"


@pytest.mark.parametrize("right", [True, False, None])
def test_a_check_says_how_it_was(right: bool | None) -> None:
    """Right, wrong, or that the judge cannot tell."""
    event = sent(CheckRecord(PLACE, "shadow", right, 1.79e9))
    assert isinstance(event, AnswerChecked)
    assert (event.by, event.right, event.tenant) == ("shadow", right, "acme")


def test_without_kafka_decisions_are_dropped_and_counted(settings: Settings) -> None:
    """Whoever looks up waits for nothing, memory is bounded, and what is lost is known."""
    away = settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    wanted = settings.decisions.model_copy(update={"publish": True, "waiting": 50})
    publisher = DecisionPublisher(settings.model_copy(update={"kafka": away, "decisions": wanted}))
    record = LookupRecord(PLACE, "q", Miss(Reason.EMPTY, ""), time.time(), 0.001)
    started = time.perf_counter()
    for _ in range(200):
        publisher(record)
    assert time.perf_counter() - started < 1.0
    assert publisher.lost >= 150
    publisher.close()
    assert publisher.lost == 200


def test_what_was_lost_is_told_when_kafka_is_back(publishing: Settings) -> None:
    """The next decision that goes out carries how many did not."""
    with open_publisher(publishing) as publisher:
        publisher._drop(7)
        publisher(
            LookupRecord(
                DecisionPlace(publishing.namespace, "s", "", False, 0.02),
                "q",
                Miss(Reason.EMPTY, ""),
                time.time(),
                0.001,
            )
        )
        wait_until("it is sent", lambda: recount(publishing).lookups == 1)
    assert recount(publishing)["lost"] == 7
    assert publisher.lost == 7
