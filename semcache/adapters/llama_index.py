"""LlamaIndex: chat histories in Redis, and a user's memory as a block. Needs `pip install 'semcache[llama-index]'`."""

from __future__ import annotations

from functools import partial
from typing import Any

from semcache.adapters.sessions import Item, Name, SessionList
from semcache.cache.computing.bridge import in_thread
from semcache.errors import MissingExtra
from semcache.memory import AgentMemory

try:
    from llama_index.core.llms import ChatMessage
    from llama_index.core.memory import BaseMemoryBlock
    from llama_index.core.storage.chat_store import BaseChatStore
    from pydantic import PrivateAttr
except ImportError as error:
    raise MissingExtra("llama-index", "semcache.adapters.llama_index") from error

_KIND = "llama-index"
_WITHOUT_SESSION = "llama-index"


class ChatStore(BaseChatStore):
    """`ChatMemoryBuffer.from_defaults(chat_store=ChatStore(redis))`; options as `SessionList`: user, ttl, sealer ..."""

    _list: SessionList = PrivateAttr()

    def __init__(self, redis: Any, **options: Any) -> None:
        super().__init__()
        self._list = SessionList(redis, **options)

    @classmethod
    def class_name(cls) -> str:
        return "SemcacheChatStore"

    def set_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """Puts messages in place of all of a key's."""
        self._list.replace(_name(key), [_item(message) for message in messages])

    def get_messages(self, key: str) -> list[ChatMessage]:
        """The messages in order."""
        return [_message(item) for item in self._list.items(_name(key))]

    def add_message(self, key: str, message: ChatMessage) -> None:
        """Appends a message."""
        self._list.append(_name(key), [_item(message)])

    def delete_messages(self, key: str) -> list[ChatMessage] | None:
        """Removes the messages of a key and returns them; None if there were none."""
        before = self.get_messages(key)
        self._list.delete(_name(key))
        return before or None

    def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Removes the message at an index and returns it; None if there is none."""
        item = self._list.remove_at(_name(key), idx)
        return None if item is None else _message(item)

    def delete_last_message(self, key: str) -> ChatMessage | None:
        """Removes the last message and returns it; None if there is none."""
        item = self._list.pop(_name(key))
        return None if item is None else _message(item)

    def get_keys(self) -> list[str]:
        """The keys that have messages."""
        return [name[1] for name in self._list.changed((_KIND,))]

    def recall(self, key: str, query: str, *, k: int = 5) -> list[ChatMessage]:
        """The messages of a key that say what is nearest to a question."""
        return [_message(item) for item in self._list.recall(_name(key), query, _text, k=k)]


class MemoryBlock(BaseMemoryBlock[str]):
    """`Memory.from_defaults(memory_blocks=[MemoryBlock(memory=memory)])`.

    What leaves the short-term memory is remembered for the memory's user; what they said before is recalled by the last
    message.
    """

    name: str = "what the user has said before"
    memory: AgentMemory
    k: int = 5

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: Any) -> str:
        asked = next((text for message in reversed(messages or []) if (text := _said(message)).strip()), "")
        if not asked:
            return ""
        found = await in_thread(partial(self.memory.recall, asked, k=self.k))
        return "\n".join(f"- {each.turn.text}" for each in found)

    async def _aput(self, messages: list[ChatMessage]) -> None:
        for message in messages:
            if (text := _said(message)).strip():
                session = str(message.additional_kwargs.get("session_id") or _WITHOUT_SESSION)
                await in_thread(partial(self.memory.append, session, str(message.role.value), text))

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """Without its last lines, which matter least; a token is taken to be some four characters."""
        lines = content.split("\n")
        while lines and tokens_to_truncate > 0:
            tokens_to_truncate -= max(1, len(lines.pop()) // _CHARACTERS_OF_TOKEN)
        return "\n".join(lines) or None


_CHARACTERS_OF_TOKEN = 4


def _name(key: str) -> Name:
    return (_KIND, key)


def _item(message: ChatMessage) -> Item:
    item: Item = message.model_dump(mode="json")
    return item


def _message(item: Item) -> ChatMessage:
    return ChatMessage.model_validate(item)


def _said(message: ChatMessage) -> str:
    return str(message.content or "")


def _text(item: Item) -> str:
    return _said(_message(item))
