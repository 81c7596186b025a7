"""Sessions of the OpenAI Agents SDK in Redis. Needs `pip install 'semcache[openai-agents]'`."""

from __future__ import annotations

import asyncio
from typing import Any

from semcache.adapters.sessions import Item, SessionList
from semcache.errors import MissingExtra
from semcache.inputs import check_id

try:
    from agents.memory import SessionSettings
    from agents.memory.session_settings import resolve_session_limit
except ImportError as error:
    raise MissingExtra("openai-agents", "semcache.adapters.openai_agents") from error


class Session:
    """`Runner.run(agent, text, session=Session("s1", redis))`; options as `SessionList`: user, ttl, sealer ..."""

    def __init__(self, session_id: str, redis: Any, *, session_settings: Any = None, **options: Any) -> None:
        self.session_id = check_id("session_id", session_id)
        self.session_settings = session_settings or SessionSettings()
        self._list = SessionList(redis, **options)
        self._name = ("openai-agents", session_id)

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """The items in order: all, or the newest `limit`, which the settings may give."""
        newest = resolve_session_limit(limit, self.session_settings)
        return await asyncio.to_thread(lambda: self._list.items(self._name, newest=newest))

    async def add_items(self, items: list[Any]) -> None:
        """Appends items, all or none."""
        await asyncio.to_thread(self._list.append, self._name, [dict(item) for item in items])

    async def pop_item(self) -> Any:
        """Removes the newest item and returns it; None if there is none."""
        return await asyncio.to_thread(self._list.pop, self._name)

    async def clear_session(self) -> None:
        """Removes all items."""
        await asyncio.to_thread(self._list.delete, self._name)

    async def recall(self, query: str, *, k: int = 5) -> list[Any]:
        """The items of the session that say what is nearest to a question."""
        return await asyncio.to_thread(lambda: self._list.recall(self._name, query, _text, k=k))


def _text(item: Item) -> str:
    content = item.get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(
        part["text"] for part in content or () if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
