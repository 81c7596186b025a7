"""LangChain's caches: the public suites, and chats as applications write them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("langchain_tests", reason="make test-adapters installs it")

from langchain_core.caches import BaseCache
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import Generation
from langchain_tests.integration_tests import AsyncCacheTestSuite, SyncCacheTestSuite

from semcache.adapters.langchain import RedisCache, RedisChatMessageHistory, RedisSemanticCache, SemcacheCache
from semcache.embed import Embedder

pytestmark = pytest.mark.adapters


@pytest.fixture
def kept(redis_url: str, namespace: str, embedder: Embedder) -> SemcacheCache:
    return SemcacheCache(redis_url, embeddings=embedder, namespace=namespace, learn="inline", on_error="raise")


class TestSync(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, kept: SemcacheCache) -> BaseCache:
        return kept


class TestAsync(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self, kept: SemcacheCache) -> BaseCache:
        return kept


class TestVerbatim(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, redis_url: str, namespace: str) -> BaseCache:
        return RedisCache(redis_url, prefix=namespace, on_error="raise")


class TestDropIn(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, redis_url: str, namespace: str, embedder: Embedder) -> BaseCache:
        return RedisSemanticCache(embedder, redis_url, name=namespace)


@pytest.fixture
def model(kept: SemcacheCache) -> FakeListChatModel:
    return FakeListChatModel(responses=[f"answer {n}" for n in range(40)], cache=kept)


SYSTEM = SystemMessage("You are the assistant of a bike shop. " + "Rules. " * 500)
QUESTION = HumanMessage("How long do I have to return a bike?")


def asked(model: FakeListChatModel, *messages: BaseMessage) -> str:
    return str(model.invoke(list(messages)).content)


def test_the_same_chat_is_answered_once(model: FakeListChatModel) -> None:
    """However long the system prompt; another system prompt, or a turn before it, is another chat."""
    first = asked(model, SYSTEM, QUESTION)
    assert asked(model, SYSTEM, QUESTION) == first
    assert asked(model, SystemMessage("other"), QUESTION) != first
    assert asked(model, SYSTEM, HumanMessage("x"), AIMessage("y"), QUESTION) != first


def test_letters_that_tell_apart_are_told_apart(redis_url: str, namespace: str) -> None:
    """The exact cache compares bytes: letter case and marks count."""
    cache = RedisCache(redis_url, prefix=namespace)
    cache.update("Translate polish", "m", [Generation(text="polir")])
    assert cache.lookup("Translate Polish?", "m") is None


@pytest.mark.parametrize("question", ["What time is it now?", "And for children?", "How old is he?"])
def test_what_serves_nobody_else_is_made_anew(model: FakeListChatModel, question: str) -> None:
    """About this moment, or without what it follows."""
    assert asked(model, HumanMessage(question)) != asked(model, HumanMessage(question))


@pytest.mark.parametrize("prompt", ["", " ", "y" * 120_000, "\ud800", "[]", '[{"lc": 1}]'])
def test_no_prompt_fails_the_call(kept: SemcacheCache, prompt: str) -> None:
    """Odd prompts are at most a miss."""
    kept.update(prompt, "m", [Generation(text="x")])
    kept.lookup(prompt, "m")


def test_another_process_clears_everything(redis_url: str, namespace: str, embedder: Embedder) -> None:
    """A cache that has seen no model yet clears the answers of all models, and of no other namespace."""
    names = (namespace, namespace, f"{namespace}x")
    one, other, apart = (SemcacheCache(redis_url, embeddings=embedder, namespace=name) for name in names)
    for cache in (one, apart):
        cache.update("How do I renew a card?", "m", [Generation(text="Online.")])
    other.clear()
    assert one.lookup("How do I renew a card?", "m") is None
    assert apart.lookup("How do I renew a card?", "m") is not None


def test_a_generation_that_cannot_be_read_is_not_kept(kept: SemcacheCache) -> None:
    """A class of one's own is not loaded again, so it is not stored."""

    class Own(Generation):
        pass

    kept.update("How do I renew a card?", "m", [Own(text="Online.")])
    assert kept.lookup("How do I renew a card?", "m") is None


def test_an_outage_is_a_miss() -> None:
    """Unless it is asked for as an error."""
    cache = RedisCache("redis://127.0.0.1:1")
    cache.update("p", "m", [Generation(text="x")])
    assert cache.lookup("p", "m") is None


@pytest.fixture
def history(redis_url: str, namespace: str) -> Iterator[RedisChatMessageHistory]:
    kept = RedisChatMessageHistory(namespace, redis_url, ttl=60)
    yield kept
    kept.delete()


def test_history_keeps_messages_whole(history: RedisChatMessageHistory) -> None:
    """Calls of tools and ids too; they are found by their words, and gone when cleared."""
    call = {"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}
    told = [HumanMessage("My bike is a Brompton"), AIMessage("", tool_calls=[call], id="run-1")]
    history.add_messages(told)
    assert history.messages == told
    assert len(history) == 2
    assert history.search_messages("Brompton")[0]["content"] == "My bike is a Brompton"
    history.clear()
    assert history.messages == []


def test_a_session_needs_an_id(redis_url: str) -> None:
    """An empty one is an error."""
    with pytest.raises(ValueError, match="session_id"):
        RedisChatMessageHistory("", redis_url)
