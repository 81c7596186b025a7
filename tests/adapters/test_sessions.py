"""Agents' sessions: Claude's own conformance kit, the OpenAI Agents protocol, and what the originals lack."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any

import pytest
import redis as redis_py

pytest.importorskip("claude_agent_sdk", reason="make test-adapters has it")

from agents.memory import Session as SessionProtocol
from claude_agent_sdk.testing import run_session_store_conformance

from semcache import AgentMemory
from semcache.adapters.claude import SessionStore
from semcache.adapters.openai_agents import Session
from semcache.embed import Embedder
from semcache.store import keys
from semcache.store.checks import check_data
from semcache.store.sealing.ring import KeyRing

pytestmark = pytest.mark.adapters

KEY: Any = {"project_key": "p/1", "session_id": "s"}


def test_the_public_suite_of_claude_passes(redis: redis_py.Redis) -> None:
    """All contracts of the SDK's kit hold, the optional ones among them."""
    asyncio.run(run_session_store_conformance(lambda: SessionStore(redis, namespace=uuid.uuid4().hex)))


def test_an_entry_that_comes_again_is_left_out(redis: redis_py.Redis, namespace: str) -> None:
    """Entries are known by their uuid; those without one are appended each time."""

    async def run() -> Any:
        store = SessionStore(redis, namespace=namespace)
        for _ in range(2):
            await store.append(KEY, [{"type": "user", "uuid": "a"}, {"type": "title"}])
        return await store.load(KEY)

    assert asyncio.run(run()) == [{"type": "user", "uuid": "a"}, {"type": "title"}, {"type": "title"}]


def test_the_protocol_of_openais_agents(redis: redis_py.Redis, namespace: str) -> None:
    """Newest items in order, none for 0; pop takes the last; two sessions do not meet; cleared, nothing is left."""

    async def run() -> None:
        session, other = Session("s", redis, namespace=namespace), Session("s/2", redis, namespace=namespace)
        assert isinstance(session, SessionProtocol)
        items: Any = [{"role": "user", "content": f"é {n}"} for n in range(4)]
        await session.add_items(items)
        await session.add_items([])
        assert await session.get_items() == items
        assert await session.get_items(2) == items[2:]
        assert await session.get_items(0) == []
        assert await session.pop_item() == items[3]
        assert await other.get_items() == []
        assert await other.pop_item() is None
        await session.clear_session()
        assert await session.get_items() == []

    asyncio.run(run())
    assert check_data(redis, namespace) == []
    assert list(redis.scan_iter(f"sc:*{namespace}*")) == []


def test_sealing_lifetime_and_erasure(redis: redis_py.Redis, namespace: str) -> None:
    """Items are sealed, expire after the lifetime, and go with their user's memory; another user's stay."""
    ring = KeyRing({"k": os.urandom(32)}, active="k", words=os.urandom(32))

    async def run() -> None:
        ada = Session("s", redis, namespace=namespace, user="ada", ttl=60, sealer=ring)
        bob = Session("s", redis, namespace=namespace, user="bob")
        item: Any = {"role": "user", "content": "a secret of Ada"}
        await ada.add_items([item])
        await bob.add_items([item])
        stored = keys.SESSION_ITEMS.build(namespace=namespace, user="ada", session="openai-agents/s")
        assert b"secret" not in redis.lrange(stored, 0, -1)[0]
        assert 0 < redis.ttl(stored) <= 60
        assert await ada.get_items() == [item]
        receipt = AgentMemory(redis, user="ada", namespace=namespace).erase()
        assert receipt.derived == {"agent sessions": 1}
        assert await ada.get_items() == []
        assert await bob.get_items() == [item]

    asyncio.run(run())


def test_recall_finds_what_was_said(redis: redis_py.Redis, namespace: str, embedder: Embedder) -> None:
    """The item nearest in meaning comes first, whatever form its content has."""

    async def run() -> Any:
        session = Session("s", redis, namespace=namespace, embedder=embedder)
        await session.add_items([
            {"role": "user", "content": "I cannot eat anything with nuts"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Our office is in Lisbon"}]},
            {"type": "function_call", "name": "f"},
        ])  # fmt: skip
        return [(await session.recall(query, k=1))[0]["role"] for query in ("food allergies", "where is the office")]

    assert asyncio.run(run()) == ["user", "assistant"]
