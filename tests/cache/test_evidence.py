"""Evidence: features of pairs and neighbourhoods, and guards that refuse what only looks the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.cache.budget.evidence import (
    NEIGHBOUR_FEATURES,
    PAIR_FEATURES,
    Idf,
    Text,
    pair_features,
)
from semcache.cache.deciding.guards import guard, guards
from semcache.cache.deciding.neighbourhood import elected
from semcache.cache.entries.records import NearEntry


def _pairs(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(__file__).parents[1] / "data" / name).read_text().splitlines()]


PAIRS = _pairs("pairs.jsonl")
FIELDS = ("support", "coding", "finance", "health", "travel", "everyday")


def _refused(same: bool, field: str | None = None) -> float:
    chosen = [pair for pair in PAIRS if pair["same"] is same and field in (None, pair["field"])]
    assert len(chosen) >= 15
    return sum(guard(pair["a"], pair["b"]) is not None for pair in chosen) / len(chosen)


def test_near_identical_questions_with_another_meaning_are_refused() -> None:
    """At least 95 % of the near-identical pairs with another meaning are refused by a guard."""
    assert _refused(same=False) >= 0.95


def test_paraphrases_are_not_refused() -> None:
    """At least 80 % of real paraphrases pass all guards."""
    assert _refused(same=True) <= 0.2


@pytest.mark.parametrize("field", FIELDS)
def test_guards_hold_in_every_field(field: str) -> None:
    """No single field lives off the others."""
    assert _refused(same=False, field=field) >= 0.9
    assert _refused(same=True, field=field) <= 0.2


def test_guards_hold_on_pairs_they_were_not_written_with() -> None:
    """Other fields, other sentences: at least 90 % of the different are refused, 80 % of the paraphrases pass."""
    found = {same: [guard(p["a"], p["b"]) is not None for p in _pairs("pairs_other.jsonl") if p["same"] is same]
             for same in (False, True)}  # fmt: skip
    assert sum(found[False]) >= 0.9 * len(found[False]) > 30
    assert sum(found[True]) <= 0.2 * len(found[True])


def test_the_expected_guard_fires() -> None:
    """The guard named in the table is among those that fire, nearly always."""
    expected = [pair for pair in PAIRS if pair["guard"]]
    named = [any(g.kind == pair["guard"] for g in guards(Text.of(pair["a"]), Text.of(pair["b"]))) for pair in expected]
    assert sum(named) / len(named) >= 0.95


def test_a_guard_says_what_differs() -> None:
    """A refusal names the difference in the words of the two questions."""
    assert guard("What is the tax of 2023?", "What is the tax of 2024?") == "the number differs: 2023 / 2024"
    assert guard("flights to Rome", "flights to Oslo") == "the name differs: rome / oslo"
    assert guard("How far is it in miles?", "How far is it in km?") == "the unit differs: mile / kilometre"
    assert guard("Sort ascending", "sort descending") == "the words exclude each other: ascending / descending"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("What does return a + b do?", "What does return a - b do?"),
        ("is x < 5 true", "is x > 5 true"),
        ("What is 2*3?", "What is 2+3?"),
        ("Is -5 degrees cold?", "Is 5 degrees cold?"),
        ("What does a / b give?", "What does a * b give?"),
    ],
)
def test_signs_differ(a: str, b: str) -> None:
    """Operators and the minus of a figure are no punctuation: with another sign it is another question."""
    assert "sign" in {found.kind for found in guards(Text.of(a), Text.of(b))}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("pros and/or cons of e-mail", "pros and or cons of email"),
        ("it costs 50% more", "it costs 50 percent more"),
        ("red - which size?", "red, which size?"),
        ("open 2024-05-01", "open 2024/05/01"),
        ("C++ vs. Java", "c++ or java"),
    ],
)
def test_punctuation_is_no_sign(a: str, b: str) -> None:
    """Hyphens, slashes, dashes and other spellings of a sign change nothing."""
    assert guard(a, b) is None


@given(st.sampled_from(PAIRS))
def test_guards_are_symmetric(pair: dict[str, str]) -> None:
    """Whether a pair is refused does not depend on which question was stored first."""
    assert (guard(pair["a"], pair["b"]) is None) == (guard(pair["b"], pair["a"]) is None)


@given(st.text(max_size=100))
def test_a_text_is_never_refused_against_itself(text: str) -> None:
    """No guard separates a question from itself, in capitals or not."""
    assert guard(text, text) is None


@given(st.sampled_from(PAIRS), st.floats(-1, 1))
def test_features_are_finite(pair: dict[str, str], cosine: float) -> None:
    """Every feature of every pair is a finite number, in the order of its names."""
    features = pair_features(Text.of(pair["a"]), Text.of(pair["b"]), cosine, Idf(100, {"card": 40}))
    assert len(features) == len(PAIR_FEATURES)
    assert all(map(math.isfinite, features))


def test_features_of_equal_texts() -> None:
    """Equal texts share everything and differ in nothing."""
    text = Text.of("Can I return 2 lamps to Berlin?")
    found = dict(zip(PAIR_FEATURES, pair_features(text, text, 1.0, Idf()), strict=True))
    assert found["jaccard"] == found["weighted_jaccard"] == found["bigram_overlap"] == found["equal_form"] == 1.0
    assert not any(value for name, value in found.items() if name.endswith(("differ", "differs")))


def test_rare_words_weigh_more() -> None:
    """Losing a rare word costs more weighted overlap than losing a common one."""
    idf = Idf(1000, {"card": 900, "order": 3, "lost": 300})
    query = Text.of("card order lost")
    without_rare = dict(zip(PAIR_FEATURES, pair_features(query, Text.of("card lost"), 0.9, idf), strict=True))
    without_common = dict(zip(PAIR_FEATURES, pair_features(query, Text.of("order lost"), 0.9, idf), strict=True))
    assert without_rare["weighted_jaccard"] < without_common["weighted_jaccard"]
    assert without_rare["rarest_in_query"] > without_common["rarest_in_query"]


def _near(similarity: float, group: str, *, record: tuple[float, float] = (0.0, 0.0)) -> NearEntry:
    return NearEntry(f"entry-{similarity}", similarity, group=group, record=record)


def test_the_neighbourhood_votes() -> None:
    """Several near entries of one answer outvote a slightly nearer one of another, and the nearest of them stands."""
    near = [_near(0.92, "b"), _near(0.91, "a"), _near(0.9, "a"), _near(0.89, "a"), _near(0.5, "c")]
    candidate, features = elected(near)
    found = dict(zip(NEIGHBOUR_FEATURES, features, strict=True))
    assert candidate == near[1]
    assert found["margin"] == pytest.approx(-0.01)
    assert found["vote_top5"] == pytest.approx(0.6)
    assert found["second_cosine"] == pytest.approx(0.9)
    assert found["group_of_one"] == 0.0


def test_a_lonely_neighbour_is_marked() -> None:
    """A group of one entry says so, and its margin is taken against the farthest neighbour."""
    found = dict(zip(NEIGHBOUR_FEATURES, elected([_near(0.8, "a")])[1], strict=True))
    assert found["group_of_one"] == 1.0
    assert found["margin"] == pytest.approx(0.1)


def test_the_groups_record_counts() -> None:
    """A group whose candidates were judged right has a better record than one that was judged wrong."""
    good = elected([_near(0.8, "a", record=(9.0, 10.0))])[1]
    poor = elected([_near(0.8, "a", record=(1.0, 10.0))])[1]
    at = NEIGHBOUR_FEATURES.index("group_record")
    assert good[at] > poor[at]
