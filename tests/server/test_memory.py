"""Memory over HTTP and over the Model Context Protocol: of the key's user alone."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from semcache.memory import AgentMemory
from semcache.server.mcp import memory_server
from tests.server.conftest import Served

HOME = "My name is Ada and I live in Porto."


def client_of(served: Served, who: str = "alice") -> httpx2.Client:
    return httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer key-of-{who}"}, timeout=30)


def test_what_one_user_told_is_recalled_for_that_user_alone(served: Served) -> None:
    """Turns, recall, facts and context of alice; bob's memory is empty."""
    alice, bob = client_of(served), client_of(served, "bob")
    turn = {"session": "s", "role": "user", "text": HOME, "event_id": "e1"}
    assert alice.post("/v1/memory/turns", json=turn).status_code == 201
    alice.post("/v1/memory/turns", json=turn)
    question = {"query": "Where do I live?"}
    [found] = alice.post("/v1/memory/recall", json=question).json()["recalled"]
    assert found["turn"]["text"] == HOME
    assert bob.post("/v1/memory/recall", json=question).json() == {"recalled": []}
    assert "Porto" in {fact["value"] for fact in alice.get("/v1/memory/facts").json()["facts"]}
    context = alice.post("/v1/memory/context", json={**question, "session": "s"}).json()
    assert "Porto" in context["text"]
    assert [each["id"] for each in alice.get("/v1/memory/sessions").json()["sessions"]] == ["s"]
    assert [turn["text"] for turn in alice.get("/v1/memory/export").json()["turns"]] == [HOME]


def test_forgetting_and_erasing_say_what_they_removed(served: Served) -> None:
    """By id, and everything with a receipt, which has to be confirmed."""
    alice = client_of(served)
    ids = [alice.post("/v1/memory/turns", json={"session": "s", "role": "user", "text": t}).json()["id"] for t in "ab"]
    assert len(alice.post("/v1/memory/forget", json={"turn_ids": ids[:1]}).json()["forgotten"]) == 1
    assert alice.post("/v1/memory/forget", json={}).status_code == 400
    assert alice.post("/v1/memory/erase", json={"confirm": False}).status_code == 400
    receipt = alice.post("/v1/memory/erase", json={"confirm": True}).json()
    assert (receipt["user"], receipt["turns"]) == ("alice", 1)


def test_a_user_in_the_request_is_refused(served: Served) -> None:
    """Whose memory it is cannot be said, only proven."""
    turn = {"session": "s", "role": "user", "text": "x", "user": "bob"}
    assert client_of(served).post("/v1/memory/turns", json=turn).status_code == 400


def test_the_agent_memory_servers_routes_map(served: Served) -> None:
    """Working memory, long-term memory and prompts, as its clients send them."""
    alice = client_of(served)
    working = {"messages": [{"role": "user", "content": HOME}], "memories": [], "namespace": "x"}
    for _ in range(2):  # the whole window is sent each time
        stored = alice.put("/v1/working-memory/w", json=working).json()
    assert [message["content"] for message in stored["messages"]] == [HOME]
    alice.post("/v1/long-term-memory/", json={"memories": [{"id": "m1", "text": "I like sardines."}]})
    found = alice.post("/v1/long-term-memory/search", json={"text": "What do I like to eat?", "limit": 5}).json()
    assert "I like sardines." in {memory["text"] for memory in found["memories"]}
    prompt = alice.post("/v1/memory/prompt", json={"query": "Where do I live?", "session": {"session_id": "w"}}).json()
    assert "Porto" in prompt["messages"][0]["content"]["text"]
    assert alice.delete("/v1/working-memory/w").json() == {"status": "ok"}


@pytest.mark.parametrize("how", [{}, {"mode": "legacy"}])
def test_tools_over_http_see_the_memory_of_the_key(served: Served, how: dict[str, Any]) -> None:
    """Two keys, two memories, with the old handshake too."""

    async def recalled(who: str, told: str) -> Any:
        headers = {"authorization": f"Bearer key-of-{who}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
            async with Client(transport, **how) as client:
                await client.call_tool("remember", {"text": told})
                return (await client.call_tool("recall", {"query": "Where do I live?"})).structured_content["result"]

    assert [each["text"] for each in asyncio.run(recalled("alice", HOME))] == [HOME]
    assert [each["text"] for each in asyncio.run(recalled("bob", "I live in Oslo."))] == ["I live in Oslo."]
    assert httpx2.post(f"{served.url}/mcp", json={}).status_code == 401


def test_no_tool_takes_a_user_and_each_says_what_it_does(redis_url: str, embedder: Any, namespace: str) -> None:
    """In the process, with the old handshake too."""
    memory = AgentMemory(redis_url, user="ada", embedder=embedder, namespace=namespace)

    async def tools(**how: Any) -> list[Any]:
        async with Client(memory_server(lambda: memory, removed=lambda done: None), **how) as client:
            id = (await client.call_tool("remember", {"text": HOME})).structured_content["result"]
            new = await client.call_tool("update", {"id": id, "text": "I live in Lisbon."})
            assert not new.is_error
            wrong = await client.call_tool("remember", {"text": ""})
            assert wrong.is_error
            refused = await client.call_tool("forget_everything", {"confirm": False})
            assert refused.is_error
            return (await client.list_tools()).tools

    for found in (asyncio.run(tools()), asyncio.run(tools(mode="legacy"))):
        names = {tool.name for tool in found}
        assert names == {"remember", "recall", "facts", "context", "update", "forget", "forget_everything", "sessions"}
        assert not any("user" in tool.input_schema["properties"] for tool in found)
        assert all(tool.annotations is not None for tool in found)
    assert [turn.text for turn in memory.turns()] == ["I live in Lisbon.", "I live in Lisbon."]
