"""A document has changed: the answers built from it are removed in all scopes of its namespace."""

from __future__ import annotations

import redis

from semcache.cache.entries import Entries
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import take_out
from semcache.store.pages import hash_names


def invalidate_source(client: redis.Redis, namespace: str, document: str, *, before_version: int | None = None) -> int:
    """Removes the answers built from a document in all scopes of a namespace; returns how many.

    With `before_version`, only those built from an older version: what a change to that version makes stale.
    Answers stored later from an outdated version are found by their version at the next lookup.
    """
    key = keys.CACHE_DEPENDANTS.build(namespace=namespace, source=document)
    older_than = None if before_version is None else (document, before_version)
    with guarded():
        scopes = hash_names(client, key)
    removed = 0
    for scope in sorted(scope.decode() for scope in scopes):
        entries = Entries(client, scope)
        removed += entries.remove(entries.by_source(document), counter="invalidated", older_than=older_than)
        index = keys.CACHE_SOURCE.build(scope=scope, source=document)
        take_out(client, namespace, scope, note=key, held=[index], document=document)
    return removed
