"""The routes of Redis' agent memory server as far as they map, so that its users can move; docs/how-to/proxy.md."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from semcache.memory import AgentMemory, Turn
from semcache.server.backend import Backend
from semcache.server.routers.memory import ERRORS, Id, Name, Text

_MEMORIES = "memories"
_WINDOW_TOKENS = 8_000


class Lenient(BaseModel):
    """A request of a client that sends more than is used here."""

    model_config = ConfigDict(extra="ignore")


class Message(Lenient):
    """One message of a session."""

    role: Id
    content: Text
    id: Id | None = None


class WorkingMemory(Lenient):
    """The messages of a session; those that are known by their id change nothing."""

    messages: Annotated[list[Message], Field(max_length=10_000)] = []


class Memory(Lenient):
    """Something to remember."""

    text: Text
    id: Id | None = None
    session_id: Id | None = None


class Memories(Lenient):
    """Things to remember."""

    memories: Annotated[list[Memory], Field(max_length=10_000)]


class SearchWanted(Lenient):
    """A question to the memory."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    limit: Annotated[int, Field(ge=1, le=100)] = 10


class Session(Lenient):
    """The session that a prompt goes on with."""

    session_id: Id


class PromptWanted(Lenient):
    """A question that is to become a prompt."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    session: Session | None = None


def agent_memory(backend: Backend) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["agent memory server"], responses=ERRORS)

    @router.get("/working-memory/")
    async def sessions(limit: Annotated[int, Query(ge=1, le=1_000)] = 20) -> dict[str, Any]:
        found = await backend.remember(lambda own: own.sessions(most=limit), "search_memory")
        return {"sessions": [each.id for each in found], "total": len(found)}

    @router.get("/working-memory/{session_id}")
    async def window(session_id: Name) -> dict[str, Any]:
        return await backend.remember(lambda own: _working(own, session_id), "search_memory")

    @router.put("/working-memory/{session_id}")
    async def write(session_id: Name, given: WorkingMemory) -> dict[str, Any]:
        def work(own: AgentMemory) -> dict[str, Any]:
            for number, each in enumerate(given.messages):
                event = f"{session_id}/{each.id or f'{number}/{each.role}/{each.content}'}"
                own.append(session_id, each.role, each.content, event_id=_event_id(event))
            return _working(own, session_id)

        return await backend.remember(work, "create_memory")

    @router.delete("/working-memory/{session_id}")
    async def delete(session_id: Name) -> dict[str, str]:
        await backend.remember(lambda own: own.delete_session(session_id), "delete_memory")
        return {"status": "ok"}

    @router.post("/long-term-memory/")
    async def remember(given: Memories) -> dict[str, str]:
        def work(own: AgentMemory) -> None:
            for each in given.memories:
                own.append(each.session_id or _MEMORIES, "user", each.text, event_id=each.id)

        await backend.remember(work, "create_memory")
        return {"status": "ok"}

    @router.post("/long-term-memory/search")
    async def search(wanted: SearchWanted) -> dict[str, Any]:
        found = await backend.remember(lambda own: own.recall(wanted.text, k=wanted.limit), "search_memory")
        memories = [{**_memory(each.turn), "dist": max(0.0, 1.0 - each.score)} for each in found]
        return {"memories": memories, "total": len(memories), "next_offset": None}

    @router.delete("/long-term-memory")
    async def forget(memory_ids: Annotated[list[str], Query(min_length=1, max_length=1_000)]) -> dict[str, str]:
        found = await backend.remember(lambda own: own.forget(memory_ids), "delete_memory")
        return {"status": f"ok, deleted {len(found.turns)} memories"}

    @router.post("/memory/prompt")
    async def prompt(wanted: PromptWanted) -> dict[str, Any]:
        session = wanted.session.session_id if wanted.session else _MEMORIES
        found = await backend.remember(
            lambda own: own.context(wanted.query, session, max_tokens=_WINDOW_TOKENS), "search_memory"
        )
        known = [_said("system", found.text)] if found.text else []
        return {"messages": [*known, _said("user", wanted.query)]}

    return router


def _working(own: AgentMemory, session: str) -> dict[str, Any]:
    messages = [{"id": turn.id, "role": turn.role, "content": turn.text} for turn in own.window(session)]
    return {"session_id": session, "messages": messages, "memories": [], "context": None, "data": {}}


def _memory(turn: Turn) -> dict[str, Any]:
    at = datetime.fromtimestamp(turn.at, UTC).isoformat()
    return {"id": turn.id, "text": turn.text, "session_id": turn.session, "created_at": at, "memory_type": "message"}


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": {"type": "text", "text": text}}


def _event_id(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
