"""Figures in a text: what is the same number, amount, date or time however it is written, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.text import normal_form
from semcache.text.figures.facts import facts, unit_conflict, unmatched
from semcache.text.words import words

SAME = [
    ("5 km away", "5 kilometres away"),
    ("5,000 metres", "5 km"),
    ("it costs $20", "it costs 20 dollars"),
    ("USD 20", "$20"),
    ("£1.5k", "1,500 pounds"),
    ("half an hour", "30 minutes"),
    ("within 24 hours", "within a day"),
    ("two weeks", "14 days"),
    ("the 2nd floor", "the second floor"),
    ("twenty-five people", "25 people"),
    ("two hundred and fifty grams", "0.25 kg"),
    ("1 May 2024", "2024-05-01"),
    ("May 1st, 2024", "the first of May 2024"),
    ("31/12/2024", "December 31, 2024"),
    ("at 5pm", "at 17:00"),
    ("at 5 p.m.", "at 5pm"),
    ("a dozen eggs", "12 eggs"),
    ("2.0 litres", "2 l"),
    ("lose 10 pounds of weight", "lose 10 lbs of weight"),
    ("20%", "20 percent"),
    ("under 1000", "under 1000 euros"),
    ("500 and 1000 rupees", "Rs 500 and Rs 1000"),
    ("one of them", "some of them"),
    ("wait a second", "wait"),
    ("may I come in", "can I come in"),
    ("per year", "annual"),
    ("38 degrees celsius", "38 °C"),
    ("release 1.2.3 kg", "1.2.3 kg release"),
]
OTHER = [
    ("tax of 2023", "tax of 2024"),
    ("Python 3.1", "Python 3.10"),
    ("5 mg", "5 g"),
    ("5 MB", "5 GB"),
    ("$20", "€20"),
    ("the first row", "the second row"),
    ("type 1 diabetes", "type 2 diabetes"),
    ("step one", "step two"),
    ("5 May", "6 May"),
    ("in March", "in May"),
    ("on Monday", "on Tuesday"),
    ("at 8 am", "at 8 pm"),
    ("9:15", "19:45"),
    ("30 days", "30 weeks"),
    ("1 day", "2 days"),
    ("a 401(k)", "a 403(b)"),
    ("1,000 users", "10,000 users"),
    ("$5k", "$5m"),
    ("once in 3 years", "once in 4 years"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same_figures_in_another_spelling(a: str, b: str) -> None:
    """The same number, amount, date or time matches whatever the spelling."""
    first, second = facts(words(a)), facts(words(b))
    assert unmatched(first, second) == ([], [])
    assert unit_conflict(first, second) is None


@pytest.mark.parametrize(("a", "b"), OTHER)
def test_other_figures_do_not_match(a: str, b: str) -> None:
    """Another figure, unit, date or version is left unmatched on at least one side."""
    assert any(unmatched(facts(words(a)), facts(words(b))))


@pytest.mark.parametrize(
    ("a", "b", "units"),
    [
        ("distance in miles", "distance in kilometres", ("mile", "kilometre")),
        ("price in dollars", "price in euros", ("dollar", "euro")),
        ("the fee per month", "the yearly fee", ("month", "year")),
    ],
)
def test_units_without_a_figure_conflict(a: str, b: str, units: tuple[str, str]) -> None:
    """Two texts that name different units of one kind are told apart, with the units by name."""
    assert unit_conflict(facts(words(a)), facts(words(b))) == units


@given(st.integers(0, 10**9))
def test_thousands_separators_change_nothing(number: int) -> None:
    """A number with thousands separators is the number without them."""
    first, second = facts(words(f"pay {number:,} now")), facts(words(f"pay {number} now"))
    assert first.stated.keys() == second.stated.keys()


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No text makes the reader fail, and a text agrees with itself."""
    found = facts(words(text))
    assert unmatched(found, found) == ([], [])


def test_a_raised_figure_is_no_digit() -> None:
    """10² is another question than 102; the same power in another spelling of case and space is the same."""
    assert normal_form("What is 10²?") != normal_form("What is 102?")
    assert normal_form("What is 10²?") == normal_form("what  is 10²")
