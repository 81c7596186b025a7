"""What callers may pass in: one check for each kind of input, used by all packages."""

from __future__ import annotations

import json
import math
import sys
from collections import UserDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache import inputs
from semcache.errors import InvalidInput

ANYTHING: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
CHECKS: dict[str, Callable[[str, Any], object]] = {
    "check_unicode": inputs.check_unicode,
    "check_text": inputs.check_text,
    "check_id": inputs.check_id,
    "number": inputs.number,
    "count": inputs.count,
    "amount": inputs.amount,
    "duration": inputs.duration,
    "moment": inputs.moment,
    "moment_or_none": inputs.moment_or_none,
    "json_object": inputs.json_object,
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@given(value=ANYTHING)
def test_every_check_passes_or_names_the_argument(check: Callable[[str, Any], object], value: object) -> None:
    """Whatever is passed in, a check returns, or raises our error with the argument's name; nothing else escapes."""
    said = _error(check, value)
    assert said is None or "the_argument" in said
    assert said is None or said.encode()  # the message itself can be printed


def _error(check: Callable[[str, Any], object], value: object) -> str | None:
    try:
        check("the_argument", value)
    except InvalidInput as error:
        return str(error)
    return None


@given(value=ANYTHING)
def test_versions_are_whole_and_positive(value: object) -> None:
    """What passes as sources maps texts to whole numbers that Redis scripts can count with."""
    try:
        found = inputs.versions({"doc": value})
    except InvalidInput:
        return
    assert type(found["doc"]) is int
    assert 1 <= found["doc"] <= inputs.MAX_WHOLE


@given(value=st.dictionaries(st.text(), st.integers() | st.floats() | st.text(), max_size=4))
def test_json_comes_back(value: dict[str, object]) -> None:
    """A mapping that passes comes back as it was: in particular, no NaN and no half characters are in it."""
    try:
        encoded = inputs.json_object("metadata", value)
    except InvalidInput:
        return
    assert json.loads(encoded) == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"score": math.nan}, "JSON"),
        ({"inner": [{"score": -math.inf}]}, "JSON"),
        ({"title": "broken \ud83d emoji"}, "JSON"),
        ({"\udc00": 1}, "JSON"),
        ({"x": object()}, "JSON"),
        ({"x": {1, 2}}, "JSON"),
        ({"x": b"bytes"}, "JSON"),
        ([("a", 1)], "not list"),
        ("text", "not str"),
        ({"x": "y" * 2_000}, "2,009 bytes"),
        ({"x": "é" * 1_000}, "2,009 bytes"),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(value: object, says: str) -> None:
    """NaN, half of a surrogate pair, objects, other types and too much of it: each is named."""
    with pytest.raises(InvalidInput, match=says):
        inputs.json_object("metadata", value, most_bytes=1_000)


def test_metadata_that_contains_itself_is_refused() -> None:
    """Neither a circle nor a tower of lists gets out as another error."""
    circle: dict[str, object] = {}
    circle["self"] = circle
    tower: list[object] = []
    for _ in range(sys.getrecursionlimit() * 20):
        tower = [tower]
    for value in (circle, {"tower": tower}):
        with pytest.raises(InvalidInput, match="metadata"):
            inputs.json_object("metadata", value)


def test_any_mapping_is_metadata() -> None:
    """A mapping need not be a dict; scripts of any kind stay readable."""
    assert inputs.json_object("metadata", UserDict({"Größe": "小"})) == '{"Größe": "小"}'


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "7", True, None, 2**53, 10**400])
def test_a_wrong_version_names_its_document(wrong: object) -> None:
    """A version is a positive whole number; the document it belongs to is named."""
    with pytest.raises(InvalidInput, match="doc-42"):
        inputs.versions({"doc-42": wrong})


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, True, "60", 1e11, sys.maxsize, 10**400, 0.0001])
def test_a_time_has_bounds(wrong: object) -> None:
    """No lifetime is shorter than a millisecond or longer than some 300 years, however it is written."""
    with pytest.raises(InvalidInput, match="ttl must be a number of seconds"):
        inputs.duration("ttl", wrong)


@given(name=st.text(min_size=1, max_size=inputs.MAX_ID_CHARS))
def test_an_id_may_be_any_text(name: str) -> None:
    """Blanks, signs and every script can name a user; only nothing cannot, nor more than 1,000 characters."""
    assert inputs.check_id("user", name) == name
    for wrong in ("", name + "x" * inputs.MAX_ID_CHARS):
        with pytest.raises(InvalidInput, match="user"):
            inputs.check_id("user", wrong)
