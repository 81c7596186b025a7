"""Expiry of cache entries: elements of vector sets cannot expire, so what is due is swept out.

Each store into a scope sweeps a few itself, lookups remove what they meet; the `Sweeper` does the rest. Where none
runs, every key of a scope has a lifetime of Redis' own. Time is Redis' clock: a host whose clock is wrong ends nothing.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections.abc import Callable
from types import TracebackType

import redis

from semcache.errors import Unavailable
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script

_HELD_KINDS = (
    keys.CACHE_USE, keys.CACHE_ROWS, keys.CACHE_SERVED, keys.CACHE_WORDS, keys.CACHE_SUMS, keys.CACHE_MODEL,
)  # fmt: skip
_OWN_KINDS = (keys.CACHE_VECTORS, keys.CACHE_EXPIRY, keys.CACHE_USE, keys.CACHE_EXACT, keys.CACHE_COUNTERS)
# One script removes so many at once; Redis serves nobody else meanwhile (some 10 ms).
_AT_ONCE = 64
# A sweeper has its scopes to itself for that long, and takes so many at once.
_LEASE_S = 60
_SCOPES_AT_ONCE = 100
# Whoever takes a scope out of the catalogue is done within that time, or has not begun.
_MARK_S = 60
# Redis drops the hash of an entry that long after it expired, in case nobody sweeps: until then its indexes are known.
GRACE_MS = 86_400_000
# What counts and learns in a scope lives on for that long after its last change.
IDLE_S = 30 * 86_400.0

Clock = Callable[[], float]

_log = logging.getLogger(__name__)


def scope_keys(scope: str) -> list[str]:
    """Vectors, expiry, use, exact and counters: the first keys of every script that removes entries."""
    return [kind.build(scope=scope) for kind in _OWN_KINDS]


def entry_prefix(scope: str) -> str:
    """What the keys of a scope's entries begin with; the id follows."""
    return keys.CACHE_ENTRY.build(scope=scope, entry="")


def catalogue_keys(namespace: str) -> tuple[str, str]:
    """The scopes of a namespace, and when each is to be swept."""
    return keys.CACHE_SCOPES.build(namespace=namespace), keys.CACHE_DUE.build(namespace=namespace)


def leaving_key(namespace: str) -> str:
    """The scopes of a namespace that are being taken out of its notes."""
    return keys.CACHE_LEAVING.build(namespace=namespace)


def noted_key(scope: str) -> str:
    """What a scope on a cluster says of the notes that lead to it."""
    return keys.CACHE_NOTED.build(scope=scope)


def whole_seconds(idle_s: float) -> int:
    """A lifetime as EXPIRE takes it: one second at least."""
    return max(1, math.ceil(idle_s))


def sweep(client: redis.Redis, namespace: str, *, replay_clock: Clock | None = None) -> int:
    """Removes what has expired from the scopes of a namespace that are due; returns how many answers.

    Whichever process comes first sweeps a scope; the others go on to the next. Time is Redis', or a replay's. A scope
    that holds nothing any more leaves the catalogue. One that cannot be swept is logged, and tried again later.
    """
    swept = 0
    while leased := _leased(client, namespace, replay_clock):
        for scope, until in leased:
            swept += _sweep_leased(client, namespace, scope, until, replay_clock)
    return swept


def _now(clock: Clock | None) -> float | str:
    return "" if clock is None else clock()


@guarded()
def _leased(client: redis.Redis, namespace: str, clock: Clock | None) -> list[tuple[str, str]]:
    """Scopes that are due, each with the end of its lease."""
    _, due = catalogue_keys(namespace)
    until, *scopes = script("cache_due")(client, keys=[due], args=[_now(clock), _LEASE_S, _SCOPES_AT_ONCE])
    return [(scope.decode(), until.decode()) for scope in scopes]


def _sweep_leased(client: redis.Redis, namespace: str, scope: str, until: str, clock: Clock | None) -> int:
    try:
        swept, next_due = _sweep_scope(client, scope, clock)
        if next_due or not unregister(client, namespace, scope):
            again = next_due or _end_of_learning(client, scope, clock)
            _, due = catalogue_keys(namespace)
            with guarded():
                script("cache_swept")(client, keys=[due], args=[scope, until, again])
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  one broken scope must not keep all others from being swept
        _log.warning("the scope %s cannot be swept, it is tried again in %d s: %s", scope, _LEASE_S, error)
        return 0
    return swept


def _sweep_scope(client: redis.Redis, scope: str, clock: Clock | None) -> tuple[int, str]:
    """How many have expired, and when the next one will ('' = none does)."""
    swept, removed, next_due = 0, _AT_ONCE, b""
    while removed == _AT_ONCE:
        with guarded():
            removed, next_due = script("cache_sweep")(
                client, keys=scope_keys(scope), args=[entry_prefix(scope), _now(clock), _AT_ONCE]
            )
        swept += removed
    return swept, next_due.decode()


@guarded()
def _end_of_learning(client: redis.Redis, scope: str, clock: Clock | None) -> str:
    """When what a scope without mortal answers has learned runs out, s; '' if it stays for ever."""
    pipe = client.pipeline(transaction=False)
    pipe.time()
    for key in _held(scope):
        pipe.pttl(key)
    (seconds, _), *left_ms = pipe.execute()
    if -1 in left_ms:
        return ""
    now = seconds if clock is None else clock()
    return repr(now + max(0, *left_ms) / 1000 + 1)


def unregister(client: redis.Redis, namespace: str, scope: str) -> bool:
    """Takes a scope that holds nothing out of the catalogue; whether it did: not if an answer is stored meanwhile."""
    catalogue, due = catalogue_keys(namespace)
    return take_out(client, namespace, scope, note=catalogue, held=_held(scope), due=due)


@guarded()
def take_out(
    client: redis.Redis, namespace: str, scope: str, *, note: str, held: list[str], document: str = "", due: str = ""
) -> bool:
    """Takes a scope of which none of the keys `held` is there out of a note; whether it did.

    The note may lie on another server than the scope: it is marked first, and whoever makes it again takes the mark
    away. `document`: whose dependants the note is; `due`: when scopes are to be swept, which then ends too.
    """
    leaving, mark, field = leaving_key(namespace), secrets.token_hex(8), scope + note
    client.execute_command("HSETEX", leaving, "EX", _MARK_S, "FIELDS", 1, field, mark)
    if not script("cache_leave")(client, keys=[noted_key(scope), *held], args=[document]):
        client.hdel(leaving, field)
        return False
    keys_of_note = [leaving, note, due or note]
    return bool(script("cache_unlist")(client, keys=keys_of_note, args=[scope, mark, int(bool(due))]))


def _held(scope: str) -> list[str]:
    """The keys of which a scope has at least one as long as it holds an answer, or anything that was learned."""
    return [kind.build(scope=scope) for kind in _HELD_KINDS]


class Sweeper:
    """A thread that sweeps a namespace every `interval_s` seconds, from `start` (or `with`) to `stop`."""

    def __init__(
        self, client: redis.Redis, namespace: str, *, interval_s: float = 5.0, replay_clock: Clock | None = None
    ) -> None:
        self._redis = client
        self._namespace = namespace
        self._interval_s = interval_s
        self._clock = replay_clock
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
                sweep(self._redis, self._namespace, replay_clock=self._clock)
            except Exception as error:  # noqa: BLE001  the top of the loop: the next round may succeed
                _log.warning("expired answers are not swept: %s", error)
