"""Drop-ins for langchain_redis, the retriever and the memory tool; core commands only."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="make test-adapters installs it")

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.outputs import Generation

from semcache import AgentMemory, KnowledgeBase
from semcache.adapters.langchain import (
    RedisCache,
    RedisChatMessageHistory,
    RedisSemanticCache,
    SemcacheCache,
    SemcacheRetriever,
    memory_tool,
)
from semcache.embed import Embedder
from semcache.store.clients.client import Client
from tests.adapters.commands import commands_of

pytestmark = pytest.mark.adapters

REQUIRED = inspect.Parameter.empty
#: The constructors of langchain_redis 0.2.6: what an application may pass, in this order.
UPSTREAM: dict[type, dict[str, Any]] = {
    RedisCache: {"redis_url": "redis://localhost:6379", "ttl": None, "prefix": "redis", "redis_client": None},
    RedisSemanticCache: {
        "embeddings": REQUIRED,
        "redis_url": "redis://localhost:6379",
        "distance_threshold": 0.2,
        "ttl": None,
        "name": "llmcache",
        "prefix": "llmcache",
        "redis_client": None,
    },
    RedisChatMessageHistory: {
        "session_id": REQUIRED,
        "redis_url": "redis://localhost:6379",
        "key_prefix": "chat:",
        "ttl": None,
    },
}


@pytest.mark.parametrize("ours", UPSTREAM, ids=lambda ours: ours.__name__)
def test_arguments_are_the_originals(ours: type) -> None:
    """By name, in order, with the same defaults; what is ours alone can only be given by name."""
    found = list(inspect.signature(ours).parameters.values())
    positional = [one for one in found if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert [(one.name, one.default) for one in positional][: len(UPSTREAM[ours])] == list(UPSTREAM[ours].items())
    assert all(one.default is not REQUIRED for one in found if one.kind is one.KEYWORD_ONLY)


@pytest.fixture
def threshold(redis_url: str, namespace: str, embedder: Embedder) -> RedisSemanticCache:
    return RedisSemanticCache(embedder, redis_url, 0.2, name=namespace, decision="threshold")


def test_the_threshold_alone_decides_if_it_is_asked_for(threshold: RedisSemanticCache) -> None:
    """Another wording, and another order that looks like it: that is what it is known to be unsafe for."""
    threshold.update("How do I cancel order 4711?", "model", [Generation(text="Like this.")])
    for asked in ("How can I cancel order 4711?", "How do I cancel order 4712?"):
        assert threshold.lookup(asked, "model") == [Generation(text="Like this.")]
    assert threshold.lookup("Who wrote Hamlet?", "model") is None
    assert threshold.lookup("How do I cancel order 4711?", "another model") is None


def test_the_budget_serves_neither_at_first(redis_url: str, namespace: str, embedder: Embedder) -> None:
    """Nothing is known yet of what may be served."""
    kept = RedisSemanticCache(embedder, redis_url, 0.2, name=namespace)
    kept.update("How do I cancel order 4711?", "model", [Generation(text="Like this.")])
    assert kept.lookup("How do I cancel order 4712?", "model") is None
    assert kept.name() == namespace
    with pytest.raises(ValueError, match="decision"):
        RedisSemanticCache(embedder, redis_url, decision="best")  # type: ignore[arg-type]


@pytest.fixture
def knowledge(redis_url: str, namespace: str, embedder: Embedder) -> KnowledgeBase:
    base = KnowledgeBase(redis_url, namespace=namespace, embedder=embedder)
    base.upsert("returns", "Bikes can be returned within 30 days.", version=3)
    base.upsert("hours", "The shop is open from nine to six.", version=1)
    return base


def test_passages_are_documents(knowledge: KnowledgeBase) -> None:
    """Best first, at most k, with where they come from."""
    found = SemcacheRetriever(knowledge=knowledge, k=1).invoke("How long may I return a bike?")
    assert [document.page_content for document in found] == ["Bikes can be returned within 30 days."]
    assert (found[0].metadata["source"], found[0].metadata["version"]) == ("returns", 3)
    assert found[0].metadata["score"] > 0
    assert len(SemcacheRetriever(knowledge=knowledge).invoke("bike shop")) == 2


def test_a_tool_recalls_for_its_user_alone(redis_url: str, namespace: str, embedder: Embedder) -> None:
    """The model says what to look for, not for whom."""
    memory = AgentMemory(redis_url, user="ann", namespace=namespace, embedder=embedder)
    tool = memory_tool(memory, k=1)
    assert tool.invoke({"query": "bike"}) == "Nothing is known about that."
    memory.append("s", "user", "My bike is a Brompton.")
    assert tool.invoke({"query": "Which bike do I have?"}) == "- My bike is a Brompton."
    assert set(tool.args) == {"query"}


@pytest.fixture
def kept(redis_url: str, namespace: str, embedder: Embedder) -> SemcacheCache:
    return SemcacheCache(redis_url, embeddings=embedder, namespace=namespace, learn="inline", on_error="raise")


def test_core_commands_only(kept: SemcacheCache, redis_url: str, redis: Client, namespace: str) -> None:
    """Neither a search module nor a JSON one is asked."""
    model = FakeListChatModel(responses=["an answer"] * 9, cache=kept)
    history = RedisChatMessageHistory("s", redis_url, key_prefix=namespace)

    def use() -> None:
        model.invoke("How do I renew a card?")
        model.invoke("How can I renew a card?")
        kept.clear()
        history.add_user_message("hello")
        assert history.messages
        history.clear()

    assert not {name for name in commands_of(redis, use) if "." in name}
