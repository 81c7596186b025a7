"""A memory as it is looked through: how much is in it, and its turns and sessions page by page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import Turn
from semcache.memory.writing.sessions import SessionInfo, list_sessions
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class MemorySize:
    """How many turns, sessions and pins; `first`: time of the first turn, s, 0 if there is none."""

    turns: int = 0
    sessions: int = 0
    pinned: int = 0
    first: float = 0.0


class Listing:
    """One user's memory, for pages. However much is in it, a call reads no more than what is shown."""

    def __init__(self, redis: Redis, user: UserKeys, sealer: Sealer) -> None:
        self._redis = redis
        self._user = user
        self._sealer = sealer

    @guarded()
    def size(self) -> MemorySize:
        """What there is; one round trip."""
        chronology = self._user.of(keys.CHRONOLOGY)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.zcard(chronology)
            pipe.zcard(self._user.of(keys.SESSIONS))
            pipe.scard(self._user.of(keys.PINNED))
            pipe.zrange(chronology, 0, 0, withscores=True)
            turns, sessions, pinned, first = pipe.execute()
        return MemorySize(turns, sessions, pinned, first[0][1] if first else 0.0)

    def read(self, ids: Iterable[str]) -> list[Turn]:
        """The turns with these ids that are still there."""
        found = read_turns(self._redis, [(self._user, id) for id in ids], sealer=self._sealer)
        return [turn for turn in found if turn]

    def turns(self, session: str, *, offset: int = 0, most: int = 50) -> list[Turn]:
        """Some turns of a session, in order of time."""
        with guarded():
            found: Any = self._redis.zrange(self._user.session(session), offset, offset + most - 1)
        return self.read(id.decode() for id in found)

    def sessions(self, *, offset: int = 0, most: int = 50) -> list[SessionInfo]:
        """Some sessions, the latest first."""
        return list_sessions(self._redis, self._user, offset=offset, most=most, sealer=self._sealer)

    @guarded()
    def lengths(self, sessions: Sequence[str]) -> list[int]:
        """How many turns each session has."""
        with self._redis.pipeline(transaction=False) as pipe:
            for session in sessions:
                pipe.zcard(self._user.session(session))
            return cast(list[int], pipe.execute())

    @guarded()
    def times(self, ids: Sequence[str]) -> dict[str, float]:
        """When the turns with these ids were said, s; those that are gone are left out."""
        found: Any = self._redis.zmscore(self._user.of(keys.CHRONOLOGY), list(ids)) if ids else []
        return {id: at for id, at in zip(ids, found, strict=True) if at is not None and math.isfinite(at)}
