"""redisvl's filter expressions mean here what they mean in a search index."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redisvl.query.filter import FilterExpression, Geo, GeoRadius, Num, Tag, Text

from semcache.adapters.redisvl.filters import FilterableField, predicate
from semcache.errors import InvalidInput

FIELDS = {field.name: field for field in (FilterableField("label", "tag"), FilterableField("n", "numeric"))}
EXACT = {"label": FilterableField("label", "tag", separator="|", case_sensitive=True)}
Record = dict[str, str]
Wanted = Callable[[Record], bool]

labels = st.text(min_size=1, max_size=6).filter(lambda text: "," not in text and text.strip() == text)
numbers = st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False)
records = st.fixed_dictionaries({}, optional={"label": labels, "n": numbers.map(str)})


def tag_leaf(wanted: list[str], negated: bool) -> tuple[FilterExpression, Wanted]:
    lowered = [label.lower() for label in wanted]
    expression = Tag("label") != wanted if negated else Tag("label") == wanted
    return expression, lambda record: (record.get("label", "").lower() in lowered and "label" in record) != negated


def number_leaf(name: str, value: float) -> tuple[FilterExpression, Wanted]:
    compare = getattr(operator, name)

    def wanted(record: Record) -> bool:
        there = "n" in record and compare(float(record["n"]), value)
        return bool(there) if name != "ne" else "n" not in record or bool(there)

    return getattr(Num("n"), f"__{name}__")(value), wanted


leaves = st.builds(tag_leaf, st.lists(labels, min_size=1, max_size=3), st.booleans()) | st.builds(
    number_leaf, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), numbers
)


def joined(pair: tuple[Any, Any], both: bool) -> tuple[FilterExpression, Wanted]:
    (left, wants_left), (right, wants_right) = pair
    if both:
        return left & right, lambda record: wants_left(record) and wants_right(record)
    return left | right, lambda record: wants_left(record) or wants_right(record)


trees = st.recursive(leaves, lambda inner: st.builds(joined, st.tuples(inner, inner), st.booleans()), max_leaves=8)


@given(trees, records)
def test_a_tree_wants_what_its_leaves_say(tree: tuple[FilterExpression, Wanted], record: Record) -> None:
    """Whatever signs the labels have: they are escaped in the expression, and compared without their case."""
    expression, wanted = tree
    assert predicate(expression, FIELDS)(record) is wanted(record)


@pytest.mark.parametrize(
    ("expression", "record", "wanted"),
    [
        (Tag("label") % "tech*", {"label": "technology"}, True),
        (Tag("label") % "tech*", {"label": "biotech"}, False),
        (Tag("label") % "*tech*|soft*", {"label": "biotech"}, True),
        (Tag("label") == "tech*", {"label": "technology"}, False),
        (Tag("label") == "b", {"label": "a, b"}, True),
        (Tag("label") == ["x", "c d"], {"label": "C D"}, True),
        (Tag("label").is_missing(), {}, True),
        (Tag("label").is_missing(), {"label": "a"}, False),
        (Num("n").between(1, 3, inclusive="left"), {"n": "3"}, False),
        (Num("n").between(1, 3, inclusive="right"), {"n": "3"}, True),
        (Num("n") > 3, {"n": "three"}, False),
        (Tag("label") == "", {}, True),
    ],
)
def test_a_leaf(expression: FilterExpression, record: Record, wanted: bool) -> None:
    """Wildcards, several tags in a value, missing fields and half-open ranges."""
    assert predicate(expression, FIELDS)(record) is wanted


def test_tags_by_their_attributes() -> None:
    """A field may have another separator, and tell cases apart."""
    wants = predicate(Tag("label") == "A,b", EXACT)
    assert wants({"label": "x|A,b"})
    assert not wants({"label": "x|a,b"})


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (Text("prompt") % "*pt 1", "search index"),
        (Text("prompt") == "x", "search index"),
        (Geo("place") == GeoRadius(13.4, 52.5, 1), "search index"),
        (Tag("other") == "x", "Unknown field 'other'"),
        (Tag("n") == "x", "numeric"),
        (Num("label") == 1, "tag"),
        ("@label:{a} @n:[1 2]", "search index"),
        ("", "search index"),
    ],
)
def test_what_no_predicate_can_do_is_refused(expression: Any, says: str) -> None:
    """In words that say what can be done."""
    with pytest.raises(InvalidInput, match=says):
        predicate(expression, FIELDS)


@given(st.text(max_size=30))
def test_no_text_passes_for_a_filter_by_chance(text: str) -> None:
    """An expression is understood, or refused."""
    try:
        wants = predicate(text, FIELDS)
    except InvalidInput:
        return
    assert wants({"label": "x"}) in (True, False)
