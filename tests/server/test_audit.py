"""What is removed through the server is in the audit trail: who did it, by which door, whose memory, how much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest
import redis as redis_py
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from semcache.audit import AuditTrail
from tests.server.conftest import Served
from tests.server.test_memory import client_of

Act = tuple[str, str, str, str, str]
NOTHING = {"turn_ids": ["no-such-turn"]}


@pytest.fixture
def acts(redis: redis_py.Redis, namespace: str) -> Callable[[], list[Act]]:
    """What the trail has, the oldest first."""

    def told() -> list[Act]:
        records = list(AuditTrail(redis, namespace).newest())
        return [(r.actor, r.via, r.action, r.target, r.detail) for r in reversed(records)]

    return told


def remember(client: httpx2.Client, *texts: str) -> list[str]:
    """Turns of one session; their ids."""
    turns = [{"session": "s", "role": "user", "text": text} for text in texts]
    return [client.post("/v1/memory/turns", json=turn).json()["id"] for turn in turns]


def test_what_is_forgotten_and_erased_over_http_is_taken_down(served: Served, acts: Callable[[], list[Act]]) -> None:
    """A part, a session, everything; asking what would be forgotten, and forgetting nothing, are no acts."""
    alice = client_of(served)
    first, *_ = remember(alice, "a", "b")
    alice.post("/v1/memory/forget", json={"turn_ids": [first], "dry_run": True})
    alice.post("/v1/memory/forget", json=NOTHING)
    assert acts() == []
    alice.post("/v1/memory/forget", json={"turn_ids": [first]})
    alice.delete("/v1/memory/sessions/s")
    third = remember(alice, "c")
    alice.delete("/v1/long-term-memory", params={"memory_ids": third})
    alice.post("/v1/memory/erase", json={"confirm": True})
    assert acts() == [
        ("alice", "http", "forgot turns", "alice", "1 turn"),
        ("alice", "http", "forgot turns", "alice", "1 turn"),
        ("alice", "http", "forgot turns", "alice", "1 turn"),
        ("alice", "http", "erased a user", "alice", "0 removed"),
    ]


def test_removals_by_tools_are_taken_down(served: Served, acts: Callable[[], list[Act]]) -> None:
    """Forgetting, the old text of a correction, and everything; for the owner of the key."""

    async def remove() -> None:
        async with (
            httpx2.AsyncClient(headers={"authorization": "Bearer key-of-bob"}, timeout=30) as http,
            Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
        ):
            told = await client.call_tool("remember", {"text": "I live in Oslo."})
            new = await client.call_tool("update", {"id": told.structured_content["result"], "text": "I moved."})
            await client.call_tool("forget", {"id": new.structured_content["result"]})
            await client.call_tool("forget_everything", {"confirm": True})

    asyncio.run(remove())
    assert acts() == [
        ("bob", "mcp", "forgot turns", "bob", "1 turn"),
        ("bob", "mcp", "forgot turns", "bob", "1 turn"),
        ("bob", "mcp", "erased a user", "bob", "0 removed"),
    ]


def test_answers_removed_through_langcaches_routes_are_taken_down(
    served: Served, acts: Callable[[], list[Act]]
) -> None:
    """By id, by attributes and all; an id that is not there is no act."""
    alice = client_of(served)
    entries = [
        alice.post("/v1/caches/faq/entries", json={"prompt": f"Question {n}?", "response": "x", "attributes": {"n": n}})
        for n in "123"
    ]
    alice.delete("/v1/caches/faq/entries/no-such-entry")
    assert acts() == []
    alice.delete(f"/v1/caches/faq/entries/{entries[0].json()['entryId']}")
    alice.request("DELETE", "/v1/caches/faq/entries", json={"attributes": {"n": "2"}})
    alice.post("/v1/caches/faq/flush")
    assert acts() == [("alice", "http", "removed answers", "faq", "1 answer")] * 3
