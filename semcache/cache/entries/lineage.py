"""Lineage: which answers were built from which version of which document, and what a change makes stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import redis

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
