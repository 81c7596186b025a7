"""Lineage: which answers were built from which version of which document, and what a change makes stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import redis

from semcache.cache.entries import Entries
from semcache.cache.scope import Scope
from semcache.store import keys
from semcache.store.connect import guarded


@guarded()
def current_versions(client: redis.Redis, namespace: str, documents: Iterable[str]) -> dict[str, int]:
    """Document id -> its version in the knowledge base, negative if it was deleted; unknown documents are left out."""
    wanted = list(dict.fromkeys(documents))
    if not wanted:
        return {}
    found: Any = client.hmget(keys.DOCUMENT_VERSIONS.build(namespace=namespace), wanted)
    return {document: int(version) for document, version in zip(wanted, found, strict=True) if version is not None}


def outdated(sources: Mapping[str, int], versions: Mapping[str, int]) -> str | None:
    """What happened to a source since an answer was built from it, in words; None if nothing did."""
    for document, built_from in sources.items():
        current = versions.get(document, built_from)
        if current < 0:
            return f"source {document} was deleted"
        if current != built_from:
            return f"source {document} is at version {current}, the answer was built from {built_from}"
    return None


@guarded()
def register(client: redis.Redis, scope: Scope, documents: Iterable[str]) -> None:
    """Notes that a scope exists and holds answers built from these documents; before such an answer is stored."""
    pipe = client.pipeline(transaction=False)
    pipe.set(keys.CACHE_SCOPE.build(scope=scope.id), scope.to_json())
    pipe.hset(keys.CACHE_SCOPES.build(namespace=scope.namespace), scope.id, scope.to_json())
    for document in documents:
        pipe.sadd(keys.CACHE_DEPENDANTS.build(namespace=scope.namespace, source=document), scope.id)
    pipe.execute()


@guarded()
def unregister(client: redis.Redis, scope: Scope) -> None:
    """Takes a scope out of the catalogue; events go on to look for it in vain until its documents change."""
    client.delete(keys.CACHE_SCOPE.build(scope=scope.id))
    client.hdel(keys.CACHE_SCOPES.build(namespace=scope.namespace), scope.id)


def invalidate_source(client: redis.Redis, namespace: str, document: str, *, before_version: int | None = None) -> int:
    """Removes the answers built from a document in all scopes of a namespace; returns how many.

    With `before_version`, only those built from an older version: what a change to that version makes stale.
    Answers stored later from an outdated version are found by their version at the next lookup.
    """
    key = keys.CACHE_DEPENDANTS.build(namespace=namespace, source=document)
    older_than = None if before_version is None else (document, before_version)
    with guarded():
        scopes: Any = client.smembers(key)
    removed = 0
    for scope in sorted(scope.decode() for scope in scopes):
        entries = Entries(client, scope)
        removed += entries.remove(entries.by_source(document), counter="invalidated", older_than=older_than)
        if not entries.by_source(document):
            with guarded():
                client.srem(key, scope)
    return removed
