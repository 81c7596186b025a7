"""Connections: a client for each form of URL, and how the driver's errors become ours."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import redis
import redis.asyncio
import redis.cluster
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    ClusterError,
    CrossSlotTransactionError,
    MasterDownError,
    MaxConnectionsError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.settings.section import redacted
from semcache.store.clients.client import Client
from semcache.store.clients.clustered import ClusterClient
from semcache.store.clients.urls import Address, parse

MINIMUM_REDIS = (8, 0)

_PIECES = {"protocol": 2, "socket_keepalive": True, "health_check_interval": 30}


def connect(url: str, *, timeout_s: float = 5.0, on_connect: Callable[[], None] | None = None) -> Client:
    """A thread-safe client for one server, Sentinel's primary or a cluster; nothing is sent before its first command.

    `redis://host:port/db`, `rediss://...`, `unix://path`, `redis+sentinel://s1:port,s2:port/name/db`,
    `redis+cluster://h1:port,h2:port`, and the latter two with `rediss`. A broken connection is opened again (twice at
    most); a command that timed out is not sent twice. Query parameters of redis-py (`?ssl_ca_certs=...`,
    `?max_connections=...`) are understood. `on_connect` is called after each new connection, and then no command is
    sent twice at all.

    Raises:
        ConfigurationError: the URL cannot be understood.
    """
    address = parse(url)
    options: dict[str, Any] = {**_PIECES, "socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    if on_connect and address.kind == "cluster":
        options["redis_connect_func"] = lambda connection: on_connect()
    elif on_connect:
        options["redis_connect_func"] = partial(_told, on_connect)
    try:
        return _made(address, options, attempts=0 if on_connect else 2)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"the Redis URL {redacted(url)!r} is wrong: {error}") from error


def _told(on_connect: Callable[[], None], connection: Any) -> None:
    on_connect()
    connection.on_connect()


def _made(address: Address, options: dict[str, Any], *, attempts: int) -> Client:
    if address.kind == "cluster":
        return ClusterClient(address.hosts, attempts=attempts, **options, **address.options)
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), attempts, supported_errors=(redis.ConnectionError,))
    if address.kind == "single":
        return redis.Redis.from_url(address.url, **options, retry=retry)
    sentinel = Sentinel(address.hosts, sentinel_kwargs={**_quick(options), **address.sentinel_options})
    made: Client = sentinel.master_for(address.service, retry=retry, db=address.db, **{**options, **address.options})
    return made


def _quick(options: dict[str, Any]) -> dict[str, Any]:
    """Options for the connections to sentinels, which answer at once or are not there."""
    return {"protocol": 2, "socket_timeout": min(1.0, options["socket_timeout"]), "socket_connect_timeout": 0.5}


def _decodes(client: Client) -> bool:
    return bool(client.connection_pool.connection_kwargs.get("decode_responses"))


def client_of(redis_or_url: Client | str, *, timeout_s: float = 5.0) -> Client:
    """The client itself, or one for the URL.

    Raises:
        InvalidInput: the client decodes responses; vectors are binary.
        ConfigurationError: as `connect`.
    """
    if isinstance(redis_or_url, str):
        return connect(redis_or_url, timeout_s=timeout_s)
    if isinstance(redis_or_url, redis.asyncio.Redis):
        raise InvalidInput(
            "this is an asyncio client, and semcache is synchronous: give a redis.Redis client or a URL, and "
            "call semcache from asyncio with asyncio.to_thread"
        )
    if isinstance(redis_or_url, redis.cluster.RedisCluster):
        raise InvalidInput("give the cluster's URL in place of its client: redis+cluster://host:port,host:port")
    if not isinstance(redis_or_url, redis.Redis):
        raise InvalidInput(f"give a redis.Redis client or a URL, not {type(redis_or_url).__name__}")
    if _decodes(redis_or_url):
        raise InvalidInput(
            "the Redis client decodes responses, but vectors are binary: make it without decode_responses"
        )
    return redis_or_url


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Context manager and decorator around Redis commands: redis-py's errors leave it as ours, `from` the cause.

    Raises:
        RedisUnavailable: Redis does not answer, is loading, is out of memory or refuses writes.
        ConfigurationError: the user, password, permissions or version of the server are wrong.
    """
    try:
        yield
    except (RedisError, RedisClusterException) as error:
        ours = _ours(error)
        if ours is error:
            raise
        raise ours from error


