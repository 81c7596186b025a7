"""Answers to the very same request: JSON under the request's SHA-256, and responses that can be continued."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.adopted import is_noted, note_served
from semcache.store.connect import guarded
from semcache.store.lease import Lease

_LONGEST_BYTES = 4_194_304
_LEASE_S = 10.0
MARKED_S = 5.0


class VerbatimAnswers:
    """The answers of one tenant. `ttl_s` None keeps them for ever; what is over 4 MiB is not kept."""

    def __init__(self, client: Redis, namespace: str, tenant: str, *, ttl_s: float | None) -> None:
        self._redis = client
        self._namespace = namespace
        self._tenant = tenant
        self._ttl_s = ttl_s

    @guarded()
    def get(self, digests: Sequence[str]) -> list[Any]:
        """What is kept under each digest, or None."""
        if not digests:
            return []
        found: Any = self._redis.mget([self._answer(digest) for digest in digests])
        return [json.loads(value) if value is not None else None for value in found]

    @guarded()
    def put(self, digest: str, answer: Any, *, ttl_s: float | None = None, users: Collection[str] = ()) -> None:
        """Keeps an answer. `users`: whose it is, if not everyone's, by each name under which it may be erased."""
        self._set(self._answer(digest), answer, ttl_s, users)

    @guarded()
    def response(self, id: str) -> Any:
        """What was kept of a response that was served here, or None."""
        found: Any = self._redis.get(self._response(id))
        return json.loads(found) if found is not None else None

    @guarded()
    def keep_response(self, id: str, response: Any, *, users: Collection[str] = ()) -> None:
        """Keeps what a response said; `users` as in `put`."""
        self._set(self._response(id), response, None, users)

    @guarded()
    def drop_response(self, id: str) -> bool:
        return bool(self._redis.delete(self._response(id)))

    def lease(self, digest: str) -> Lease:
        """Whoever holds it asks for the answer to this request; a process that crashes holds it for 10 s.

        For `MARKED_S` after its end it can be told that somebody has asked.
        """
        key = keys.VERBATIM_FLIGHT.build(namespace=self._namespace, tenant=self._tenant, request=digest)
        return Lease(self._redis, key, lease_s=_LEASE_S, mark_s=MARKED_S)

    @guarded()
    def clear(self) -> int:
        """Removes the answers of this tenant, not its responses; how many."""
        mine = self._answer("") + "*"  # key names hold no signs of a pattern: their parts are escaped
        found = list(self._redis.scan_iter(match=mine, count=1_000))
        return sum(int(self._redis.unlink(*found[at : at + 500])) for at in range(0, len(found), 500))

    def _set(self, key: str, value: Any, ttl_s: float | None, users: Collection[str]) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        if len(text) > _LONGEST_BYTES:
            return
        for user in users:
            note_served(self._redis, self._namespace, user, key, now=time.time(), ttl_s=self._ttl_s)
        lifetimes = [each for each in (ttl_s, self._ttl_s) if each is not None]
        self._redis.set(key, text, px=max(1, int(min(lifetimes) * 1000)) if lifetimes else None)
        if not all(is_noted(self._redis, self._namespace, user, key) for user in users):
            self._redis.delete(key)  # an erasure came in between

    def _answer(self, digest: str) -> str:
        return keys.VERBATIM_ANSWER.build(namespace=self._namespace, tenant=self._tenant, request=digest)

    def _response(self, id: str) -> str:
        return keys.SERVED_RESPONSE.build(namespace=self._namespace, tenant=self._tenant, response=id)
