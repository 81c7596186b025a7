"""Expiry of cache entries: elements of vector sets cannot expire, so what is due is swept out.

Each store into a scope sweeps a few itself, lookups remove what they meet; the `Sweeper` does the rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import redis

from semcache.errors import SemcacheError
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script

_OWN_KINDS = (keys.CACHE_VECTORS, keys.CACHE_EXPIRY, keys.CACHE_USE, keys.CACHE_EXACT, keys.CACHE_COUNTERS)
# One script removes so many at once; Redis serves nobody else meanwhile (some 10 ms).
_AT_ONCE = 64

_log = logging.getLogger(__name__)


def scope_keys(scope: str) -> list[str]:
    """Vectors, expiry, use, exact and counters: the first keys of every script that removes entries."""
    return [kind.build(scope=scope) for kind in _OWN_KINDS]


def entry_prefix(scope: str) -> str:
    """What the keys of a scope's entries begin with; the id follows."""
    return keys.CACHE_ENTRY.build(scope=scope, entry="")


def sweep_scope(client: redis.Redis, scope: str, *, now: float) -> int:
    """Removes what has expired by `now` (seconds) from a scope; returns how many."""
    swept, due = 0, _AT_ONCE
    while due == _AT_ONCE:
        with guarded():
            due = script("cache_sweep")(client, keys=scope_keys(scope), args=[entry_prefix(scope), now, _AT_ONCE])
        swept += due
    return swept


def sweep(client: redis.Redis, namespace: str, *, now: float) -> int:
    """Removes what has expired by `now` from every scope of a namespace; returns how many."""
    with guarded():
        scopes: Any = client.hkeys(keys.CACHE_SCOPES.build(namespace=namespace))
    return sum(sweep_scope(client, scope.decode(), now=now) for scope in scopes)


class Sweeper:
    """A thread that sweeps a namespace every `interval_s` seconds, from `start` (or `with`) to `stop`."""

    def __init__(
        self,
        client: redis.Redis,
        namespace: str,
        *,
        interval_s: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = client
        self._namespace = namespace
        self._interval_s = interval_s
        self._clock = clock
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread; a second call does nothing."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="semcache-sweeper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after the sweep under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Sweeper:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                sweep(self._redis, self._namespace, now=self._clock())
            except SemcacheError as error:
                _log.warning("expired answers are not swept: %s", error)
