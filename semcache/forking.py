"""Forks: what a child process must not inherit as its parent left it, because the child has none of the threads.

A pool has no workers there, and a lock that another thread held at that moment is never released.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

_RESETS: list[weakref.WeakMethod[Callable[[], None]]] = []
_LOCKS: weakref.WeakSet[threading.Lock] = weakref.WeakSet()
_HELD: list[threading.Lock] = []


def reset_in_child(reset: Callable[[], None]) -> None:
    """Calls a bound method in each forked child, for as long as its object lives."""
    _RESETS[:] = [known for known in _RESETS if known() is not None]
    _RESETS.append(weakref.WeakMethod(reset))


def leaf_lock() -> threading.Lock:
    """A lock that no fork catches while it is held. Hold it briefly, and take no other lock meanwhile."""
    lock = threading.Lock()
    _LOCKS.add(lock)
    return lock


def _before() -> None:
    for lock in list(_LOCKS):
        lock.acquire()
        _HELD.append(lock)


def _release() -> None:
    while _HELD:
        _HELD.pop().release()


def _in_child() -> None:
    _release()
    for known in list(_RESETS):
        reset = known()
        if reset is not None:
            reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_release, after_in_child=_in_child)
