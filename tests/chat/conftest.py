"""An engine on the embedded Redis, with a real HTTP server as its language model or with the built-in answerer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis as redis_py

from semcache.chat import ChatEngine
from semcache.chat.stores import Stores
from semcache.embed import CachedEmbedder
from semcache.llm import open_llm
from semcache.settings import Settings, load_settings
from tests.conftest import Clock
from tests.llm.server import FakeOpenAi, serving

DOCUMENTS = {
    "returns": ("Returns", "You can return a lamp within 30 days of delivery. Refunds are paid within 5 working days."),
    "shipping": (
        "Shipping",
        "Standard delivery takes three working days and costs €4.90. We do not deliver to islands.",
    ),
    "warranty": ("Warranty", "Every lamp has a warranty of two years. The warranty does not cover water damage."),
}


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as server:
        yield server


@pytest.fixture
def settings(redis_url: str, namespace: str, api: FakeOpenAi) -> Settings:
    return load_settings(
        namespace=namespace,
        redis_url=redis_url,
        llm_model="test-model",
        llm_base_url=api.base_url,
        llm_max_retries=0,
        llm_calls_per_minute=0,
    )


@pytest.fixture
def make_engine(
    redis: redis_py.Redis, settings: Settings, embedder: CachedEmbedder, clock: Clock
) -> Callable[..., ChatEngine]:
    """`make_engine()`, `make_engine(calls_per_minute=2, model="extractive", publish=...)`."""

    def make(*, publish: Callable[[dict[str, object]], None] | None = None, **llm: object) -> ChatEngine:
        changed = settings.model_copy(update={"llm": settings.llm.model_copy(update=llm)})
        return ChatEngine(
            redis,
            llm=open_llm(changed.llm, embedder=embedder),
            embedder=embedder,
            settings=changed,
            publish=publish,
            clock=clock,
        )

    return make


@pytest.fixture
def stores(redis: redis_py.Redis, settings: Settings, embedder: CachedEmbedder, clock: Clock) -> Stores:
    return Stores(redis, embedder, settings, clock)


@pytest.fixture
def engine(make_engine: Callable[..., ChatEngine], stores: Stores) -> ChatEngine:
    """An engine that knows the documents and asks the HTTP server."""
    for id, (title, text) in DOCUMENTS.items():
        stores.knowledge.upsert(id, text, title=title)
    return make_engine()
