"""How figures are said."""

from __future__ import annotations

import pytest

from semcache_ui.services import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "just now"), (12, "12 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (4 * 86_400, "4 d ago")],
)
def test_an_age_has_one_unit(seconds: float, said: str) -> None:
    """An age is said in the largest unit that is not below one."""
    assert words.ago(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.0004, "0.4 ms"), (0.012, "12 ms"), (1.34, "1.3 s")])
def test_a_duration_keeps_what_matters(seconds: float, said: str) -> None:
    """Durations under a second are milliseconds."""
    assert words.took(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-150_000_000, "31 Mar 1965"), (1_764_000_000_000, "31 Dec 9999"), (-1e14, "01 Jan 1")]
)
def test_a_day_is_the_nearest_that_a_calendar_has(seconds: float, said: str) -> None:
    """Facts may be older than 1970; what was stored in milliseconds is no reason to show nothing at all."""
    assert words.day(seconds) == said


def test_counts_agree_with_their_noun() -> None:
    """One answer, many answers, and thousands are set apart."""
    assert [words.count(n, "answer") for n in (0, 1, 1204)] == ["0 answers", "1 answer", "1,204 answers"]


def test_a_long_text_is_cut_at_a_word() -> None:
    """A shortened text fits, ends at a word, and says that it goes on."""
    assert words.shortened("Returning a bike and getting your money back", 24) == "Returning a bike and…"
