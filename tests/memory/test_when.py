"""Times in questions: what is named, relative to when it is asked, and how near a turn is to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory.dates.when import CalendarDate, Mention, Span, asks_when, has_time_word, mentioned, utc_day

ASKED_AT = datetime(2024, 3, 14, 9, tzinfo=UTC).timestamp()  # a Thursday


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Ann do in May?", CalendarDate(5)),
        ("May I ask what Ann did?", None),
        ("Who did she march with?", None),
        ("What happened on 5 June 2023?", CalendarDate(6, 5, 2023)),
        ("What happened on the 5th of June, 2023?", CalendarDate(6, 5, 2023)),
        ("What happened on June 5th?", CalendarDate(6, 5)),
        ("What happened in December 2022?", CalendarDate(12, None, 2022)),
        ("What happened on 2023-06-05?", CalendarDate(6, 5, 2023)),
        ("What did I say yesterday?", Span(date(2024, 3, 13), date(2024, 3, 13))),
        ("What did I say last week?", Span(date(2024, 3, 4), date(2024, 3, 10))),
        ("What did I do this week?", Span(date(2024, 3, 11), date(2024, 3, 17))),
        ("Where was I last weekend?", Span(date(2024, 3, 9), date(2024, 3, 10))),
        ("What did I buy last month?", Span(date(2024, 2, 1), date(2024, 2, 29))),
        ("Where did we go last year?", Span(date(2023, 1, 1), date(2023, 12, 31))),
        ("Where did we go last summer?", Span(date(2023, 6, 1), date(2023, 8, 31))),
        ("Where did we go last winter?", Span(date(2023, 12, 1), date(2024, 2, 29))),
        ("What happened in the last three days?", Span(date(2024, 3, 11), date(2024, 3, 14))),
        ("Who called two weeks ago?", Span(date(2024, 2, 28), date(2024, 3, 1))),
        ("Who called last Tuesday?", Span(date(2024, 3, 12), date(2024, 3, 12))),
        ("Who called on Thursday?", Span(date(2024, 3, 7), date(2024, 3, 7))),
        ("Who called Friday?", Span(date(2024, 3, 8), date(2024, 3, 8))),
        ("Who called this Tuesday?", Span(date(2024, 3, 12), date(2024, 3, 12))),
        ("Who called this Thursday?", Span(date(2024, 3, 14), date(2024, 3, 14))),
        ("Do we meet on Mondays?", None),
        ("What did I say the day before yesterday?", Span(date(2024, 3, 12), date(2024, 3, 12))),
        ("What did I say last night?", Span(date(2024, 3, 13), date(2024, 3, 13))),
        ("Where did we live in 2019?", Span(date(2019, 1, 1), date(2019, 12, 31))),
        ("Is room 20190 free?", None),
        ("Where do I live?", None),
        ("What is the last thing I said?", None),
    ],
)
def test_the_time_that_a_question_names(question: str, expected: CalendarDate | Span | None) -> None:
    """Months and days as written, relative times from the day of the question."""
    assert mentioned(question, asked_at=ASKED_AT) == expected


@pytest.mark.parametrize(
    ("hours", "yesterday"), [(-8, date(2024, 3, 13)), (0, date(2024, 3, 14)), (9, date(2024, 3, 14))]
)
def test_yesterday_is_that_of_the_askers_clock(hours: int, yesterday: date) -> None:
    """Just after midnight in London it is still the day before in Los Angeles, and morning in Tokyo."""
    asked_at = datetime(2024, 3, 15, 0, 30, tzinfo=UTC).timestamp()
    found = mentioned("What did I eat yesterday?", asked_at=asked_at, offset_s=3_600.0 * hours)
    assert found == Span(yesterday, yesterday)


@pytest.mark.parametrize(
    ("day", "near"),
    [
        (date(2023, 6, 5), 1.0),
        (date(2023, 6, 8), 0.7),
        (date(2023, 6, 4), 0.5),
        (date(2023, 6, 15), 0.5),
        (date(2023, 6, 20), 0.0),
        (date(2024, 6, 5), 0.0),
    ],
)
def test_a_day_is_told_on_the_day_or_soon_after(day: date, near: float) -> None:
    """A turn of the day itself is nearest, one of the days after somewhat less, other years not at all."""
    assert CalendarDate(6, 5, 2023).nearness(day) == near


def test_a_month_is_told_within_it_or_in_the_next() -> None:
    """Without a year any year will do; December is followed by January."""
    assert CalendarDate(12).nearness(date(2022, 12, 3)) == CalendarDate(12).nearness(date(2019, 12, 30)) == 0.6
    assert CalendarDate(12).nearness(date(2023, 1, 3)) == 0.25
    assert CalendarDate(12, None, 2022).nearness(date(2023, 1, 3)) == 0.25
    assert CalendarDate(12).nearness(date(2023, 2, 3)) == 0.0


def test_a_day_that_no_month_has_means_the_month() -> None:
    """The 31st of June is June."""
    assert CalendarDate(6, 31, 2023).nearness(date(2023, 6, 10)) == 0.6


@given(
    st.one_of(
        st.builds(
            CalendarDate, st.integers(1, 12), st.integers(1, 31) | st.none(), st.integers(1970, 2100) | st.none()
        ),
        st.builds(lambda a, b: Span(min(a, b), max(a, b)), st.dates(), st.dates()),
    ),
    st.dates(),
)
def test_nearness_is_a_share(mention: CalendarDate | Span, day: date) -> None:
    """Whatever is named, nearness is within 0..1."""
    assert 0.0 <= mention.nearness(day) <= 1.0


@given(st.text(max_size=80), st.floats(allow_nan=False, allow_infinity=False))
def test_no_question_is_too_strange(question: str, asked_at: float) -> None:
    """Any text at any time is understood or ignored, never an error."""
    mention = mentioned(question, asked_at=asked_at)
    assert mention is None or 0.0 <= mention.nearness(utc_day(asked_at)) <= 1.0


def test_questions_for_a_time_and_turns_with_one() -> None:
    """ "When" asks for a time, "ago" tells one."""
    assert asks_when("When did she leave?")
    assert asks_when("How long have I lived here?")
    assert not asks_when("What do I do when it rains?")
    assert has_time_word("We met two years ago.")
    assert not has_time_word("We met at the station.")


def test_dateparser_is_loaded_only_for_questions_that_need_it() -> None:
    """A question without "ago" does not pay for the library."""
    program = (
        "import sys; from semcache.memory.dates.when import mentioned;"
        "mentioned('Where did I go last week, on Monday, in May 2023?', asked_at=1e9);"
        "assert 'dateparser' not in sys.modules;"
        "mentioned('Who called two weeks ago?', asked_at=1.7e9); assert 'dateparser' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@given(st.dates(date(2015, 1, 1), date(2025, 12, 31)), st.dates(date(2015, 1, 1), date(2025, 12, 31)))
@pytest.mark.parametrize(
    "meant",
    [
        lambda day: CalendarDate(day.month, day.day, day.year),
        lambda day: CalendarDate(day.month, None, day.year),
        lambda day: Span(day, day),
        lambda day: Span(day, day + timedelta(days=30)),
    ],
)
def test_stretches_say_the_same_as_nearness(meant: Callable[[date], Mention], day: date, told: date) -> None:
    """At noon of every day."""
    mention = meant(day)
    at = datetime(told.year, told.month, told.day, 12, tzinfo=UTC).timestamp()
    found = [nearness for first, end, nearness in mention.stretches() if first <= at < end]
    assert found == ([mention.nearness(told)] if mention.nearness(told) else [])
    assert not mention.yearly


def test_a_time_without_a_year_is_any_years() -> None:
    """Its stretches lie in one year, and hold for all."""
    mention = CalendarDate(12, 20)
    assert mention.yearly
    first, end, nearness = mention.stretches()[0]
    assert (utc_day(first).month, utc_day(first).day, end - first, nearness) == (12, 19, 86_400, 0.5)
