"""redisvl's message histories: the messages of sessions in lists, and, for the semantic one, their vectors."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import redis
from redisvl.extensions.message_history import BaseMessageHistory
from redisvl.extensions.message_history.schema import ChatMessage
from redisvl.utils.vectorize import BaseVectorizer

from semcache.adapters.redisvl.opening import check_schema, opened
from semcache.adapters.redisvl.vectorizers import vectorizer_of
from semcache.adapters.sessions import Item, SessionList
from semcache.errors import InvalidInput
from semcache.store.records import Records

Messages = list[dict[str, Any]]
Roles = str | list[str] | None

_SHOWN = ("role", "content", "tool_call_id", "metadata")


class MessageHistory(BaseMessageHistory):
    """redisvl's MessageHistory: the same arguments, methods and dicts. The messages of a session are one list.

    `ttl`: a session ends so many seconds after its last message.

    Raises:
        RedisUnavailable: Redis does not answer; as every method.
    """

    def __init__(
        self,
        name: str,
        session_tag: str | None = None,
        prefix: str | None = None,
        redis_client: redis.Redis | None = None,
        redis_url: str = "redis://localhost:6379",
        connection_kwargs: dict[str, Any] | None = None,
        create_index: bool = True,
        *,
        ttl: float | None = None,
    ) -> None:
        super().__init__(name, session_tag)
        self._redis = opened(redis_client, redis_url, connection_kwargs)
        self._create_index = create_index
        self._sessions = SessionList(self._redis, namespace=f"redisvl:{prefix or name}", ttl=ttl)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self._name!r}, session_tag={self._session_tag!r})"

    @property
    def messages(self) -> Messages:
        """All messages of the session, oldest first."""
        return _shown(self._stored(None))

    def get_recent(
        self,
        top_k: int = 5,
        as_text: bool = False,
        raw: bool = False,
        session_tag: str | None = None,
        role: Roles = None,
    ) -> list[Any]:
        """The last `top_k` messages in order: dicts, texts, or, `raw`, all that is stored.

        Raises:
            ValueError: `top_k` is no whole number, or below 0; there is no such role.
        """
        count, roles = _checked(top_k), self._validate_roles(role)
        wanted = [item for item in self._stored(session_tag) if roles is None or item["role"] in roles]
        return _form(wanted[len(wanted) - min(count, len(wanted)) :], as_text, raw)

    def store(self, prompt: str, response: str, session_tag: str | None = None) -> None:
        """Appends a prompt and its response."""
        self.add_messages([{"role": "user", "content": prompt}, {"role": "llm", "content": response}], session_tag)

    def add_message(self, message: Mapping[str, Any], session_tag: str | None = None) -> None:
        """Appends a message: `role`, `content`, and, if there are, `tool_call_id` and `metadata`."""
        self.add_messages([message], session_tag)

    def add_messages(self, messages: Sequence[Mapping[str, Any]], session_tag: str | None = None) -> None:
        """Appends messages, all or none."""
        session = session_tag or self._session_tag
        items = [_item(message, session) for message in messages]
        self._sessions.append((session,), items, ids=[item["entry_id"] for item in items])

    def count(self, session_tag: str | None = None) -> int:
        """How many messages the session has."""
        return len(self._stored(session_tag))

    def drop(self, id: str | None = None) -> None:
        """Removes the message with this `entry_id`, or the last one."""
        self._sessions.remove((self._session_of(id),), lambda item: id is None or item["entry_id"] == id)

    def clear(self) -> None:
        """Removes the messages of all sessions of this name."""
        for name in self._sessions.changed():
            self._sessions.delete(name)

    def delete(self) -> None:
        """Removes all there is; raises ValueError with `create_index=False`."""
        if not self._create_index:
            raise InvalidInput("with create_index=False it is not this object's to delete: clear() empties it")
        self.clear()

    def _stored(self, session_tag: str | None) -> list[Item]:
        return self._sessions.items((session_tag or self._session_tag,))

    def _session_of(self, id: str | None) -> str:
        """An id begins with the tag of its session, and ends with its time and a random part."""
        return id.rsplit(":", 2)[0] if id is not None else self._session_tag


class SemanticMessageHistory(MessageHistory):
    """redisvl's SemanticMessageHistory: `get_relevant` finds messages by meaning, within a cosine distance of 0..2."""

    def __init__(
        self,
        name: str,
        session_tag: str | None = None,
        prefix: str | None = None,
        vectorizer: BaseVectorizer | None = None,
        distance_threshold: float = 0.3,
        redis_client: redis.Redis | None = None,
        redis_url: str = "redis://localhost:6379",
        connection_kwargs: dict[str, Any] | None = None,
        overwrite: bool = False,
        create_index: bool = True,
        *,
        ttl: float | None = None,
        dtype: str | None = None,
    ) -> None:
        if overwrite and not create_index:
            raise InvalidInput("create_index=False leaves what is there alone, and overwrite=True does not: give one")
        super().__init__(name, session_tag, prefix, redis_client, redis_url, connection_kwargs, create_index, ttl=ttl)
        self._vectorizer = vectorizer_of(vectorizer, dtype)
        self._ttl = ttl
        self.set_distance_threshold(distance_threshold)
        self._records = Records(self._redis, "history", prefix or name, dim=self._vectorizer.dims)
        if create_index:
            check_schema(self._records, self._vectorizer, {}, overwrite=overwrite, what=name)

    @property
    def distance_threshold(self) -> float:
        """The cosine distance, 0..2, up to which messages are relevant."""
        return self._distance_threshold

    def set_distance_threshold(self, threshold: float) -> None:
        """Sets the cosine distance, 0..2, up to which messages are relevant."""
        if not 0 <= float(threshold) <= 2:
            raise InvalidInput(f"Distance must be between 0 and 2, got {threshold}")
        self._distance_threshold = float(threshold)

    def add_messages(self, messages: Sequence[Mapping[str, Any]], session_tag: str | None = None) -> None:
        """Appends messages, and keeps a vector of each that has text."""
        session = session_tag or self._session_tag
        items = [_item(message, session) for message in messages]
        texts = [item for item in items if item["content"].strip()]
        vectors = self._vectorizer.embed_many([item["content"] for item in texts]) if texts else []
        for item, vector in zip(texts, vectors, strict=True):
            told = {"session_tag": session, "role": item["role"], "message": json.dumps(item)}
            self._records.put(item["entry_id"], vector, told, ttl_s=self._ttl)
        self._sessions.append((session,), items, ids=[item["entry_id"] for item in items])

    def get_relevant(
        self,
        prompt: str,
        as_text: bool = False,
        top_k: int = 5,
        fall_back: bool = False,
        session_tag: str | None = None,
        raw: bool = False,
        distance_threshold: float | None = None,
        role: Roles = None,
    ) -> list[Any]:
        """The `top_k` messages of the session nearest to a prompt, nearest first; with `fall_back` else the last ones.

        Raises:
            ValueError: `top_k` is no whole number, or below 0; there is no such role.
        """
        count, roles, session = _checked(top_k), self._validate_roles(role), session_tag or self._session_tag
        if not count:
            return []
        near = self._records.near(
            self._vectorizer.embed(prompt),
            distance=self._distance_threshold if distance_threshold is None else distance_threshold,
            count=count,
            wanted=lambda fields: fields["session_tag"] == session and (roles is None or fields["role"] in roles),
        )
        if not near and fall_back:
            return self.get_recent(count, as_text, raw, session, role)
        found = [{**json.loads(one.fields["message"]), "vector_distance": one.distance} for one in near]
        return _form(found, as_text, raw)

    def drop(self, id: str | None = None) -> None:
        """Removes the message with this `entry_id`, or the last one."""
        gone: list[str] = []

        def is_it(item: Item) -> bool:
            if id is None or item["entry_id"] == id:
                gone.append(item["entry_id"])
                return True
            return False

        self._sessions.remove((self._session_of(id),), is_it)
        self._records.drop(gone)

    def clear(self) -> None:
        """Removes the messages of all sessions of this name."""
        super().clear()
        self._records.clear()

    def delete(self) -> None:
        """Removes all there is; raises ValueError with `create_index=False`."""
        super().delete()
        self._records.set_schema(None)


def _item(message: Mapping[str, Any], session: str) -> Item:
    """A message as it is stored, with an id and the time of now; redisvl's own model checks it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # "llm" is what store() itself writes
        checked = ChatMessage(role=message["role"], content=message["content"], session_tag=session)
    item: Item = {name: value for name, value in checked.model_dump(mode="json").items() if value is not None}
    return {**item, **{name: message[name] for name in ("tool_call_id", "metadata") if message.get(name) is not None}}


def _shown(items: Sequence[Item]) -> Messages:
    return [{name: item[name] for name in _SHOWN if name in item} for item in items]


def _form(items: Sequence[Item], as_text: bool, raw: bool) -> list[Any]:
    if raw:
        return list(items)
    return [item["content"] for item in items] if as_text else _shown(items)


def _checked(top_k: object) -> int:
    if type(top_k) is not int or top_k < 0:
        raise InvalidInput("top_k must be an integer greater than or equal to 0")
    return top_k
