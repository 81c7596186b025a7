"""What a cache tells of its decisions, and the cache that runs beside the language model."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from semcache.cache import CacheOptions, Miss, Reason
from semcache.cache.runtime import Runtime
from semcache.cache.types import CheckRecord, DecisionPlace, LookupRecord
from semcache.errors import InvalidInput
from tests.cache.conftest import MakeCache

QUESTION, ANSWER = "How do I reset my password?", "Click on 'forgot password'."


def looked_up(told: list[Any]) -> list[LookupRecord]:
    return [record for record in told if isinstance(record, LookupRecord)]


def checks(told: list[Any]) -> list[tuple[str, bool | None]]:
    return [(record.by, record.right) for record in told if isinstance(record, CheckRecord)]


def test_every_lookup_is_told_once(make_cache: MakeCache) -> None:
    """A miss, a hit and a computed answer are one record each, with scope, tenant, prompt, budget and time."""
    told: list[Any] = []
    cache = make_cache(scope={"tenant": "acme"}, runtime=Runtime(decisions=told.append), max_error_rate=0.05)
    cache.store(QUESTION, ANSWER, miss=cache.lookup(QUESTION) or None)
    assert cache.lookup(QUESTION)
    cache.get_or_compute("Where is the office?", lambda: "In Kiel.")
    records = looked_up(told)
    assert [bool(record.found) for record in records] == [False, True, False]
    assert {record.place for record in records} == {
        DecisionPlace(cache.scope.namespace, cache.scope.id, "acme", False, 0.05)
    }
    assert [record.prompt for record in records] == [QUESTION, QUESTION, "Where is the office?"]
    assert all(0 < record.seconds < 60 for record in records)


def test_what_is_not_looked_up_is_told_without_its_text(make_cache: MakeCache) -> None:
    """A question that is refused counts as a decision, but its text is not told."""
    told: list[Any] = []
    cache = make_cache(runtime=Runtime(decisions=told.append), classify=True)
    cache.lookup("What is my balance?")
    (record,) = looked_up(told)
    assert isinstance(record.found, Miss)
    assert record.found.reason is Reason.UNCACHEABLE
    assert record.prompt == ""


def test_inner_caches_tell_too(make_cache: MakeCache) -> None:
    """More walls are another scope, and its decisions go to the same place."""
    told: list[Any] = []
    cache = make_cache(runtime=Runtime(decisions=told.append))
    inner = cache.within({"user": "pia"})
    inner.lookup(QUESTION)
    (record,) = looked_up(told)
    assert record.place.scope == inner.scope.id != cache.scope.id
    assert record.place.personal


def test_feedback_is_told_as_a_check(make_cache: MakeCache) -> None:
    """A user's verdict on an answer is a check by feedback."""
    told: list[Any] = []
    cache = make_cache(runtime=Runtime(decisions=told.append), learn="inline")
    cache.store(QUESTION, ANSWER)
    hit = cache.lookup(QUESTION)
    assert hit
    cache.feedback(hit, correct=False)
    assert checks(told) == [("feedback", False)]


def test_a_shadow_serves_nothing(make_cache: MakeCache) -> None:
    """Whoever asks gets an answer made for them, however often it is asked; all are stored."""
    cache = make_cache(shadow=1.0, learn="inline")
    calls = 0

    def compute() -> str:
        nonlocal calls
        calls += 1
        return ANSWER

    assert [cache.get_or_compute(QUESTION, compute) for _ in range(4)] == [ANSWER] * 4
    assert list(cache.stream(QUESTION, compute)) == [ANSWER]
    assert calls == 5
    assert not cache.lookup(QUESTION)
    assert cache.stats().hits == 0
    assert cache.get(QUESTION) is not None


def test_a_shadow_shares_no_computation(make_cache: MakeCache) -> None:
    """Of two who ask the same at once, each has an answer of their own."""
    cache = make_cache(shadow=1.0)
    together = threading.Barrier(2, timeout=30)

    def compute() -> str:
        together.wait()
        return ANSWER

    threads = [threading.Thread(target=cache.get_or_compute, args=(QUESTION, compute)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not together.broken


def test_a_shadow_says_what_it_would_have_served_and_how_it_was(make_cache: MakeCache) -> None:
    """A repeat is a would-be hit; the answer made anew says whether the stored one was right."""
    told: list[Any] = []
    cache = make_cache(shadow=1.0, learn="inline", runtime=Runtime(decisions=told.append))
    for answer in (ANSWER, ANSWER, "Accounts cannot be reset."):
        cache.get_or_compute(QUESTION, lambda answer=answer: answer)
    reasons = [record.found.reason for record in looked_up(told) if isinstance(record.found, Miss)]
    assert reasons == [Reason.EMPTY, Reason.SHADOW, Reason.SHADOW]
    first, second = checks(told)
    assert first == ("shadow", True)
    assert second != ("shadow", True)


def test_a_shadow_finds_paraphrases(make_cache: MakeCache) -> None:
    """The same question in other dress would have been served, with the entry that would have answered it."""
    cache = make_cache(shadow=1.0, learn="inline")
    cache.store(QUESTION, ANSWER)
    found = cache.lookup("how do i reset my password")
    assert isinstance(found, Miss)
    assert found.reason is Reason.SHADOW
    assert found.candidates[0].prompt == QUESTION


def test_a_share_of_the_requests_is_looked_up(make_cache: MakeCache) -> None:
    """The others pass by: they are not told, not counted, and their answers are stored all the same."""
    told: list[Any] = []
    cache = make_cache(shadow=0.3, runtime=Runtime(decisions=told.append), learn="inline")
    draws = iter([0.29, 0.3, 0.99, 0.0])
    cache._parts.lookup._shadow_draw = lambda: next(draws)  # type: ignore[attr-defined]
    for _ in range(4):
        cache.get_or_compute(QUESTION, lambda: ANSWER)
    reasons = [record.found.reason for record in looked_up(told) if isinstance(record.found, Miss)]
    assert reasons == [Reason.EMPTY, Reason.SHADOW]
    assert cache.stats().lookups == 2
    assert cache.stats().stored == 4


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "half", True])
def test_a_share_is_checked(share: Any) -> None:
    """What is no share is refused where it is written."""
    with pytest.raises(InvalidInput, match="shadow"):
        CacheOptions(shadow=share)
