"""Which commands a Redis gets: its own count of each, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from semcache.store.clients.client import Client


def commands_of(redis: Client, use: Callable[[], object]) -> set[str]:
    """The names of the commands that somebody sent, scripts among them, while `use` ran; a module's have a dot."""
    before = _counts(redis)
    use()
    return {name for name, count in _counts(redis).items() if count > before.get(name, 0)}


def _counts(redis: Client) -> dict[str, int]:
    told: Any = redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): int(row["calls"]) + int(row["rejected_calls"]) for name, row in told.items()}
