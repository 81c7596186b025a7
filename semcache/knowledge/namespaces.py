"""Where the documents of a Redis are: for whoever asked in a namespace that has none."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.checks.finding import read_key
from semcache.store.connect import guarded

_PAGE = 1_000


def has_documents(redis: Redis, namespace: str) -> bool:
    """Whether a namespace has, or once had, a document.

    Raises:
        RedisUnavailable: Redis does not answer.
    """
    with guarded():
        return bool(redis.exists(keys.DOCUMENT_VERSIONS.build(namespace=namespace)))


def namespaces_with_documents(redis: Redis, *, within_s: float = 0.5) -> list[str]:
    """The namespaces found within the time, sorted. It looks through all keys: for a hint, not for a look-up.

    Raises:
        RedisUnavailable: Redis does not answer.
    """
    pattern = keys.DOCUMENT_VERSIONS.build(namespace="").replace("}", "*}")
    ends, cursor, found = time.monotonic() + within_s, 0, set[str]()
    with guarded():
        while True:
            scanned: Any = redis.scan(cursor, match=pattern, count=_PAGE)
            cursor, names = scanned
            found |= {read_key(name.decode()).ids["namespace"] for name in names}
            if not cursor or time.monotonic() > ends:
                return sorted(found)
