"""The ingestor's Redis connections: one to a thread, that never reconnects unnoticed, and what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.settings import RedisSettings
from semcache.store import keys
from semcache.store.connect import connect, guarded

Partition = tuple[str, int]
"""Topic and partition number."""


class RedisLink:
    """A client for one thread. `connects` counts its connections: if it grew, earlier writes may have been lost."""

    def __init__(self, settings: RedisSettings) -> None:
        self.client = sending_at_once(connect(settings.url, timeout_s=settings.timeout_s))
        self.connects = 0
        self.client.connection_pool.connection_kwargs |= {
            "retry": Retry(NoBackoff(), 0),
            "redis_connect_func": self._on_connect,
        }

    def close(self) -> None:
        self.client.close()

    def _on_connect(self, connection: Any) -> None:
        self.connects += 1
        connection.on_connect()


def sending_at_once(client: redis.Redis) -> redis.Redis:
    """The client, whose pipelines go out in one piece.

    redis-py sends pieces of 6 kB, and after each waits for the interpreter that another thread has taken meanwhile.
    """
    pool = client.connection_pool
    pool.connection_class = type("InOnePiece", (_InOnePiece, pool.connection_class), {})
    return client


class _InOnePiece:
    def pack_commands(self, commands: Any) -> list[bytes]:
        packed: list[bytes] = super().pack_commands(commands)  # type: ignore[misc]
        return [b"".join(packed)]


def durable(client: redis.Redis, settings_durability: str, *, group: str, timeout_s: float) -> Callable[[], None]:
    """Waits until what was written before is as safe as `durability` says, on any connection to that server."""
    commands = {"aof": ("WAITAOF", 1, 0), "replica": ("WAIT", 1)}
    wait = commands.get(settings_durability)
    fence = keys.INGEST_OFFSETS.build(group=group)

    @guarded()
    def confirm() -> None:
        if wait is None:
            return
        # WAIT looks at the connection's own last write: one of ours, after the others', covers them.
        client.hincrby(fence, "fence", 1)
        try:
            reply: Any = client.execute_command(*wait, int(timeout_s * 1000))
        except ResponseError as error:
            if "appendonly" not in str(error):
                raise
            raise ConfigurationError(
                "durability = aof needs Redis with `appendonly yes`; or set SEMCACHE_INGEST_DURABILITY=memory"
            ) from error
        if (reply[0] if isinstance(reply, list) else reply) < 1:
            raise RedisUnavailable(f"Redis has not confirmed ({wait[0]}) within {timeout_s:g} s")

    return confirm