_UNAVAILABLE: tuple[tuple[type[RedisError], str, float], ...] = (
    (MasterNotFoundError, "no sentinel knows a primary that answers: look into the name in the URL, and at them", 1.0),
    (BusyLoadingError, "Redis is loading its data", 1.0),
    (redis.TimeoutError, "Redis does not answer in time", 1.0),
    (MaxConnectionsError, "all connections of the pool are in use: allow more (max_connections)", 0.1),
    (redis.ConnectionError, "Redis cannot be reached", 1.0),
    (ReadOnlyError, "Redis is a read-only replica", 5.0),
    (OutOfMemoryError, "Redis is out of memory (maxmemory)", 10.0),
    (ClusterDownError, "Redis cluster is down", 1.0),
    (MasterDownError, "Redis replica has lost its master", 1.0),
    (TryAgainError, "Redis is moving the keys", 0.5),
    (AskError, "Redis is moving the keys", 0.5),
    (MovedError, "Redis has moved the keys", 0.5),
    (NoScriptError, "Redis has forgotten its scripts: it was restarted in the middle", 0.1),
)


def _ours(error: RedisError | RedisClusterException) -> Exception:
    """The error to raise for a driver's error; a ResponseError that nobody can act on stays itself."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return ConfigurationError(f"Redis refuses the user or password of its URL: {error}")
    if isinstance(error, NoPermissionError):
        return ConfigurationError(f"the Redis user lacks a permission: {error}")
    if isinstance(error, CrossSlotTransactionError) or "CROSSSLOT" in str(error):
        return error
    if isinstance(error, ClusterError) and "TTL exhausted" in str(error):
        return RedisUnavailable("Redis is moving the keys", retry_after_s=0.5)
    if isinstance(error.__cause__ or error.__context__, AuthenticationError | AuthorizationError):
        return ConfigurationError(f"Redis refuses the user or password of its URL: {error}")
    if isinstance(error, RedisClusterException):
        return RedisUnavailable(f"no node of the Redis cluster can serve this: {error}", retry_after_s=1.0)
    for kind, what, retry_after_s in _UNAVAILABLE:
        if isinstance(error, kind):
            return RedisUnavailable(f"{what}: {error}", retry_after_s=retry_after_s)
    return _response_error(error) if isinstance(error, ResponseError) else RedisUnavailable(f"Redis failed: {error}")


def _response_error(error: ResponseError) -> Exception:
    text = str(error)
    if "non local key" in text or "rehashing of the slot" in text:  # a script's slot is just being moved
        return RedisUnavailable(f"Redis is moving the keys: {text}", retry_after_s=0.5)
    if re.search(r"\b(MISCONF|NOREPLICAS|UNKILLABLE|BUSY)\b", text):
        return RedisUnavailable(f"Redis refuses commands: {text}", retry_after_s=5.0)
    if re.search(r"\bOOM\b|used memory", text):
        return RedisUnavailable(f"Redis is out of memory (maxmemory): {text}", retry_after_s=10.0)
    if "ACL failure in script" in text:
        return ConfigurationError(f"the Redis user lacks a permission: {text}")
    if found := re.search(r"Vector dimension mismatch - got (\d+) but set has (\d+)", text):
        return ConfigurationError(
            f"the embedder gives vectors of {found[1]} dimensions, and those stored under its name have {found[2]}: "
            "nothing was changed. Set embed.model to the model that made the stored ones, or use another namespace"
        )
    if "WRONGTYPE" in text:
        return ConfigurationError(
            f"a key holds something that semcache has not written: `semcache doctor --check-data` names it ({text})"
        )
    if re.search(r"unknown (redis )?command", text, re.IGNORECASE):
        return ConfigurationError(
            f"Redis does not know a command that semcache needs ({text}): use Redis {dotted(MINIMUM_REDIS)} or newer, "
            "with vector sets (and HSETEX), which Valkey and other forks do not have; `semcache doctor` tells what the "
            "server is"
        )
    return error


def dotted(version: tuple[int, ...]) -> str:
    """(8, 2, 3) -> 8.2.3."""
    return ".".join(map(str, version))
