"""Limits in sentences against the numbers and weekdays of questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.llm.limits import MONTHS, Fit, days_fit, forbids, measures, names_another, numbers_fit
from semcache.llm.quantities import limits, quantities, without_quantities


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_over_and_up_to_part_the_numbers(limit: int, value: int) -> None:
    """Every number is either up to a limit or more than it."""
    question = f"Is it allowed with {value} km?"
    up_to = numbers_fit(question, f"Allowed up to {limit} km.")
    over = numbers_fit(question, f"With more than {limit} km it is not.")
    assert {up_to, over} == {Fit.COVERS, Fit.EXCLUDES}
    assert (up_to is Fit.COVERS) == (value <= limit)


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("May a 6-year-old swim?", "Children from 4 to 8 years may swim.", Fit.COVERS),
        ("Can I bring it back after two weeks?", "Bring it back within 10 days.", Fit.EXCLUDES),
        ("I am 158 cm tall", "It fits riders from 155 to 168 cm.", Fit.COVERS),
        ("I weigh 90 kilos", "The maximum load of the boat is 80 kg.", Fit.EXCLUDES),
        ("Is 3 kg fine?", "It ships within 3 days.", Fit.NOTHING),
        ("Is it fine?", "It is fine up to 3 kg.", Fit.NOTHING),
        ("Does it run on my tablet with Android 9?", "It needs Android 11 or iOS 17 and newer.", Fit.EXCLUDES),
        ("Does it run on Android 12?", "It needs Android 11 or iOS 17 and newer.", Fit.COVERS),
        ("My son is 9 years old", "Children under 12 go free.", Fit.COVERS),
        ("a 13-year-old girl", "Children under 12 go free.", Fit.EXCLUDES),
        ("We are 7 people", "The blue room seats 6.", Fit.EXCLUDES),
        ("for eight people", "Tables for at least 4 and at most 10 people", Fit.COVERS),
        ("I cancel two days before", "Cancel until 24 hours before the class.", Fit.COVERS),
        ("I cancel 3 hours before", "Cancel until 24 hours before the class.", Fit.EXCLUDES),
        ("after one day", "Free during the first 48 hours.", Fit.COVERS),
        ("a bill of 90 euros", "Instalments from 200 euros upwards.", Fit.EXCLUDES),
        ("I am 185 cm tall", "It goes up to 70 km.", Fit.NOTHING),
        ("What is it a month?", "You pay within 14 days.", Fit.NOTHING),
        ("at minus 8 degrees", "Never use it below 0 °C.", Fit.COVERS),
        ("Is my daughter, 9, free?", "Children under 8 are free.", Fit.EXCLUDES),
        ("I am 176 tall", "It fits riders from 168 to 180 cm.", Fit.COVERS),
        ("We are 14 people", "Groups of 12 or more book ahead.", Fit.COVERS),
        ("Can I bring three cats?", "Cats are welcome, at most two for each room.", Fit.EXCLUDES),
        ("Can I bring three cats?", "Dogs are welcome, at most two for each room.", Fit.NOTHING),
        ("May I pair 4 phones?", "Up to 5 phones can be paired.", Fit.COVERS),
        ("What is a room?", "Rooms are free from 14:00.", Fit.NOTHING),
        ("Are you open in November?", "We are open from 28 March to 12 October.", Fit.EXCLUDES),
        ("Are you open in May?", "We are open from 28 March to 12 October.", Fit.COVERS),
        ("May dogs run there in January?", "From October to April dogs may run there.", Fit.COVERS),
        ("on 3 October", "Open between 28 March and 2 October.", Fit.EXCLUDES),
    ],
)
def test_a_number_fits_or_not(question: str, sentence: str, expected: Fit) -> None:
    """Ranges, minima and maxima of the same unit count; other units say nothing."""
    assert numbers_fit(question, sentence) is expected


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from(["km", "kg", "years", "°C", "minutes"]))
def test_between_two_numbers_is_inside(low: int, high: int, unit: str) -> None:
    """A range holds its ends and nothing outside of them, and what measures is taken out of a text."""
    [(_, least, most)] = limits(f"for riders between {min(low, high)} and {max(low, high)} {unit}")
    assert (least, most) == (min(low, high), max(low, high))
    [measured] = quantities(f"with {low} {unit}")
    assert least <= measured.value <= most
    assert without_quantities(f"with {low} {unit} left").split() == ["with", "left"]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_the_months_of_a_span_and_the_others_make_the_year(first: int, last: int, asked: int) -> None:
    """A month lies in a span of months or in the rest of the year, over New Year's Eve too."""
    name = [month.capitalize() for month in MONTHS]
    sentence = f"It is closed from {name[first - 1]} to {name[last - 1]}."
    within = (first <= asked <= last) if first <= last else (asked >= first or asked <= last)
    assert (numbers_fit(f"Is it closed in {name[asked - 1]}?", sentence) is Fit.COVERS) == within


def test_who_is_outside_of_a_prohibition_is_not_concerned() -> None:
    """`cannot` makes a limit one for what is not possible."""
    assert forbids("Bikes over 200 km cannot be returned.")
    assert not forbids("Return it within 30 days.")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It is open from Monday to Saturday and on Sunday from 11:00.", Fit.COVERS),
        ("It is closed on Sundays.", Fit.EXCLUDES),
        ("It is open from Friday to Monday.", Fit.COVERS),
        ("It is open from Tuesday to Friday.", Fit.NOTHING),
        ("It opens every day at nine.", Fit.COVERS),
    ],
)
def test_a_weekday_is_open_or_closed(sentence: str, expected: Fit) -> None:
    """Single days, ranges over the week's end, and every day."""
    assert days_fit("Which places are open on Sunday?", sentence) is expected


def test_a_sibling_is_another() -> None:
    """Roam Monthly is not Roam Yearly; a sentence that names both is about both."""
    assert names_another("What is the notice of Roam Yearly?", "Roam Monthly has a notice of one month.")
    assert not names_another("What is the notice of Roam Yearly?", "Roam Monthly and Roam Yearly can be paused.")


def test_how_far_wants_a_distance() -> None:
    """A sentence without a distance does not tell how far."""
    assert measures("How far does it go?", "It goes 40 km.")
    assert not measures("How far does it go?", "Charge it to 80 %.")
    assert measures("What is it?", "Anything.")
