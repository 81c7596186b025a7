"""A service that speaks OpenAI's API, a cache, and the SDK's client behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from semcache.cache import SemanticCache
from semcache.embed import Embedder
from tests.llm.server import FakeOpenAi, serving

if TYPE_CHECKING:
    from openai import OpenAI


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


@pytest.fixture
def cache(redis_url: str, namespace: str, embedder: Embedder) -> Iterator[SemanticCache]:
    with SemanticCache(redis_url, namespace=namespace, embedder=embedder) as kept:
        yield kept


@pytest.fixture
def client(api: FakeOpenAi, cache: SemanticCache) -> OpenAI:
    from openai import OpenAI

    from semcache.adapters.openai import wrap

    return wrap(OpenAI(base_url=api.base_url, api_key="k", max_retries=0), cache)
