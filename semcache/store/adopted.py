"""What adapters and the server keep for a user beside the memory: an erasure removes it too."""

from __future__ import annotations

import math
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.connect import guarded


def erase_threads(redis: Redis, namespace: str, user: str) -> int:
    """Removes the LangGraph threads of a user; how many there were."""
    mine = keys.USER_THREADS.build(namespace=namespace, user=user)
    everyones = keys.GRAPH_THREADS.build(namespace=namespace)
    erased = 0
    with guarded():
        threads: Any = redis.zrange(mine, 0, -1)
        for thread in threads:
            names = [kind.build(namespace=namespace, thread=thread.decode()) for kind in keys.GRAPH_THREAD]
            erased += bool(redis.delete(*names))
            redis.zrem(everyones, thread)
            redis.zrem(mine, thread)
    return erased


def erase_sessions(redis: Redis, namespace: str, user: str) -> int:
    """Removes the sessions that agents keep for a user; how many there were."""
    mine = keys.ITEM_SESSIONS.build(namespace=namespace, user=user)
    erased = 0
    with guarded():
        sessions: Any = redis.zrange(mine, 0, -1)
        for session in sessions:
            names = [
                kind.build(namespace=namespace, user=user, session=session.decode())
                for kind in (keys.SESSION_ITEMS, keys.SESSION_ITEM_IDS)
            ]
            erased += bool(redis.delete(*names))
            redis.zrem(mine, session)
    return erased


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


def erase_served(redis: Redis, namespace: str, user: str) -> int:
    """Removes the answers and responses that the server keeps for a user alone; how many there were."""
    mine = keys.USER_SERVED.build(namespace=namespace, user=user)
    erased = 0
    with guarded():
        served: Any = redis.zrange(mine, 0, -1)
        for key in served:
            redis.zrem(mine, key)  # first: who writes it at this moment looks whether it is still noted
            erased += int(redis.unlink(key))
    return erased


def erase_adopted(redis: Redis, namespace: str, user: str) -> dict[str, int]:
    """Removes all that is kept for a user beside the memory: how many of what, if any."""
    erased = {
        "graph threads": erase_threads(redis, namespace, user),
        "agent sessions": erase_sessions(redis, namespace, user),
        "served answers": erase_served(redis, namespace, user),
    }
    return {what: count for what, count in erased.items() if count}
