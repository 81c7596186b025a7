"""redisvl's SemanticCache on the same stream, where the Redis that is measured on has the search module it needs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from semcache.embed import Embedder
from semcache.errors import ConfigurationError
from semcache.evals.comparing.truth import Truth
from semcache.evals.log import Request
from semcache.evals.thresholds import StaticResult
from semcache.store.connect import client_of, guarded

#: redisvl's own default: cosine distance 0.1, which is similarity .9.
DISTANCE = 0.1
NAME = f"redisvl SemanticCache, distance {DISTANCE}"


def has_search(redis_or_url: redis.Redis | str) -> bool:
    """Whether the server has a search module loaded; False where one may not ask."""
    try:
        with guarded():
            modules: Any = client_of(redis_or_url).module_list()
    except ConfigurationError:
        return False
    return any(module[b"name"] == b"search" for module in modules)


def replay_redisvl(
    redis_or_url: redis.Redis | str, embedder: Embedder, requests: Sequence[Request], truth: Truth
) -> StaticResult:
    """Asks the stream of a redisvl cache of its own, with our vectors; its index is gone afterwards."""
    hits = wrong = unjudged = 0
    stored: dict[str, Request] = {}
    with _scratch(client_of(redis_or_url), embedder) as cache:
        for request in requests:
            vector = embedder.embed([request.prompt])[0].tolist()
            found = cache.check(vector=vector)
            if not found:
                stored[cache.store(request.prompt, request.response, vector=vector)] = request
                continue
            right = truth.same(stored[found[0]["key"]], request)
            hits, wrong, unjudged = hits + 1, wrong + (right is False), unjudged + (not isinstance(right, bool))
    return StaticResult(1 - DISTANCE, len(requests), hits, wrong, unjudged)


@contextmanager
def _scratch(client: redis.Redis, embedder: Embedder) -> Iterator[Any]:
    from redisvl.extensions.cache.llm import SemanticCache
    from redisvl.utils.vectorize import CustomVectorizer

    vectorizer = CustomVectorizer(embed=lambda text, **_: embedder.embed([text])[0].tolist())
    cache = SemanticCache(
        f"hit-rate-{uuid.uuid4().hex}", distance_threshold=DISTANCE, redis_client=client, vectorizer=vectorizer
    )
    try:
        yield cache
    finally:
        cache.delete()
