"""What adapters of other frameworks keep for a user beside the memory: an erasure removes it too."""

from __future__ import annotations

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


def erase_adopted(redis: Redis, namespace: str, user: str) -> dict[str, int]:
    """Removes all that adapters keep for a user: how many of what, if any."""
    erased = {
        "graph threads": erase_threads(redis, namespace, user),
        "agent sessions": erase_sessions(redis, namespace, user),
    }
    return {what: count for what, count in erased.items() if count}
