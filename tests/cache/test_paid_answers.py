"""What was computed is given to its asker: only texts count as answers, and no failed store costs one."""

from __future__ import annotations

import math
import threading
from collections import ChainMap, Counter, UserDict, deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
import redis as redis_py

from semcache.cache import Computed, Outcome, SemanticCache, StoreOptions
from semcache.errors import InvalidInput
from semcache.store import keys
from tests.waiting import wait_until

PASSWORD = "How do I reset my password?"


@pytest.mark.parametrize("answer", ["", "  ", "half \ud83d of an emoji", "x" * 4_200_000])
def test_an_answer_that_cannot_be_stored_is_still_given(
    cache: SemanticCache, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    """An answer that is empty, no valid Unicode or too long is returned, with a warning, and not kept."""
    assert cache.get_or_compute(PASSWORD, lambda: answer) == answer
    assert "not stored" in caplog.text
    assert not list(cache.entries())


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": 12.5}, {"tokens": -1}, {"tokens": True}, {"cost": math.nan}, {"ttl": 1e11}, {"tags": "text"},
        {"metadata": {"x": math.nan}}, {"metadata": {"title": "broken \ud83d emoji"}}, {"sources": {"doc": "1"}},
        {"sources": lambda: {"doc": 0}}, {"sources": lambda: 1 // 0},
    ],
)  # fmt: skip
def test_what_is_wrong_only_at_the_end_costs_the_entry_not_the_answer(
    cache: SemanticCache, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
) -> None:
    """Options that a computation returns are checked too: the answer is given, a warning says why it is not kept."""

    def compute() -> Generator[str, None, Computed]:
        yield "paid for"
        return Computed(**wrong)

    assert cache.get_or_compute(PASSWORD, compute) == "paid for"
    assert "not stored" in caplog.text
    assert not list(cache.entries())
    assert not cache.lookup(PASSWORD)


@pytest.mark.parametrize("key", [keys.CACHE_VECTORS, keys.CACHE_EXACT, keys.CACHE_USE])
def test_a_store_that_fails_in_redis_costs_the_entry_not_the_answer(
    cache: SemanticCache, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture, key: keys.KeyKind
) -> None:
    """Whatever error Redis gives when the answer is there: it is returned, and the warning has the error."""
    broken = key.build(scope=cache.scope.id)

    def compute() -> str:
        redis.set(broken, "a text where something else belongs")
        return "paid for"

    assert cache.get_or_compute(PASSWORD, compute) == "paid for"
    assert "not stored" in caplog.text
    assert "WRONGTYPE" in caplog.text
    redis.delete(broken)
    cache.drop()


def test_options_are_a_copy(cache: SemanticCache) -> None:
    """What the caller changes while the answer is computed does not reach the entry."""
    metadata: dict[str, object] = {"k": [1]}

    def compute() -> str:
        metadata["k"] = math.nan
        return "answer"

    cache.get_or_compute(PASSWORD, compute, options=StoreOptions(metadata=metadata))
    (entry,) = cache.entries()
    assert entry.metadata == {"k": [1]}


def test_a_note_reaches_everybody_who_gets_the_answer(cache: SemanticCache) -> None:
    """Who computes and who waited for it get the same word about the answer."""
    gate = threading.Event()

    def compute() -> Generator[str, None, Computed]:
        yield "half an"
        gate.wait(20)
        return Computed(keep=False, note="the end is missing")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(_outcome, cache.stream(PASSWORD, compute))
        wait_until("the first has missed", lambda: cache.stats().lookups == 1)
        second = pool.submit(_outcome, cache.stream(PASSWORD, lambda: pytest.fail("computed twice")))
        wait_until("the second has missed", lambda: cache.stats().lookups == 2)
        gate.set()
        assert first.result(20) == ("half an", Outcome(computed=True, note="the end is missing"))
        assert second.result(20) == ("half an", Outcome(note="the end is missing"))
    assert not list(cache.entries())


def _outcome(pieces: Generator[str, None, Outcome]) -> tuple[str, Outcome]:
    collected = []
    while True:
        try:
            collected.append(next(pieces))
        except StopIteration as end:
            return "".join(collected), end.value


class Weather(NamedTuple):
    """A record whose fields are texts, as structured output has them."""

    city: str
    sky: str


@pytest.mark.parametrize(
    "answer",
    [
        None, 7, b"bytes", bytearray(b"bytes"), {"city": "Ghent", "sky": "grey"}, {"Ghent": 9}, {"red", "green"},
        frozenset({"red"}), UserDict(city="Ghent"), ChainMap({"a": "b"}), MappingProxyType({"a": "b"}), Counter("ab"),
        {"a": "b"}.keys(), {"a": "b"}.values(), Weather("Ghent", "grey"),
        np.array(["red", "green"]), deque(["red", "green"]),
    ],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_a_computation_that_gives_no_text_is_refused(cache: SemanticCache, answer: object) -> None:
    """compute() returns text or pieces of text: anything else is named, stored nowhere, and holds nobody up."""
    with pytest.raises(InvalidInput, match=rf"compute\(\) must return .*, not {type(answer).__name__}\b"):
        cache.get_or_compute(PASSWORD, lambda: answer)  # type: ignore[arg-type, return-value]
    assert not list(cache.entries())
    assert cache.get_or_compute(PASSWORD, lambda: "text") == "text"


def test_pieces_may_come_from_any_source(cache: SemanticCache) -> None:
    """Iterators, lists and streams that are no containers: their pieces make the answer."""

    class Stream:
        def __iter__(self) -> Iterator[str]:
            return iter(("red", " green"))

    for question, answer in {"a?": Stream(), "b?": ["red", " green"], "c?": iter(("red", " green"))}.items():
        assert cache.get_or_compute(question, lambda answer=answer: answer) == "red green"  # type: ignore[misc]


@pytest.mark.parametrize("pieces", [[1, 2], ["a", None], [b"a"], [{"a": "b"}]])
def test_pieces_that_are_no_text_are_refused(cache: SemanticCache, pieces: list[object]) -> None:
    """Each piece is a string."""
    with pytest.raises(InvalidInput, match=r"compute\(\) must yield strings"):
        cache.get_or_compute(PASSWORD, lambda: iter(pieces))  # type: ignore[arg-type, return-value]
    assert cache.get_or_compute(PASSWORD, lambda: "text") == "text"
