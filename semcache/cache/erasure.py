"""What leaves the cache when a user is erased: the answers that were kept for that user alone.

An answer that rests on what a user told is only ever stored in a scope that names the user; shared answers never do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import redis

from semcache.cache.entries import Entries
from semcache.cache.learning.state import LearningState
from semcache.cache.lineage import unregister
from semcache.cache.scope import Scope
from semcache.store import keys
from semcache.store.connect import guarded

OWNER = "user"
"""The scope item that names whose answers these are."""


def erase_answers_of(client: redis.Redis, namespace: str, user: str) -> int:
    """Removes the scopes of a user whole, whatever model or prompt they are of; returns how many answers."""
    with guarded():
        listed: Any = client.hgetall(keys.CACHE_SCOPES.build(namespace=namespace))
    own = (Scope.from_json(namespace, text) for text in listed.values())
    return sum(_drop(client, scope) for scope in own if (OWNER, user) in scope.items)


def answers_of(client: redis.Redis, namespace: str) -> Callable[[str, float], Mapping[str, int]]:
    """The same as what the erasure of a memory removes besides; whenever they were stored."""
    return lambda user, at: {"answers": erase_answers_of(client, namespace, user)}


def _drop(client: redis.Redis, scope: Scope) -> int:
    entries = Entries(client, scope.id)
    removed = entries.clear()
    LearningState(client, scope.id).forget()
    entries.forget()
    unregister(client, scope)
    return removed
