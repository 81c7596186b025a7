"""Replaying a log: what is not asked again is what the cache would have said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import redis as redis_py

from semcache.cache import CacheOptions, Hit, Miss, SemanticCache
from semcache.embed import CachedEmbedder
from semcache.evals.comparing.truth import Truth
from semcache.evals.log import Log, Request
from semcache.evals.measure import sample_traffic
from semcache.evals.replay import Outcome, replay


class Counted:
    """A cache that counts how often it is asked, and which models it has had."""

    def __init__(self, cache: SemanticCache) -> None:
        self.lookup_count = 0
        self.versions: set[int] = set()
        self._cache = cache

    def lookup(self, prompt: str, *, context: Sequence[str]) -> Hit | Miss:
        self.lookup_count += 1
        return self._cache.lookup(prompt, context=context)

    def store(self, prompt: str, response: str, *, context: Sequence[str], miss: Miss) -> str | None:
        return self._cache.store(prompt, response, context=context, miss=miss)

    def model_version(self) -> int:
        version = self._cache.model_version()
        self.versions.add(version)
        return version


@pytest.fixture
def open_cache(redis: redis_py.Redis, embedder: CachedEmbedder) -> Callable[[str], Counted]:
    """A cache of a scope of its own that learns at once."""

    def opened(run: str) -> Counted:
        judge, options = Truth.of(LOG, embedder).of_log(), CacheOptions(learn="inline")
        return Counted(SemanticCache(redis, embedder=embedder, scope={"run": run}, judge=judge, options=options))

    return opened


LOG = sample_traffic(900)


def one_by_one(cache: Counted, log: Log, truth: Truth) -> Iterator[Outcome]:
    """The same replay; every request is looked up."""
    stored: dict[str, Request] = {}
    for request in log.requests:
        found = cache.lookup(request.prompt, context=request.context)
        if isinstance(found, Hit):
            wrong = not truth.same(stored[found.entry_id], request)
            yield Outcome(request, True, found.similarity, 0.0, exact=found.exact, wrong=wrong)
        else:
            entry_id = cache.store(request.prompt, request.response, context=request.context, miss=found)
            stored[str(entry_id)] = request
            yield Outcome(request, False, 0.0, 0.0)


def told(outcomes: Iterator[Outcome]) -> list[tuple[bool, bool, bool | None]]:
    return [(o.hit, o.exact, o.wrong) for o in outcomes]


def test_what_is_known_is_what_the_cache_would_say(
    open_cache: Callable[[str], Counted], embedder: CachedEmbedder
) -> None:
    """While it learns, models change and repeats are checked, too; and most repeats are not asked again."""
    truth = Truth.of(LOG, embedder)
    asked, known = open_cache("asked"), open_cache("known")
    outcomes = told(replay(lambda _: known, LOG, compare=truth.compared))
    assert outcomes == told(one_by_one(asked, LOG, truth))
    assert max(known.versions) > 0
    exact = sum(exact for _, exact, _ in outcomes)
    assert asked.lookup_count - known.lookup_count > exact / 2
