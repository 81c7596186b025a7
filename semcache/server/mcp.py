"""Memory over the Model Context Protocol. Whose it is, the key or the start option says, never an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic_core import to_jsonable_python as plain

import semcache
from semcache.errors import InvalidInput, SemcacheError
from semcache.memory import AgentMemory
from semcache.telemetry import remembering

T = TypeVar("T")
_SESSION = "mcp"
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
_REMOVES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


def memory_server(memory: Callable[[], AgentMemory], *, removed: Callable[[object], None]) -> MCPServer:
    """A server of tools over the memory of whoever `memory` says is asking.

    `removed` is told, in a thread, what each of them has returned, so that removals can be taken down.
    """

    server = MCPServer(
        "semcache",
        title="semcache memory",
        instructions="Remembers what the user tells, and recalls it. Recall before you answer about the user.",
        version=semcache.__version__,
    )

    async def do(operation: str, work: Callable[[AgentMemory], T]) -> T:
        own = memory()

        def traced() -> T:
            with remembering(operation, "mcp"):
                done = work(own)
            removed(done)
            return done

        try:
            return await anyio.to_thread.run_sync(traced)
        except SemcacheError as error:
            raise ToolError(str(error)) from error

    @server.tool(annotations=_WRITES)
    async def remember(text: str, when: str | None = None) -> str:
        """Remember what the user told; `when`: ISO 8601 with a time zone, now by default. Returns the id."""
        return await do("create_memory", lambda own: own.append(_SESSION, "user", text, at=_moment(when)))

    @server.tool(annotations=_READS)
    async def recall(query: str, k: int = 5) -> list[dict[str, Any]]:
        """The things told that best answer a question, best first."""
        found = await do("search_memory", lambda own: own.recall(query, k=k))
        return [{"id": each.turn.id, "text": each.turn.text, "at": each.turn.at, "score": each.score} for each in found]

    @server.tool(annotations=_READS)
    async def facts(subject: str | None = None) -> list[dict[str, Any]]:
        """What holds now of the user, or of a `subject` the user spoke of."""
        found = await do("search_memory", lambda own: own.facts())
        return [plain(fact) for fact in found if subject is None or fact.subject.lower() == subject.lower()]

    @server.tool(annotations=_READS)
    async def context(query: str, max_tokens: int = 2_000) -> str:
        """What a prompt needs to know for a question: facts and what is recalled."""
        return (await do("search_memory", lambda own: own.context(query, _SESSION, max_tokens=max_tokens))).text

    @server.tool(annotations=_REMOVES)
    async def update(id: str, text: str) -> str:
        """Put a corrected text in the place of what has that id. Returns the new id."""

        def work(own: AgentMemory) -> str:
            if not any(turn.id == id for turn in own.turns()):
                raise InvalidInput("there is nothing with that id: `recall` shows ids")
            new = own.append(_SESSION, "user", text)
            removed(own.forget([id]))
            return new

        return await do("update_memory", work)

    @server.tool(annotations=_REMOVES)
    async def forget(id: str) -> bool:
        """Forget what has that id; false if there is nothing."""
        return bool((await do("delete_memory", lambda own: own.forget([id]))).turns)

    @server.tool(annotations=_REMOVES)
    async def forget_everything(confirm: bool) -> dict[str, Any]:
        """Erase the whole memory of the user, for good; `confirm` has to be true. Returns a receipt."""
        if not confirm:
            raise ToolError("nothing was erased: `confirm` has to be true")
        receipt: dict[str, Any] = plain(await do("delete_memory_store", lambda own: own.erase()))
        return receipt

    @server.tool(annotations=_READS)
    async def sessions() -> list[dict[str, Any]]:
        """The user's conversations, the latest first."""
        return [plain(each) for each in await do("search_memory", lambda own: own.sessions())]

    return server


def _moment(when: str | None) -> datetime | None:
    if when is None:
        return None
    try:
        return datetime.fromisoformat(when)
    except ValueError:
        raise InvalidInput("when: write ISO 8601, such as 2026-11-29T10:00:00+01:00") from None
