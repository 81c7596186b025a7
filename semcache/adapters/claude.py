"""Session transcripts of the Claude Agent SDK in Redis. Needs `pip install 'semcache[claude]'`."""

from __future__ import annotations

import asyncio
from typing import Any

from semcache.adapters.sessions import Item, Name, SessionList
from semcache.errors import MissingExtra

try:
    import claude_agent_sdk
except ImportError as error:
    raise MissingExtra("claude", "semcache.adapters.claude") from error

_KIND = "claude"


class SessionStore:
    """`ClaudeAgentOptions(session_store=SessionStore(redis))`; options as `SessionList`: user, ttl, sealer ..."""

    def __init__(self, redis: Any, **options: Any) -> None:
        self._list = SessionList(redis, **options)

    async def append(self, key: Any, entries: list[Any]) -> None:
        """Appends entries; one whose uuid is there already is left out."""
        ids = [entry.get("uuid", "") for entry in entries]
        await asyncio.to_thread(lambda: self._list.append(_name(key), entries, ids=ids))

    async def load(self, key: Any) -> list[Any] | None:
        """The entries in order; None if there are none."""
        return await asyncio.to_thread(self._list.items, _name(key)) or None

    async def list_sessions(self, project_key: str) -> list[dict[str, Any]]:
        """The sessions of a project, with the time of the last change, ms."""
        return [{"session_id": name[2], "mtime": at} for name, at in await self._main(project_key)]

    async def list_session_summaries(self, project_key: str) -> list[Any]:
        """Summaries as the SDK folds them, made from the transcripts."""
        return [await asyncio.to_thread(self._summary, name, at) for name, at in await self._main(project_key)]

    async def delete(self, key: Any) -> None:
        """Removes a transcript; a session's main one with those of its subagents."""
        doomed = [_name(key)] if key.get("subpath") else [_name(key), *await self._sub(key)]
        for name in doomed:
            await asyncio.to_thread(self._list.delete, name)

    async def list_subkeys(self, key: Any) -> list[str]:
        """The subpaths of a session that have entries."""
        return [name[3] for name in await self._sub(key)]

    async def recall(self, key: Any, query: str, *, k: int = 5) -> list[Any]:
        """The entries of a transcript that say what is nearest to a question."""
        return await asyncio.to_thread(lambda: self._list.recall(_name(key), query, _text, k=k))

    async def _main(self, project: str) -> list[tuple[Name, int]]:
        found = await asyncio.to_thread(self._list.changed, (_KIND, project))
        return [(name, at) for name, at in found.items() if len(name) == 3]

    async def _sub(self, key: Any) -> list[Name]:
        found = await asyncio.to_thread(self._list.changed, (_KIND, key["project_key"], key["session_id"]))
        return [name for name in found if len(name) == 4]

    def _summary(self, name: Name, at: int) -> Any:
        key: Any = {"project_key": name[1], "session_id": name[2]}
        folded = claude_agent_sdk.fold_session_summary(None, key, self._list.items(name))
        return {**folded, "mtime": at}


def _name(key: Any) -> Name:
    subpath = key.get("subpath")
    return (_KIND, key["project_key"], key["session_id"], *([subpath] if subpath else []))


def _text(entry: Item) -> str:
    """What an entry says: its message's text, or that of its blocks."""
    content = (entry.get("message") or {}).get("content", "") if isinstance(entry.get("message"), dict) else ""
    if isinstance(content, str):
        return content
    return "\n".join(
        block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)
    )
