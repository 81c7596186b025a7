"""The memory of whoever asks: no route takes a user, the key says who it is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python as plain

from semcache.errors import InvalidInput
from semcache.memory import Turn
from semcache.memory.writing.forget import Forgotten
from semcache.server.backend import Backend
from semcache.server.identity import caller
from semcache.server.routers.given import WHOLE

_STATUSES = {
    400: "the request is wrong", 401: "the key is not known", 404: "not there", 408: "it did not arrive in time",
    413: "too large", 421: "another host", 429: "too many requests", 503: "Redis does not answer",
}  # fmt: skip


class Failure(BaseModel):
    """Why a request failed."""

    error: dict[str, Any]
    detail: str


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": what} for status, what in _STATUSES.items()
}
Name = Annotated[str, Path(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=1_000_000)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=32_503_680_000)]
Most = Annotated[int, Field(ge=1, le=1_000), WHOLE]


class Given(BaseModel):
    """A request: unknown names and other types are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewTurn(Given):
    """One message. The same `event_id` again changes nothing; `at`: seconds since the epoch, now by default."""

    session: Id
    role: Id
    text: Text
    at: Seconds | None = None
    event_id: Id | None = None
    speaker: Annotated[str, Field(max_length=200)] = ""


class Recall(Given):
    """A question to the memory."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    k: Most = 10
    session: Id | None = None
    since: Seconds | None = None
    until: Seconds | None = None
    at: Seconds | None = None


class ContextWanted(Given):
    """What a prompt needs to know for a question."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    session: Id
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] = 2_000
    k: Most = 10


class Forget(Given):
    """What to forget: turns, a session, a time, or what a query recalls (shown alone unless `dry_run` is false)."""

    turn_ids: Annotated[list[Id], Field(max_length=10_000)] = []
    session: Id | None = None
    query: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    k: Most = 10
    since: Seconds | None = None
    until: Seconds | None = None
    dry_run: bool | None = None


class Erase(Given):
    """Everything: `confirm` has to be true."""

    confirm: bool


def turn_of(turn: Turn) -> dict[str, Any]:
    """A turn as JSON."""
    return {
        "id": turn.id, "session": turn.session, "role": turn.role, "text": turn.text, "at": turn.at,
        "speaker": turn.speaker,
    }  # fmt: skip


def forgotten_of(found: Forgotten) -> dict[str, Any]:
    """What was forgotten, or would be, as JSON."""
    return {
        "forgotten": [turn_of(turn) for turn in found.turns],
        "pinned": [turn_of(turn) for turn in found.pinned],
        "dry_run": found.dry_run,
    }


def memory(backend: Backend) -> APIRouter:
    """The routes under /v1/memory."""
    router = APIRouter(prefix="/v1/memory", tags=["memory"], responses=ERRORS)

    @router.post("/turns", status_code=201)
    async def remember(turn: NewTurn) -> dict[str, str]:
        """Remember a message, for good and in its session's window."""
        given = turn.model_dump(exclude={"session", "role", "text"})
        id = await backend.remember(
            lambda own: own.append(turn.session, turn.role, turn.text, **given), "create_memory"
        )
        return {"id": id}

    @router.get("/turns")
    async def turns(session: Annotated[str | None, Query(min_length=1, max_length=200)] = None) -> dict[str, Any]:
        """All messages, or those of a session, oldest first."""
        found = await backend.remember(lambda own: own.turns(session=session), "search_memory")
        return {"turns": [turn_of(turn) for turn in found]}

    @router.post("/recall")
    async def recall(wanted: Recall) -> dict[str, Any]:
        """The messages that best answer a question, best first."""
        given = wanted.model_dump(exclude={"query"})
        found = await backend.remember(lambda own: own.recall(wanted.query, **given), "search_memory")
        items = [{"turn": turn_of(each.turn), "score": each.score, "parts": dict(each.parts)} for each in found]
        return {"recalled": items}

    @router.get("/facts")
    async def facts(history: bool = False) -> dict[str, Any]:
        """What the user has said about the user."""
        return {"facts": plain(await backend.remember(lambda own: own.facts(history=history), "search_memory"))}

    @router.get("/entities")
    async def entities() -> dict[str, Any]:
        """The people, places and things that the memory mentions."""
        return {"entities": plain(await backend.remember(lambda own: own.entities(), "search_memory"))}

    @router.post("/context")
    async def context(wanted: ContextWanted) -> dict[str, Any]:
        """What to put into a prompt for a question."""
        given = {"max_tokens": wanted.max_tokens, "k": wanted.k}
        found = await backend.remember(lambda own: own.context(wanted.query, wanted.session, **given), "search_memory")
        return {"text": found.text, "tokens": found.tokens, "facts": plain(found.facts)}

    @router.get("/sessions")
    async def sessions(most: Annotated[int, Query(ge=1, le=1_000)] = 50) -> dict[str, Any]:
        """The sessions, the latest first."""
        return {"sessions": plain(await backend.remember(lambda own: own.sessions(most=most), "search_memory"))}

    @router.delete("/sessions/{session}")
    async def delete_session(session: Name) -> dict[str, Any]:
        """Forget a session."""
        return forgotten_of(await backend.remember(lambda own: own.delete_session(session), "delete_memory"))

    @router.post("/forget")
    async def forget(wanted: Forget) -> dict[str, Any]:
        """Forget some messages."""
        given = wanted.model_dump()
        return forgotten_of(await backend.remember(lambda own: own.forget(**given), "delete_memory"))

    @router.get("/export")
    async def export() -> dict[str, Any]:
        """All that the user told."""
        return await backend.remember(lambda own: own.export(), "search_memory")

    @router.post("/erase")
    async def erase(wanted: Erase) -> dict[str, Any]:
        """Erase everything of the user; the answer is the receipt."""
        if not wanted.confirm:
            raise InvalidInput('confirm: erasing takes everything away: send {"confirm": true}')
        receipt: dict[str, Any] = plain(await backend.remember(lambda own: own.erase(), "delete_memory_store"))
        return {**receipt, "user": caller.get().user}

    return router
