"""The very same question is looked for before the embedding where that pays, else together with the search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import redis as redis_py

from semcache.cache import CacheOptions, Hit, Miss, Reason, SemanticCache
from semcache.cache.deciding.exact_first import ExactFirst
from semcache.embed import CachedEmbedder, Kind, Vectors
from tests.cache.conftest import MakeCache
from tests.cache.test_lineage import set_version

QUESTION = "How do I reset my password?"
PARAPHRASE = "How can I reset my password?"


class Noted:
    """An embedder that notes what it is asked."""

    def __init__(self, inner: CachedEmbedder) -> None:
        self.dim, self.fingerprint, self._inner = inner.dim, inner.fingerprint, inner
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        self.texts += texts
        return self._inner.embed(texts, kind=kind)


def told(pays: bool) -> Callable[[ExactFirst, str], bool]:
    return lambda self, fingerprint: pays


def test_strangers_are_looked_for_first_until_it_is_clear_that_none_is_found() -> None:
    """At first, and where repeats are not rare; a question that was stored or found here always."""
    weighs = ExactFirst()
    assert weighs.pays("a")
    for n in range(400):
        weighs.note(f"by meaning {n}", found=False, by_meaning=True)
    weighs.note("missed", found=False, by_meaning=False)
    assert not weighs.pays("a stranger")
    assert weighs.pays("missed")
    for n in range(40):
        weighs.note(f"found {n}", found=True, by_meaning=False)
    assert weighs.pays("a stranger")


@pytest.mark.parametrize(("embedding_s", "pays"), [(0.2, True), (0.00001, False)])
def test_a_slow_model_is_spared(embedding_s: float, pays: bool) -> None:
    """Where an embedding costs a thousand round trips, one repeat in a hundred is worth them; a fast one is asked."""
    weighs = ExactFirst()
    for n in range(1_000):
        weighs.took(embedding_s=embedding_s, trip_s=0.0002)
        weighs.note(str(n), found=n % 100 == 0, by_meaning=n % 100 > 0)
    assert weighs.pays("a stranger") is pays


def test_what_is_remembered_is_bounded() -> None:
    """The questions that have not come for longest are forgotten."""
    weighs = ExactFirst()
    for n in range(10_500):
        weighs.note(str(n), found=False, by_meaning=False)
    assert len(weighs._known) == 10_000
    assert "0" not in weighs._known


def test_a_repeat_that_was_stored_here_costs_no_embedding(
    redis: redis_py.Redis, embedder: CachedEmbedder, namespace: str
) -> None:
    """Though strangers are embedded at once."""
    noted = Noted(embedder)
    cache = SemanticCache(redis, embedder=noted, namespace=namespace, options=CacheOptions(learn="off"))
    weighs = cache._parts.lookup._exact_first
    for n in range(400):
        weighs.note(f"by meaning {n}", found=False, by_meaning=True)
    miss = cache.lookup(QUESTION)
    assert isinstance(miss, Miss)
    cache.store(QUESTION, "Use the link.", miss=miss)
    noted.texts.clear()
    assert cache.lookup(QUESTION)
    assert noted.texts == []
    cache.close()


@pytest.mark.parametrize("first", [True, False])
def test_both_ways_find_the_same(
    make_cache: MakeCache, redis: redis_py.Redis, namespace: str, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """The same question, in tags or not, expired, stale, rejected, too long for the model: hits, misses and counts."""
    monkeypatch.setattr(ExactFirst, "pays", told(first))
    cache = make_cache()
    assert _reason(cache, QUESTION) is Reason.EMPTY
    cache.store(QUESTION, "Use the link.", sources={"faq": 1}, tags=["web"])
    long = "word " * 3_000
    cache.store(long, "A long answer.")
    found = cache.lookup(QUESTION, tags=["web"])
    assert isinstance(found, Hit)
    assert (found.exact, found.response, dict(found.sources)) == (True, "Use the link.", {"faq": 1})
    assert isinstance(cache.lookup(QUESTION, tags=["app"]), Miss)
    near = cache.lookup(PARAPHRASE)
    assert isinstance(near, Hit)
    assert not near.exact
    again = cache.lookup(long)
    assert isinstance(again, Hit)
    assert again.exact
    set_version(redis, namespace, "faq", 2)
    assert _reason(cache, QUESTION) is Reason.STALE_SOURCE
    kept = cache.store(QUESTION, "Use the new link.", sources={"faq": 2})
    assert cache.feedback(str(kept), correct=False)
    assert _reason(cache, QUESTION) is Reason.GUARD
    stats = cache.stats()
    assert (stats.hits_exact, stats.hits_semantic, stats.stale, sum(stats.misses.values())) == (2, 1, 1, 4)


def _reason(cache: SemanticCache, question: str) -> Reason | None:
    found = cache.lookup(question)
    return found.reason if isinstance(found, Miss) else None
