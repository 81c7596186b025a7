"""What decisions count for, without any server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.decisions import Published
from semcache_ingest.decisions.counting import HOUR_S, MINUTE_S, Policy, Tally, counts_of, tally, window_of
from semcache_ingest.decisions.figures import Figures
from semcache_ingest.records import Record
from tests.ingest.decisions.records import START, checked, decided, record

POLICY = Policy(late_after_s=60, keep_s=30 * 86_400)
Summed = dict[tuple[int, int], dict[str, dict[str, int]]]


def summed(tallies: Sequence[Tally]) -> Summed:
    """The windows of several tallies, added as Redis adds them."""
    total = Tally(0.0)
    for each in tallies:
        for window, by_series in each.windows.items():
            for series, counts in by_series.items():
                total.add(window, series, counts)
    return total.windows


events = st.lists(
    st.builds(
        lambda at, scope, outcome, lost: decided(START + at, scope=scope, outcome=outcome, lost=lost),
        st.floats(-200_000, 200_000),
        st.sampled_from(["a", "b|c", "d:e"]),
        st.sampled_from(["hit", "miss", "shadow"]),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(events, st.lists(st.integers(1, 7), min_size=30, max_size=30))
def test_batches_make_no_difference(found: list[Published], sizes: list[int]) -> None:
    """However records are cut into batches, they add up to the same."""
    records = [record(event, offset) for offset, event in enumerate(found)]
    whole, parts, watermark = tally(records, 0.0, POLICY), [], 0.0
    while records:
        size = sizes[len(parts)]
        parts.append(tally(records[:size], watermark, POLICY))
        watermark, records = parts[-1].watermark, records[size:]
    assert summed(parts) == whole.windows
    assert watermark == whole.watermark


@given(events)
def test_no_decision_is_lost_or_doubled(found: list[Published]) -> None:
    """Every look-up is in exactly one window of an hour, or counted as too late."""
    windows = tally([record(event) for event in found], 0.0, POLICY).windows
    hours = Figures.of(counts for (length, _), by in windows.items() if length == HOUR_S for counts in by.values())
    assert hours.lookups + hours["too_late"] == len(found)
    assert hours["lost"] == sum(event.lost for event in found)


def test_a_late_record_counts_in_its_own_window_and_as_late() -> None:
    """The window is that of the event's time, however late the record comes."""
    found = tally([record(decided(START)), record(decided(START - 120))], 0.0, POLICY)
    assert found.windows[window_of(START - 120, MINUTE_S)]["default||s0"]["late"] == 1
    assert found.late == 1
    assert found.watermark == START


def test_what_is_within_the_grace_is_not_late() -> None:
    """A record may come a minute after others."""
    assert tally([record(decided(START)), record(decided(START - 60))], 0.0, POLICY).late == 0


def test_a_window_that_is_no_longer_kept_is_not_opened_again() -> None:
    """Such a record is counted as too late, where the stream is now."""
    found = tally([record(decided(START)), record(decided(START - 31 * 86_400))], 0.0, POLICY)
    assert found.windows[window_of(START, HOUR_S)]["default||s0"]["too_late"] == 1
    assert window_of(START - 31 * 86_400, HOUR_S) not in found.windows


def test_minutes_are_kept_shorter_than_hours() -> None:
    """What comes two days late counts by the hour alone."""
    old = START - 2 * 86_400
    found = tally([record(decided(START)), record(decided(old))], 0.0, POLICY)
    assert window_of(old, HOUR_S) in found.windows
    assert window_of(old, MINUTE_S) not in found.windows


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"type": "decision"}', b'{"type": "message"}', b"\xff"])
def test_what_is_no_decision_is_counted_as_invalid(value: bytes) -> None:
    """A record of somebody else neither stops the stream nor disappears."""
    found = tally([Record("t", 0, 0, None, value, timestamp_ms=int(START * 1000))], 0.0, POLICY)
    assert found.invalid == 1
    assert found.windows[window_of(START, HOUR_S)]["||"] == {"invalid": 1}


def test_names_cannot_reach_into_one_another() -> None:
    """A tenant or scope with a separator in its name is a series of its own."""
    one, other = decided(tenant="a|b", scope="c"), decided(tenant="a", scope="b|c")
    assert len(tally([record(one), record(other)], 0.0, POLICY).windows[window_of(START, HOUR_S)]) == 2


def test_figures_tell_rates_and_errors() -> None:
    """Rates are of all look-ups; the error is of what was judged, with its interval; nothing judged is no error."""
    found = [
        *(decided(outcome="hit", exact=True, tokens=10, cost_micros=5, saved_ms=300, latency_us=400) for _ in range(4)),
        *(decided(outcome="shadow", reason="shadow", latency_us=3_000) for _ in range(2)),
        *(decided(latency_us=2_000_000) for _ in range(2)),
        checked(right=True),
        checked(right=False, by="feedback"),
        checked(right=None),
    ]
    figures = Figures.of(counts_of(event) for event in found)
    assert (figures.lookups, figures.hits, figures.withheld) == (8, 4, 2)
    assert (figures.hit_rate, figures.potential) == (0.5, 0.75)
    assert (figures.judged, figures.error) == (2, 0.5)
    assert figures.error_interval[0] < 0.5 < figures.error_interval[1]
    assert figures.as_dict()["saved_tokens"] == 40
    assert (figures.latency_ms(0.5), figures.latency_ms(0.75), figures.latency_ms(1.0)) == (0.5, 3.0, None)
    assert Figures().error is None
    assert Figures().hit_rate is None
    assert Figures().latency_ms(0.5) is None
