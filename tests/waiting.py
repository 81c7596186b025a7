"""Waiting for a condition by name: tests never sleep a fixed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def wait_until(what: str, condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Polls until the condition holds; fails with its name."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_s:g} s, still not: {what}")
        pause.wait(0.01)
