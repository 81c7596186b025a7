"""Chat history: the messages of a session, whole, in a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import redis
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict

from semcache.inputs import check_id, count
from semcache.store import keys
from semcache.store.connect import client_of, guarded
from semcache.text.tokens import stems


class RedisChatMessageHistory(BaseChatMessageHistory):
    """The messages of one session, with calls of tools, ids and usage. Arguments as in langchain_redis; `ttl` seconds.

    Raises:
        InvalidInput: the session id is empty.
    """

    def __init__(
        self,
        session_id: str,
        redis_url: str = "redis://localhost:6379",
        key_prefix: str = "chat:",
        ttl: int | None = None,
        index_name: str = "",
        redis_client: redis.Redis | None = None,
        overwrite_index: bool = False,
    ) -> None:
        self._session = check_id("session_id", session_id)
        self._redis = redis_client if redis_client is not None else client_of(redis_url)
        self._key = keys.CHAT_MESSAGES.build(prefix=key_prefix, session=session_id)
        self._ttl = None if ttl is None else count("ttl", ttl)

    @property
    def id(self) -> str:
        """The session's id."""
        return self._session

    @property
    @guarded()
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        """All messages, oldest first."""
        found: Any = self._redis.lrange(self._key, 0, -1)
        return messages_from_dict([json.loads(line) for line in found])

    def add_message(self, message: BaseMessage) -> None:
        """Appends a message."""
        self.add_messages([message])

    @guarded()
    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Appends messages, all or none."""
        lines = [json.dumps(message_to_dict(message)) for message in messages]
        if not lines:
            return
        with self._redis.pipeline(transaction=True) as batch:
            batch.rpush(self._key, *lines)
            if self._ttl is not None:
                batch.expire(self._key, self._ttl)
            batch.execute()

    @guarded()
    def clear(self) -> None:
        """Removes the messages of this session."""
        self._redis.delete(self._key)

    def delete(self) -> None:
        """Removes the messages of this session: nothing else is kept."""
        self.clear()

    def search_messages(self, query: str, limit: int = 10) -> list[dict[str, Any]]:
        """The data of messages with most of the query's words, at most `limit`, best first."""
        asked = set(stems(query))
        scored = [(len(asked & set(stems(str(message.text)))), message) for message in self.messages]
        found = sorted(((n, message) for n, message in scored if n), key=lambda one: -one[0])
        return [message_to_dict(message)["data"] for _, message in found[: count("limit", limit)]]

    @guarded()
    def __len__(self) -> int:
        length: Any = self._redis.llen(self._key)
        return int(length)
