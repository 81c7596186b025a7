"""Sessions of agents: JSON items in order, kept in Redis for whatever framework; what its adapters have in common."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import redis

from semcache.embed import Embedder, default_embedder
from semcache.inputs import check_id, duration
from semcache.store import keys
from semcache.store.connect import client_of, guarded
from semcache.store.keys import escape, unescape
from semcache.store.lua import script
from semcache.store.sealing import UNSEALED, Sealer

Item = dict[str, Any]
Name = tuple[str, ...]

_MOST_RECALLED = 500


class SessionList:
    """The sessions of a user, or, without one, of nobody in particular.

    Items are sealed if there is a sealer. With `ttl`, s, a session ends that long after its last item. The erasure
    of the user's memory in the namespace removes the sessions too.
    """

    def __init__(
        self,
        redis: redis.Redis | str,
        *,
        user: str = "",
        namespace: str = "default",
        ttl: float | None = None,
        sealer: Sealer = UNSEALED,
        embedder: Embedder | None = None,
    ) -> None:
        self._redis = client_of(redis)
        self._user = check_id("user", user) if user else ""
        self._namespace = check_id("namespace", namespace)
        self._ttl_ms: int | str = "" if ttl is None else round(duration("ttl", ttl) * 1000)
        self._sealer = sealer
        self._embedder = embedder
        self._sessions = keys.ITEM_SESSIONS.build(namespace=namespace, user=self._user)

    def append(self, name: Name, items: Sequence[Item], *, ids: Sequence[str] | None = None) -> None:
        """Appends items in one step; one whose id (not '') is there already is left out."""
        if not items:
            return
        forms = [self._form(name, item) for item in items]
        parts = [part for pair in zip(ids or [""] * len(forms), forms, strict=True) for part in pair]
        with guarded():
            script("items_append")(
                self._redis, keys=[*self._keys(name), self._sessions], args=[_joined(name), self._ttl_ms, *parts]
            )

    def items(self, name: Name, *, newest: int | None = None) -> list[Item]:
        """The items in order, all or the newest ones; empty if there is no such session."""
        if newest is not None and newest <= 0:
            return []
        with guarded():
            found: Any = self._redis.lrange(self._keys(name)[0], 0 if newest is None else -newest, -1)
        return [self._item(name, form) for form in found]

    def pop(self, name: Name) -> Item | None:
        """Removes the last item and returns it."""
        with guarded():
            form: Any = self._redis.rpop(self._keys(name)[0])
        return None if form is None else self._item(name, form)

    def remove(self, name: Name, wanted: Callable[[Item], bool]) -> bool:
        """Removes the last item that is wanted; False if there is none."""
        key = self._keys(name)[0]
        with guarded():
            forms: Any = self._redis.lrange(key, 0, -1)
            last = next((form for form in reversed(forms) if wanted(self._item(name, form))), None)
            return last is not None and bool(self._redis.lrem(key, -1, last))

    def remove_at(self, name: Name, index: int) -> Item | None:
        """Removes the item at an index, from the end if it is negative, and returns it; None if there is none."""
        with guarded():
            form: Any = script("items_remove")(
                self._redis, keys=self._keys(name)[:1], args=[index, secrets.token_hex(16)]
            )
        return None if form is None else self._item(name, form)

    def replace(self, name: Name, items: Sequence[Item]) -> None:
        """Puts items in place of all of a session's, in one step."""
        with guarded(), self._redis.pipeline() as pipe:
            pipe.delete(*self._keys(name))
            if items:
                parts = [part for item in items for part in ("", self._form(name, item))]
                arguments = [_joined(name), self._ttl_ms, *parts]
                script("items_append")(pipe, keys=[*self._keys(name), self._sessions], args=arguments)
            else:
                pipe.zrem(self._sessions, _joined(name))
            pipe.execute()

    def delete(self, name: Name) -> None:
        """Removes a session."""
        self.replace(name, [])

    def changed(self, prefix: Name = ()) -> dict[Name, int]:
        """The sessions whose names begin so, each with the time of its last change, ms; what has expired leaves."""
        with guarded():
            rows: Any = self._redis.zrange(self._sessions, 0, -1, withscores=True)
        times = {_split(member): int(at) for member, at in rows}
        wanted = [name for name in times if name[: len(prefix)] == prefix]
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for name in wanted:
                pipe.exists(self._keys(name)[0])
            there = pipe.execute()
            for name in (name for name, exists in zip(wanted, there, strict=True) if not exists):
                pipe.zrem(self._sessions, _joined(name))
            pipe.execute()
        return {name: times[name] for name, exists in zip(wanted, there, strict=True) if exists}

    def recall(self, name: Name, query: str, text_of: Callable[[Item], str], *, k: int = 5) -> list[Item]:
        """The `k` of a session's newest 500 items whose texts are nearest to a question, best first.

        No vectors are kept: texts are embedded when they are asked about, once in a process.
        """
        told = [(item, text) for item in self.items(name, newest=_MOST_RECALLED) if (text := text_of(item)).strip()]
        if not told or not query.strip():
            return []
        embedder = self._embedder or default_embedder()
        vectors = embedder.embed([text for _, text in told], kind="passage")
        cosines = vectors @ embedder.embed([query], kind="query")[0]
        return [told[at][0] for at in np.argsort(-cosines, kind="stable")[:k]]

    def _keys(self, name: Name) -> list[str]:
        parts = {"namespace": self._namespace, "user": self._user, "session": _joined(name)}
        return [kind.build(**parts) for kind in (keys.SESSION_ITEMS, keys.SESSION_ITEM_IDS)]

    def _form(self, name: Name, item: Item) -> str:
        return self._sealer.seal(json.dumps(item), f"{self._keys(name)[0]}#item")

    def _item(self, name: Name, form: bytes) -> Item:
        item: Item = json.loads(self._sealer.open(form.decode(), f"{self._keys(name)[0]}#item"))
        return item


def _joined(name: Name) -> str:
    return "/".join(map(escape, name))


def _split(member: bytes) -> Name:
    return tuple(map(unescape, member.decode().split("/")))
