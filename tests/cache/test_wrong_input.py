"""What callers pass by mistake: an error that says what to do, and nothing changed."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from semcache.cache import CacheOptions, SemanticCache, StoreOptions
from semcache.embed import Kind, Vectors
from semcache.errors import InvalidInput
from tests.cache.conftest import MakeCache

PASSWORD = "How do I reset my password?"


class Broken:
    """An embedder that gives one vector for every text."""

    dim, fingerprint = 3, "broken"

    def __init__(self, vector: list[float]) -> None:
        self._vector = vector

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        return np.array([self._vector] * len(texts), np.float32)


WRONG_OPTIONS = [
    StoreOptions(**wrong)  # type: ignore[arg-type]
    for wrong in (
        {"cost": -1}, {"cost": math.nan}, {"cost": 1e300}, {"cost": "1"}, {"compute_s": math.nan}, {"compute_s": True},
        {"tokens": 12.5}, {"tokens": -1}, {"tokens": "7"}, {"tokens": 2**60}, {"response_format": ""},
        {"metadata": {"x": object()}}, {"metadata": {"x": math.nan}}, {"metadata": {"title": "broken \ud83d emoji"}},
        {"metadata": ["x"]}, {"metadata": {"x": "y" * 300_000}}, {"ttl": math.inf}, {"ttl": 1e300}, {"tags": [1]},
        {"sources": {"doc": 1.0}},
    )
]  # fmt: skip


@pytest.mark.parametrize("prompt", ["", "   \n", None, 7, b"bytes", "\ud800", "x" * 1_000_000])
def test_a_wrong_prompt_is_invalid_input(cache: SemanticCache, prompt: object) -> None:
    """An empty, oversized or undecodable prompt is refused by every method, before Redis is asked."""
    for call in (cache.lookup, cache.explain, lambda p: cache.store(p, "x"), lambda p: cache.get_or_compute(p, str)):
        with pytest.raises(InvalidInput):
            call(prompt)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl": 0}, {"ttl": -1}, {"ttl": float("nan")}, {"ttl": float("inf")}, {"ttl": True}, {"ttl": "60"},
        {"sources": {"doc": 0}}, {"sources": {"doc": "7"}}, {"sources": {"": 1}}, {"sources": ["doc"]},
        {"ttl": 1e11}, {"ttl": sys.maxsize}, {"sources": {"doc": 2**53}}, {"sources": {"doc": True}},
        {"tags": "text"}, {"tags": [""]}, {"tags": 7}, {"context": "text"}, {"context": None}, {"context": [None]},
        {"options": {"ttl": 60}}, *({"options": options} for options in WRONG_OPTIONS),
    ],
)  # fmt: skip
def test_a_wrong_argument_stores_nothing(cache: SemanticCache, wrong: dict[str, object]) -> None:
    """Whatever is out of its range is refused by name before anything is computed, and the cache stays as it was."""
    with pytest.raises(InvalidInput):
        cache.store(PASSWORD, "answer", **wrong)  # type: ignore[arg-type]
    computed: list[str] = []

    def compute() -> str:
        computed.append("paid")
        return "answer"

    with pytest.raises(InvalidInput):
        cache.get_or_compute(PASSWORD, compute, **wrong)  # type: ignore[arg-type]
    assert (cache.stats().stored, computed) == (0, [])


@pytest.mark.parametrize("wait_s", [None, "5", -1, math.nan, True])
def test_a_wrong_wait_computes_nothing(cache: SemanticCache, wait_s: Any) -> None:
    """How long to wait is a number of seconds; anything else is named before the model is asked."""
    with pytest.raises(InvalidInput, match="wait_s"):
        cache.get_or_compute(PASSWORD, lambda: pytest.fail("computed"), wait_s=wait_s)
    assert cache.get_or_compute(PASSWORD, lambda: "answer", wait_s=1e300) == "answer"


def test_an_empty_answer_is_not_stored(cache: SemanticCache) -> None:
    """An answer without text is refused."""
    with pytest.raises(InvalidInput, match="response is empty"):
        cache.store(PASSWORD, " ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_error_rate": 0.6}, {"max_error_rate": -0.1}, {"max_error_rate": float("nan")}, {"max_error_rate": "0.02"},
        {"max_error_rate": None}, {"ttl": 0}, {"ttl": -5}, {"max_entries": 0}, {"max_entries": 2.5}, {"lease_s": 0},
        {"learn": "sometimes"},
    ],
)  # fmt: skip
def test_a_wrong_construction_is_invalid_input(make_cache: MakeCache, wrong: dict[str, object]) -> None:
    """Budget, TTL, cap and lease outside their range are refused by name where they are written."""
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        make_cache(**wrong)


@pytest.mark.parametrize(
    "vector", [[math.nan, 0, 1], [math.inf, 0, 0], [0, 0, 0], [1, 0]], ids=["nan", "infinite", "zero", "short"]
)
def test_a_vector_that_is_none_is_not_stored(make_cache: MakeCache, vector: list[float]) -> None:
    """An embedder that gives no number, no direction or another dimension is an error; nothing is stored or served."""
    cache = make_cache(embedder=Broken(vector))
    for call in (lambda: cache.lookup(PASSWORD), lambda: cache.store(PASSWORD, "answer")):
        with pytest.raises(InvalidInput, match="the vector"):
            call()
    assert (cache.stats().stored, list(cache.entries())) == (0, [])


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "b", 1), ("a", "", True), ("a", "b", None), "abc", 7])
def test_a_wrong_label_teaches_nothing(cache: SemanticCache, pair: object) -> None:
    """A labelled pair that is none is refused whole, before anything is learned."""
    with pytest.raises(InvalidInput):
        cache.add_labelled([("fine", "good", True), pair])  # type: ignore[list-item]
    assert cache.learning().labels == 0


def test_what_is_no_miss_or_hit_is_refused(cache: SemanticCache) -> None:
    """store(miss=) takes what lookup returned on a miss, feedback a hit or an id; anything else is named."""
    cache.store(PASSWORD, "answer")
    with pytest.raises(InvalidInput, match="not Hit"):
        cache.store(PASSWORD, "answer", miss=cache.lookup(PASSWORD))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="entry id"):
        cache.feedback(7, correct=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("user", [5, b"anna", "\ud800"])
def test_who_is_no_user_says_nothing(cache: SemanticCache, user: Any) -> None:
    """A user that is no valid text is refused by whatever takes one; the answer stands."""
    entry_id = str(cache.store(PASSWORD, "answer"))
    for call in (lambda: cache.feedback(entry_id, correct=False, user=user), lambda: cache.doubt(entry_id, user=user)):
        with pytest.raises(InvalidInput, match="the user"):
            call()
    assert cache.lookup(PASSWORD)


@pytest.mark.parametrize("correct", ["no", None, 0, 2])
def test_a_verdict_is_yes_or_no(cache: SemanticCache, correct: Any) -> None:
    """A verdict that is no bool is refused: "no" would count as a confirmation."""
    entry_id = str(cache.store(PASSWORD, "answer"))
    with pytest.raises(InvalidInput, match="correct is True or False"):
        cache.feedback(entry_id, correct=correct)
    assert (cache.stats().confirmed, cache.stats().rejected) == (0, 0)


def test_an_option_may_be_given_by_its_name() -> None:
    """A field of CacheOptions is taken as a keyword too, on top of the options, and checked like them."""
    options = CacheOptions(max_entries=5, learn="off")
    assert SemanticCache("redis://127.0.0.1:1", options=options, learn="inline", lease_s=1)
    with pytest.raises(InvalidInput, match="learn is"):
        SemanticCache("redis://127.0.0.1:1", options=options, learn="now")


def test_an_unknown_keyword_is_named() -> None:
    """A misspelt argument is told, even beside one that is right."""
    with pytest.raises(TypeError, match="'max_entry'"):
        SemanticCache("redis://127.0.0.1:1", max_entry=5, lease_s=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_entries": 0}, {"max_entries": 2.5}, {"lease_s": 0}, {"lease_s": None}, {"idle_ttl": math.inf},
        {"idle_ttl": "60"}, {"learn": "sometimes"}, {"learn": True},
    ],
)  # fmt: skip
def test_wrong_options_of_a_cache_are_invalid_input(wrong: dict[str, Any]) -> None:
    """An option out of its range is refused where it is written, and named."""
    (name,) = wrong
    with pytest.raises(InvalidInput, match=name):
        CacheOptions(**wrong)


def test_what_is_no_options_record_is_invalid_input() -> None:
    """A dict, or the options of a stored answer, are not taken for options of the cache."""
    for wrong in ({"max_entries": 5}, StoreOptions(), True):
        with pytest.raises(InvalidInput, match="CacheOptions"):
            SemanticCache("redis://127.0.0.1:1", options=wrong)  # type: ignore[arg-type]
