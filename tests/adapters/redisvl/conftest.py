"""What the tests of the drop-in for redisvl share: a vectorizer of the default model, and a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redisvl.utils.vectorize import CustomVectorizer

from semcache.adapters.redisvl import SemanticCache
from semcache.embed import Embedder


@pytest.fixture
def vectorizer(embedder: Embedder) -> CustomVectorizer:
    return CustomVectorizer(embed=lambda text, **_: embedder.embed([text])[0].tolist())


@pytest.fixture
def opened(redis_url: str, namespace: str, vectorizer: CustomVectorizer) -> Iterator[Callable[..., SemanticCache]]:
    """Opens the test's cache: `opened(ttl=5)`; what it holds is gone afterwards."""
    made: list[SemanticCache] = []

    def open_cache(**options: Any) -> SemanticCache:
        asked = {"distance_threshold": 0.2, "decision": "threshold", "vectorizer": vectorizer, **options}
        made.append(SemanticCache(namespace, redis_url=redis_url, **asked))
        return made[-1]

    yield open_cache
    for cache in made:
        cache.clear()


@pytest.fixture
def cache(opened: Callable[..., SemanticCache]) -> SemanticCache:
    return opened()
