"""The ingestor's Redis connections: one to a thread, that never reconnects unnoticed, and what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.exceptions import ResponseError

from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.settings import RedisSettings
from semcache.store.clients.client import Client, is_cluster, primaries
from semcache.store.connect import connect, guarded
from semcache_ingest.fences import by_node


class RedisLink:
    """A client for one thread. `connects` counts its connections: if it grew, earlier writes may have been lost."""

    def __init__(self, settings: RedisSettings) -> None:
        self.connects = 0
        self.client = sending_at_once(connect(settings.url, timeout_s=settings.timeout_s, on_connect=self._count))

    def close(self) -> None:
        self.client.close()

    def _count(self) -> None:
        self.connects += 1


def sending_at_once(client: Client) -> Client:
    """The client, whose pipelines go out in one piece; that of a cluster as it is.

    redis-py sends pieces of 6 kB, and after each waits for the interpreter that another thread has taken meanwhile.
    """
    if is_cluster(client):
        return client
    pool = client.connection_pool
    pool.connection_class = type("InOnePiece", (_InOnePiece, pool.connection_class), {})
    return client


class _InOnePiece:
    def pack_commands(self, commands: Any) -> list[bytes]:
        packed: list[bytes] = super().pack_commands(commands)  # type: ignore[misc]
        return [b"".join(packed)]


def durable(client: Client, settings_durability: str, *, group: str, timeout_s: float) -> Callable[[], None]:
    """Waits until what was written before is as safe as `durability` says, on every server that takes writes."""
    commands = {"aof": ("WAITAOF", 1, 0), "replica": ("WAIT", 1)}
    wait = commands.get(settings_durability)

    @guarded()
    def confirm() -> None:
        if wait is None:
            return
        servers = primaries(client)
        for node, held in by_node(client, group).items():
            _confirmed(servers[node], held[0], wait, timeout_s=timeout_s)

    return confirm


def _confirmed(server: Client, fence: str, wait: tuple[str | int, ...], *, timeout_s: float) -> None:
    """One server's answer: WAIT looks at the connection's own last write, so one of ours, after the others', covers
    them; both go out on one connection.

    Raises:
        RedisUnavailable: it has not confirmed in time.
        ConfigurationError: it keeps no append-only file.
    """
    with server.pipeline(transaction=False) as pipe:
        pipe.hincrby(fence, "fence", 1)
        pipe.execute_command(*wait, int(timeout_s * 1000))
        wrote, reply = pipe.execute(raise_on_error=False)
    for failed in (wrote, reply):
        if isinstance(failed, ResponseError) and "appendonly" in str(failed):
            raise ConfigurationError(
                "durability = aof needs Redis with `appendonly yes`; or set SEMCACHE_INGEST_DURABILITY=memory"
            ) from failed
        if isinstance(failed, Exception):
            raise failed
    if (reply[0] if isinstance(reply, list) else reply) < 1:
        raise RedisUnavailable(f"Redis has not confirmed ({wait[0]}) within {timeout_s:g} s")
