"""What adapters and the server keep for a user beside the memory: an erasure removes it too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.connect import guarded


def note_served(redis: Redis, namespace: str, user: str, key: str, *, now: float, ttl_s: float | None) -> None:
    """Notes the key of an answer for one user alone, before it is written; `ttl_s`: the most that any of them lives."""
    mine = keys.USER_SERVED.build(namespace=namespace, user=user)
    redis.zadd(mine, {key: math.inf if ttl_s is None else now + ttl_s})
    if ttl_s is not None:
        redis.zremrangebyscore(mine, "-inf", now)
        redis.expire(mine, math.ceil(ttl_s))


def is_noted(redis: Redis, namespace: str, user: str, key: str) -> bool:
    """Whether no erasure has come in between."""
    return redis.zscore(keys.USER_SERVED.build(namespace=namespace, user=user), key) is not None


def erase_adopted(redis: Redis, namespace: str, user: str) -> dict[str, int]:
    """Removes all that is kept for a user beside the memory: how many of what, if any."""
    own = {"namespace": namespace, "user": user}

    def thread(name: str) -> list[str]:
        return [kind.build(namespace=namespace, thread=name) for kind in keys.GRAPH_THREAD]

    def session(name: str) -> list[str]:
        return [kind.build(**own, session=name) for kind in (keys.SESSION_ITEMS, keys.SESSION_ITEM_IDS)]

    everyones = keys.GRAPH_THREADS.build(namespace=namespace)
    erased = {
        "graph threads": _erase(redis, thread, keys.USER_THREADS.build(**own), everyones),
        "agent sessions": _erase(redis, session, keys.ITEM_SESSIONS.build(**own)),
        "served answers": _erase(redis, lambda key: [key], keys.USER_SERVED.build(**own)),
    }
    return {what: count for what, count in erased.items() if count}


def _erase(redis: Redis, keys_of: Callable[[str], list[str]], mine: str, *others: str) -> int:
    """Removes what a user's list names, from other lists too; how much of it was there.

    The keys go before their name does, so that an erasure that was interrupted can be done again; and once more after
    it, because whoever wrote them meanwhile looks whether the name is still there.
    """
    erased = 0
    with guarded():
        names: Any = redis.zrange(mine, 0, -1)
        for name in names:
            named = keys_of(name.decode())
            removed = int(redis.unlink(*named))
            for listed in (mine, *others):
                redis.zrem(listed, name)
            erased += bool(removed + int(redis.unlink(*named)))
    return erased
