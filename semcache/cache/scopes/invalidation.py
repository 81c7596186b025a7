"""A document has changed: the answers built from it are removed in all scopes of its namespace."""

from __future__ import annotations

import contextlib
from typing import Any

import redis

from semcache.cache.entries import Entries
from semcache.store import keys
from semcache.store.connect import guarded


def invalidate_source(client: redis.Redis, namespace: str, document: str, *, before_version: int | None = None) -> int:
    """Removes the answers built from a document in all scopes of a namespace; returns how many.

    With `before_version`, only those built from an older version: what a change to that version makes stale.
    Answers stored later from an outdated version are found by their version at the next lookup.
    """
    key = keys.CACHE_DEPENDANTS.build(namespace=namespace, source=document)
    older_than = None if before_version is None else (document, before_version)
    with guarded():
        scopes: Any = client.hkeys(key)
    removed = 0
    for scope in sorted(scope.decode() for scope in scopes):
        entries = Entries(client, scope)
        removed += entries.remove(entries.by_source(document), counter="invalidated", older_than=older_than)
        _forget_dependant(client, key, scope, document)
    return removed


@guarded()
def _forget_dependant(client: redis.Redis, key: str, scope: str, document: str) -> None:
    """Takes a scope without answers from a document out of its dependants, unless one is stored at this moment."""
    index = keys.CACHE_SOURCE.build(scope=scope, source=document)
    with client.pipeline(transaction=True) as pipe:
        pipe.watch(index)
        if pipe.exists(index):
            return
        pipe.multi()
        pipe.hdel(key, scope)
        with contextlib.suppress(redis.WatchError):
            pipe.execute()
