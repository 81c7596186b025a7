"""LlamaIndex: a chat store with the methods of its interface, and a memory block in its own Memory."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("llama_index.core", reason="make test-adapters installs it")

from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store import SimpleChatStore

from semcache import AgentMemory
from semcache.adapters.llama_index import ChatStore, MemoryBlock
from semcache.embed import Embedder
from semcache.store.clients.client import Client
from tests.adapters.commands import commands_of

pytestmark = pytest.mark.adapters


def said(text: str, role: MessageRole = MessageRole.USER, **more: object) -> ChatMessage:
    return ChatMessage(role=role, content=text, additional_kwargs=more)


@pytest.fixture
def store(redis_url: str, namespace: str, embedder: Embedder) -> ChatStore:
    return ChatStore(redis_url, namespace=namespace, embedder=embedder, ttl=500)


def test_it_does_what_the_simple_store_does(store: ChatStore, redis: Client) -> None:
    """Each method of the interface, with what is there and what is not; and core commands alone."""
    simple = SimpleChatStore()
    a, b = said("a", call_id="1"), said("b", MessageRole.ASSISTANT)

    def both(method: str, *arguments: object) -> None:
        assert getattr(store, method)(*arguments) == getattr(simple, method)(*arguments)

    def use() -> None:
        for message in (a, b, a, b):
            both("add_message", "k/1", message)
        both("delete_message", "k/1", 0)
        both("get_messages", "k/1")
        both("delete_message", "k/1", 9)
        both("delete_last_message", "k/1")
        both("get_messages", "k/1")
        both("set_messages", "other", [b])
        assert sorted(store.get_keys()) == sorted(simple.get_keys())
        both("delete_messages", "k/1")
        both("delete_messages", "k/1")
        both("delete_last_message", "nothing")
        both("get_messages", "nothing")
        assert store.get_keys() == ["other"]

    assert not {name for name in commands_of(redis, use) if "." in name}


def test_sessions_end_and_are_recalled(store: ChatStore, redis: Client, namespace: str) -> None:
    """So many seconds after the last message; the nearest to a question comes first."""
    asyncio.run(store.async_add_message("k", said("My bike is a Brompton.")))
    store.add_message("k", said("I live in Lyon."))
    assert [message.content for message in store.recall("k", "Which bike do I have?", k=1)] == [
        "My bike is a Brompton."
    ]
    lists = list(redis.scan_iter(f"*{namespace}*items:*"))
    assert lists
    assert all(0 < redis.ttl(key) <= 500 for key in lists)


def test_a_block_remembers_what_leaves_the_short_term(redis_url: str, namespace: str, embedder: Embedder) -> None:
    """And recalls it by the last message."""
    user = AgentMemory(redis_url, user="ann", namespace=namespace, embedder=embedder)
    block = MemoryBlock(memory=user, k=1)

    async def talk() -> str:
        memory = Memory.from_defaults(
            session_id="s", token_limit=60, chat_history_token_ratio=0.2, token_flush_size=10, memory_blocks=[block]
        )
        await memory.aput(said("My bike is a Brompton, bought in Lyon last summer."))
        for n in range(6):
            role = MessageRole.USER if n % 2 else MessageRole.ASSISTANT
            await memory.aput(said(f"And here is some other message, number {n}.", role))
        return await block.aget([said("Which bike do I have?")])

    assert asyncio.run(talk()) == "- My bike is a Brompton, bought in Lyon last summer."
    assert asyncio.run(block.aget([])) == ""
    assert asyncio.run(block.atruncate("- first line\n- second line", 1)) == "- first line"
    assert asyncio.run(block.atruncate("- a", 100)) is None
