"""Making old memories new: what is derived of a turn (terms, vectors, passages, readings) is written in today's layout.

A turn says which version of the layout it has, and each is replaced by one script: killed at any point, a run leaves
turns of the old and of the new layout, which are both found, and the next run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from redis import Redis

from semcache.embed.protocol import Embedder
from semcache.errors import SealError
from semcache.memory.stored.layout import LAYOUT, UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import NewTurn, State, Turn, turn_id
from semcache.memory.writing.settle import Place, links_of
from semcache.memory.writing.write import TurnWriter
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import UNSEALED, Sealer

_BATCH = 32  # turns that are embedded at once
_PAGE = 1_000
_NAMED = 20  # records named in the outcome, of those that cannot be opened

Advance = Callable[[int], object]


@dataclass(slots=True)
class Reindexed:
    """What a run did, in turns. `kept`: they were new already; `refused`: they cannot be read; `why`: the first errors.

    `removed_keys`: of indexes that earlier versions wrote, and nothing reads.
    """

    changed: int = 0
    kept: int = 0
    refused: int = 0
    removed_keys: int = 0
    why: list[str] = field(default_factory=list)

    def refuse(self, why: str) -> None:
        self.refused += 1
        if len(self.why) < _NAMED:
            self.why.append(why)


def memories(redis: Redis, namespace: str, *, user: str | None = None) -> list[UserKeys]:
    """The memories of a namespace, or the user's alone, in order of their users."""
    if user is not None:
        return [UserKeys(namespace, user)]
    pattern = keys.CHRONOLOGY.build(namespace=namespace, user="\0").replace(keys.escape("\0"), "*")
    kind = len(pattern.partition("*")[0]), len(pattern.partition("*")[2])
    with guarded():
        names = [name.decode() for name in redis.scan_iter(match=pattern, count=_PAGE)]
    return sorted(UserKeys(namespace, keys.unescape(name[kind[0] : -kind[1]])) for name in set(names))


def count_turns(redis: Redis, users: Sequence[UserKeys]) -> int:
    """How many turns these memories have: the length of a run."""
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for user in users:
            pipe.zcard(user.of(keys.CHRONOLOGY))
        return sum(pipe.execute())


def reindex(
    redis: Redis,
    embedder: Embedder,
    users: Sequence[UserKeys],
    *,
    sealer: Sealer = UNSEALED,
    advance: Advance = lambda turns: None,
) -> Reindexed:
    """Makes the turns of these memories new; `advance` is told how many turns are done. Raises what the embedder does.

    Raises:
        RedisUnavailable: run it again.
    """
    done, writer, seen = Reindexed(), TurnWriter(redis, embedder, sealer=sealer), 0
    for user in users:
        with guarded():
            listed = iter(cast(list[bytes], redis.zrange(user.of(keys.CHRONOLOGY), 0, -1)))
        while ids := [id.decode() for id in islice(listed, _BATCH)]:
            old = _old(redis, user, ids)
            done.kept += len(ids) - len(old)
            plan = writer.plan_anew(_stored(redis, user, old, sealer, done))
            states = writer.write(plan, embedder.embed(plan.texts, kind="passage")) if plan.fresh else []
            done.changed += states.count(State.WRITTEN)
            seen += len(ids)
            advance(seen)
    for user in users:
        done.removed_keys += _remove_leftovers(redis, user)
    return done


def _old(redis: Redis, user: UserKeys, ids: Sequence[str]) -> list[str]:
    """Those of the turns that are not of today's layout."""
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for id in ids:
            pipe.hget(user.turn(id), "layout")
        found = pipe.execute()
    return [id for id, layout in zip(ids, found, strict=True) if layout != str(LAYOUT).encode()]


def _stored(
    redis: Redis, user: UserKeys, ids: Sequence[str], sealer: Sealer, done: Reindexed
) -> Iterator[tuple[NewTurn, Turn | None]]:
    """The turns as they would be written today, each with the turn before it."""
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for id in ids:
            pipe.hmget(user.turn(id), "session", "event")
        rows = [[(part or b"").decode() for part in row] for row in pipe.execute()]
    places = [Place(user, session, id) for id, (session, _) in zip(ids, rows, strict=True)]
    links = links_of(redis, places)
    for place, (_, event) in zip(places, rows, strict=True):
        wanted = [(user, id) for id in (place.turn, links[place].before) if id]
        try:
            turn, *before = read_turns(redis, wanted, sealer=sealer)
        except SealError as error:
            done.refuse(str(error))
            continue
        if turn and turn_id(event) != turn.id:
            done.refuse(f"turn {turn.id} of {user.user} does not say which event it is from")
        elif turn:
            new = NewTurn(user.user, turn.session, turn.role, turn.text, turn.at, event, user.namespace, turn.speaker)
            yield new, before[0] if before else None


def _remove_leftovers(redis: Redis, user: UserKeys) -> int:
    """Removes what earlier versions counted by session, the key that `doctor` looks for last; the number of keys."""
    name = user.of(keys.SESSION_STEM, stem="\0").replace(keys.escape("\0"), "*")
    lengths = user.of(keys.SESSION_LENGTHS)
    with guarded():
        if not redis.exists(lengths):
            return 0
        stems = sum(redis.delete(key) for key in redis.scan_iter(match=name, count=_PAGE))
        return stems + int(redis.delete(lengths))
