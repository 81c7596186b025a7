"""Why an answer is not kept: said by `explain` in every process, and once as a warning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py

from semcache.cache import Computed, SemanticCache
from semcache.cache.entries.refusals import MOST
from semcache.knowledge import KnowledgeBase
from semcache.store import keys
from tests.cache.conftest import MakeCache

QUESTION = "How long can I return a bike?"


@pytest.fixture
def returns(redis: redis_py.Redis, cache: SemanticCache, namespace: str) -> KnowledgeBase:
    base = KnowledgeBase(redis, embedder=cache.embedder, namespace=namespace)
    base.upsert("returns", "Within 30 days.", title="Returns")
    return base


@pytest.mark.parametrize(
    ("version", "said"), [(7, "source returns is at version 1, the answer was built from 7"), (2, "built from 2")]
)
def test_another_version_of_a_source_is_named(
    cache: SemanticCache,
    make_cache: MakeCache,
    returns: KnowledgeBase,
    caplog: pytest.LogCaptureFixture,
    version: int,
    said: str,
) -> None:
    """The document and both versions are told, by another process too; the warning comes once, not at each answer."""
    for _ in range(3):
        assert cache.get_or_compute(QUESTION, lambda: "30 days.", sources={"returns": version}) == "30 days."
    assert said in cache.explain(QUESTION).detail
    assert said in make_cache(scope={"tenant": "acme"}).explain(QUESTION).detail
    assert "not kept" not in cache.explain("What does a helmet cost?").detail
    assert [said in record.message for record in caplog.records if "not kept" in record.message] == [True]
    assert cache.stats().refused == 3


def test_a_source_that_was_deleted_is_named(cache: SemanticCache, returns: KnowledgeBase) -> None:
    """An answer made from a document that is gone is not kept, and that is why."""
    returns.delete("returns")
    assert cache.store_many([(QUESTION, "30 days.")]) != [None]
    assert cache.store(QUESTION, "30 days.", sources={"returns": 1}) is None
    cache.clear()
    assert "source returns was deleted" in cache.explain(QUESTION).detail


def test_what_its_maker_does_not_keep_is_told(cache: SemanticCache) -> None:
    """The word of whoever computed the answer is passed on; it is no warning, and no refusal that is counted."""

    def unfinished() -> Iterator[str]:
        yield "30 d"
        return Computed(keep=False, note="the model was cut off")

    assert "".join(cache.stream(QUESTION, unfinished)) == "30 d"
    assert "the model was cut off" in cache.explain(QUESTION).detail
    assert cache.stats().refused == 0


def test_once_it_is_kept_nothing_is_told(cache: SemanticCache, returns: KnowledgeBase) -> None:
    """An answer of the right version ends the matter; so does the end of the scope."""
    cache.store(QUESTION, "30 days.", sources={"returns": 7})
    cache.store(QUESTION, "30 days.", sources={"returns": 1})
    assert "not kept" not in cache.explain(QUESTION).detail
    cache.drop()
    assert "not kept" not in cache.explain(QUESTION).detail


def test_refusals_are_bounded(cache: SemanticCache, returns: KnowledgeBase, redis: redis_py.Redis) -> None:
    """However many questions are refused, so many are noted, and each for a day."""
    key = keys.CACHE_REFUSED.build(scope=cache.scope.id)
    redis.hset(key, mapping={str(number): "x" for number in range(MOST - 1)})
    for number in range(3):
        cache.store(f"{QUESTION} {number}", "30 days.", sources={"returns": 7})
    assert redis.hlen(key) == MOST
    redis.delete(key)
    cache.store(QUESTION, "30 days.", sources={"returns": 7})
    (fields,) = (redis.hkeys(key),)
    assert 86_000 < redis.httl(key, *fields)[0] <= 86_400
