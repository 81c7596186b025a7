"""Leases: one process at a time does a thing, and a crashed one cannot hold it for longer than the lease."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from semcache.errors import RedisUnavailable
from semcache.store.connect import guarded
from semcache.store.lua import script


class Lease:
    """A key that one holder owns until it releases it or `lease_s` seconds pass without a renewal.

    `mark_s`: for so long after a release it can be told that somebody held it.
    """

    def __init__(self, client: redis.Redis, key: str, *, lease_s: float, mark_s: float = 0.0) -> None:
        self._redis = client
        self._key = key
        self._lease_ms = max(1, round(lease_s * 1000))
        self._mark_ms = round(mark_s * 1000)
        self._token = secrets.token_hex(8)
        self.undisturbed = True
        """Whether nobody else was seen to hold it, or to have held it, when it was acquired."""

    @guarded()
    def acquire(self) -> bool:
        """Takes the lease if nobody holds it; True also if we hold it: a command whose reply was lost is sent again."""
        holder: Any = self._redis.set(self._key, self._token, nx=True, get=True, px=self._lease_ms)
        self.undisturbed &= holder is None
        if holder == b"":
            return bool(script("lease_take")(self._redis, keys=[self._key], args=[self._token, self._lease_ms]))
        return holder is None or holder == self._token.encode()

    @guarded()
    def renew(self) -> bool:
        """Starts its lifetime again; False if it is no longer ours."""
        return bool(script("lease_renew")(self._redis, keys=[self._key], args=[self._token, self._lease_ms]))

    @guarded()
    def release(self) -> bool:
        """Gives it up; False if it was no longer ours."""
        return bool(script("lease_release")(self._redis, keys=[self._key], args=[self._token, self._mark_ms]))

    @guarded()
    def held(self) -> bool:
        """Whether anybody holds it."""
        return bool(self._redis.get(self._key))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While inside, a thread renews the lease three times in its lifetime; released at the end.

        An outage of Redis meanwhile is no error here: the lease lapses, and somebody else may do the work too.
        """
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(done,), name="semcache-lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()  # a renewal that comes after the release finds the lease gone
            self._give_up()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(self._lease_ms / 3000):
            try:
                if not self.renew():
                    return
            except RedisUnavailable:
                continue

    def _give_up(self) -> None:
        try:
            self.release()
        except RedisUnavailable:
            return
