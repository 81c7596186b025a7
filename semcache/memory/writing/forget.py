"""Forgetting: turns leave with everything that was derived from them, one atomic step each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from redis import Redis

from semcache.memory.stored.layout import UserKeys
from semcache.memory.types import Turn
from semcache.memory.writing.settle import Place
from semcache.store import keys
from semcache.store.adopted import erase_adopted
from semcache.store.connect import guarded
from semcache.store.lua import script

_BATCH = 500

Derived = Callable[[str, float], Mapping[str, int]]
"""Erases what was derived from a user's memory elsewhere: (user, up to this time, s) -> how much of what."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The turns that were forgotten, or would be; and the pinned ones among those asked for, which stay."""

    turns: tuple[Turn, ...]
    pinned: tuple[Turn, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure removed. Events of the user up to `at`, s, are refused from now on."""

    namespace: str
    user: str
    at: float
    turns: int
    window_turns: int
    derived: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Everything that was removed; 0 if nothing was found."""
        return self.turns + self.window_turns + sum(self.derived.values())


def forget_turns(
    redis: Redis, user: UserKeys, ids: Iterable[str], *, refuse_replay: bool = True, pinned_too: bool = False
) -> tuple[set[str], set[Place]]:
    """Removes turns; the ids of those removed, and the places of turns whose previous turn is now another one.

    With `refuse_replay` the same events are refused when they come again.
    """
    removed: set[str] = set()
    followers: set[Place] = set()
    for batch in _batches(ids):
        with guarded(), redis.pipeline(transaction=False) as pipe:
            for id in batch:
                arguments = [id, user.prefix, int(refuse_replay), int(pinned_too)]
                script("memory_forget")(pipe, keys=_names(user, id), args=arguments)
            replies = pipe.execute()
        for id, (state, session, after) in zip(batch, replies, strict=True):
            if state == 1:
                removed.add(id)
                followers |= {Place(user, session.decode(), after.decode())} if after else set()
    return removed, {place for place in followers if place.turn not in removed}


def pin(redis: Redis, user: UserKeys, ids: Iterable[str]) -> set[str]:
    """Pins those of the turns that exist; their ids."""
    wanted = list(ids)
    with guarded():
        return {
            id for id in wanted if script("memory_pin")(redis, keys=[user.turn(id), user.of(keys.PINNED)], args=[id])
        }


def unpin(redis: Redis, user: UserKeys, ids: Iterable[str]) -> None:
    """Takes the pins off."""
    wanted = list(ids)
    if wanted:
        with guarded():
            redis.srem(user.of(keys.PINNED), *wanted)


def pinned(redis: Redis, user: UserKeys) -> set[str]:
    """Ids of the pinned turns."""
    with guarded():
        return {id.decode() for id in cast(set[bytes], redis.smembers(user.of(keys.PINNED)))}


def ids_between(redis: Redis, user: UserKeys, *, session: str | None, since: float, until: float) -> list[str]:
    """Ids of the turns of a session, or of all, with a time in [since, until], in order of time."""
    key = user.of(keys.CHRONOLOGY) if session is None else user.session(session)
    with guarded():
        found = cast(list[bytes], redis.zrangebyscore(key, since, until))
    return [id.decode() for id in found]


def over_capacity(redis: Redis, user: UserKeys, most: int) -> list[str]:
    """Ids of the turns to evict so that `most` remain: the oldest that are not pinned."""
    with guarded():
        excess = int(redis.zcard(user.of(keys.CHRONOLOGY))) - most
        if excess <= 0:
            return []
        kept = pinned(redis, user)
        oldest = cast(list[bytes], redis.zrange(user.of(keys.CHRONOLOGY), 0, excess + len(kept) - 1))
    return [id.decode() for id in oldest if id.decode() not in kept][:excess]


def too_old(redis: Redis, user: UserKeys, before: float) -> list[str]:
    """Ids of the turns from before a time, s, that are not pinned, oldest first."""
    kept = pinned(redis, user)
    with guarded():
        old = cast(list[bytes], redis.zrange(user.of(keys.CHRONOLOGY), "-inf", f"({before!r}", byscore=True))
    return [id.decode() for id in old if id.decode() not in kept]


def erase(redis: Redis, user: UserKeys, *, at: float, derived: Sequence[Derived] = ()) -> tuple[Receipt, set[Place]]:
    """Removes all of a user's memory up to a time, and refuses the user's older events from now on.

    The refusal comes first: killed at any point, nothing comes back, and the same call again does the rest. Turns that
    are newer than `at` stay; the places whose previous turn was removed come with the receipt.
    """
    with guarded():
        at = float(script("memory_bury")(redis, keys=[user.of(keys.ERASED)], args=[repr(at)]))
    turns, followers = forget_turns(
        redis,
        user,
        ids_between(redis, user, session=None, since=float("-inf"), until=at),
        refuse_replay=False,
        pinned_too=True,
    )
    window_turns = _empty_windows(redis, user, at)
    with guarded():
        redis.zremrangebyscore(user.of(keys.FORGOTTEN), "-inf", at)
        redis.delete(user.of(keys.SESSION_NAMES))
        if not redis.exists(user.of(keys.CHRONOLOGY)):
            redis.delete(user.of(keys.SESSION_LENGTHS))  # of an earlier version
    counts = erase_adopted(redis, user.namespace, user.user)
    for remove in derived:
        for what, count in remove(user.user, at).items():
            counts[what] = counts.get(what, 0) + count
    return Receipt(user.namespace, user.user, at, len(turns), window_turns, counts), followers


def _empty_windows(redis: Redis, user: UserKeys, at: float) -> int:
    """Windows hold turns that may not have reached long-term memory; there is no list of them but the keys."""
    removed = 0
    with guarded():
        for window in redis.scan_iter(match=f"{user.prefix}window:*", count=1_000):
            removed += redis.zremrangebyscore(window, "-inf", at)
    return removed


def _names(user: UserKeys, id: str) -> list[str]:
    kinds = (keys.CHRONOLOGY, keys.SESSIONS, keys.PINNED, keys.FORGOTTEN, keys.TURN_MODELS)
    return [user.turn(id), *map(user.of, kinds)]


def _batches(ids: Iterable[str]) -> Iterator[list[Any]]:
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch
