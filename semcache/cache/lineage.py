"""Lineage: which answers were built from which version of which document, and what a change makes stale."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import redis

from semcache.cache.entries import Entries
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
