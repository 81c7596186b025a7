"""A user's sessions as a list shows them, the names they were given, and deleting one that is still under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import cast

from redis import Redis

from semcache.errors import InvalidInput
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns, read_window_form
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

MAX_NAME_CHARS = 200
_OPENING = 2  # the first turns of a session: one of them is the user's, and says what it is about


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session in a list. `title`: its name, else what its user said first; `last`: time of its last turn, s."""

    id: str
    title: str
    last: float


def list_sessions(
    redis: Redis, user: UserKeys, *, most: int, offset: int = 0, also: Iterable[str] = (), sealer: Sealer
) -> list[SessionInfo]:
    """The sessions of a user, the latest first; before them those of `also` of which no turn is in memory yet."""
    key, last_one = user.of(keys.SESSIONS), offset + most - 1
    with guarded():
        found = cast(list[tuple[bytes, float]], redis.zrange(key, offset, last_one, desc=True, withscores=True))
    last = dict.fromkeys(also, 0.0) | {session.decode(): at for session, at in found}
    if not last:
        return []
    with guarded(), redis.pipeline(transaction=False) as pipe:
        pipe.hmget(user.of(keys.SESSION_NAMES), list(last))
        for session in last:
            pipe.zrange(user.session(session), 0, _OPENING - 1)
        names, *openings = pipe.execute()
    turns = read_turns(redis, [(user, id.decode()) for ids in openings for id in ids], sealer=sealer)
    first = {turn.session: turn.text for turn in reversed(turns) if turn and turn.role == "user"}
    key = user.of(keys.SESSION_NAMES)
    given = {s: sealer.open(n.decode(), name_place(key, s)) for s, n in zip(last, names, strict=True) if n}
    listed = [SessionInfo(session, given.get(session) or first.get(session, ""), at) for session, at in last.items()]
    return sorted(listed, key=lambda session: -(session.last or inf))


def session_names(redis: Redis, user: UserKeys, *, sealer: Sealer) -> dict[str, str]:
    """The names that were given, by session."""
    key = user.of(keys.SESSION_NAMES)
    with guarded():
        found = cast(dict[bytes, bytes], redis.hgetall(key))
    named = {session.decode(): name.decode() for session, name in sorted(found.items())}
    return {session: sealer.open(name, name_place(key, session)) for session, name in named.items()}


def name_session(redis: Redis, user: UserKeys, session: str, name: str, *, sealer: Sealer) -> None:
    """Gives a session a name; an empty one takes it away.

    Raises:
        InvalidInput: it is too long.
    """
    key, plain = user.of(keys.SESSION_NAMES), check_name(name)
    with guarded():
        if plain:
            redis.hset(key, session, sealer.seal(plain, name_place(key, session)))
        else:
            redis.hdel(key, session)


def name_unnamed(redis: Redis, user: UserKeys, names: Mapping[str, str], *, sealer: Sealer) -> None:
    """Gives names to those of the sessions that have turns and no name yet."""
    key = user.of(keys.SESSION_NAMES)
    if not names:
        return
    with guarded():
        there = redis.zmscore(user.of(keys.SESSIONS), list(names))
        for (session, name), last in zip(names.items(), there, strict=True):
            plain = check_name(name)
            if last is not None and plain:
                redis.hsetnx(key, session, sealer.seal(plain, name_place(key, session)))


def check_name(name: str) -> str:
    """The name in one line; raises InvalidInput if it is too long."""
    plain = " ".join(name.split())
    if len(plain) > MAX_NAME_CHARS:
        raise InvalidInput(f"a name has at most {MAX_NAME_CHARS} characters, not {len(plain)}")
    return plain


def refuse_window(redis: Redis, user: UserKeys, session: str) -> None:
    """Empties a session's window; what of it has not reached long-term memory is refused when it comes."""
    window = user.window(session)
    with guarded():
        forms = cast(list[bytes], redis.zrange(window, 0, -1))
    turns = [read_window_form(form, session) for form in forms]
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for turn in turns:
            pipe.exists(user.turn(turn.id))
        arrived = pipe.execute()
    coming = {turn.id: turn.at for turn, there in zip(turns, arrived, strict=True) if not there}
    with guarded(), redis.pipeline(transaction=True) as pipe:
        if coming:
            pipe.zadd(user.of(keys.FORGOTTEN), coming)
        if forms:
            pipe.zrem(window, *forms)
        pipe.hdel(user.of(keys.SESSION_NAMES), session)
        pipe.execute()


def name_place(key: str, session: str) -> str:
    """Where a sealed name belongs."""
    return f"{key}#{keys.escape(session)}"
