"""Connections: which Redis URLs are understood, and how the driver's errors become ours."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import redis
import redis.asyncio
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MaxConnectionsError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.retry import Retry

from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.settings.section import redacted

MINIMUM_REDIS = (8, 0)

_PLAIN = ("redis", "rediss", "unix")
_LATER = {"redis+sentinel": "Sentinel", "redis+cluster": "Cluster"}


def connect(url: str, *, timeout_s: float = 5.0) -> redis.Redis:
    """A thread-safe client for `redis://`, `rediss://` or `unix://`; nothing is sent before its first command.

    A broken connection is opened again (twice at most); a command that timed out is not sent twice.
    Query parameters of redis-py (`?ssl_ca_certs=...`, `?max_connections=...`) are understood.

    Raises:
        ConfigurationError: the URL cannot be understood, or names Sentinel or Cluster.
    """
    _check_url(url)
    try:
        client = redis.Redis.from_url(
            url,
            protocol=2,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2, supported_errors=(redis.ConnectionError,)),
        )
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"the Redis URL {redacted(url)!r} is wrong: {error}") from error
    if _decodes(client):
        raise ConfigurationError(
            f"the Redis URL {redacted(url)!r} sets decode_responses, but vectors are binary: leave it out"
        )
    return client


def _decodes(client: redis.Redis) -> bool:
    return bool(client.connection_pool.connection_kwargs.get("decode_responses"))


def client_of(redis_or_url: redis.Redis | str, *, timeout_s: float = 5.0) -> redis.Redis:
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
    if not isinstance(redis_or_url, redis.Redis):
        raise InvalidInput(f"give a redis.Redis client or a URL, not {type(redis_or_url).__name__}")
    if _decodes(redis_or_url):
        raise InvalidInput(
            "the Redis client decodes responses, but vectors are binary: make it without decode_responses"
        )
    return redis_or_url


def _check_url(url: str) -> None:
    scheme, _, rest = url.partition("://")
    if scheme in _LATER:
        hosts = rest.rpartition("@")[2].partition("/")[0]
        raise ConfigurationError(
            f"Redis {_LATER[scheme]} ({hosts}) is not yet supported: give the URL of one server, redis://host:port"
        )
    if scheme not in _PLAIN or not rest:
        raise ConfigurationError(
            f"the Redis URL {redacted(url)!r} is not understood: "
            "write redis://host:port/db, rediss://host:port/db or unix:///path/of/socket"
        )
    try:
        port = urlsplit(url).port
    except ValueError:  # its text may be a part of the password
        raise ConfigurationError(
            f"the Redis URL {redacted(url)!r} is wrong: the port is a number from 1 to 65535, and / ? # in a password "
            "are written %2F %3F %23"
        ) from None
    if port == 0:
        raise ConfigurationError(f"the Redis URL {redacted(url)!r} has port 0")


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Context manager and decorator around Redis commands: redis-py's errors leave it as ours, `from` the cause.

    Raises:
        RedisUnavailable: Redis does not answer, is loading, is out of memory or refuses writes.
        ConfigurationError: the user, password, permissions or version of the server are wrong.
    """
    try:
        yield
    except RedisError as error:
        ours = _ours(error)
        if ours is error:
            raise
        raise ours from error


_UNAVAILABLE: tuple[tuple[type[RedisError], str, float], ...] = (
    (BusyLoadingError, "Redis is loading its data", 1.0),
    (redis.TimeoutError, "Redis does not answer in time", 1.0),
    (MaxConnectionsError, "all connections of the pool are in use: allow more (max_connections)", 0.1),
    (redis.ConnectionError, "Redis cannot be reached", 1.0),
    (ReadOnlyError, "Redis is a read-only replica", 5.0),
    (OutOfMemoryError, "Redis is out of memory (maxmemory)", 10.0),
    (ClusterDownError, "Redis cluster is down", 1.0),
    (MasterDownError, "Redis replica has lost its master", 1.0),
    (TryAgainError, "Redis is moving the keys", 0.5),
    (NoScriptError, "Redis has forgotten its scripts: it was restarted in the middle", 0.1),
)


def _ours(error: RedisError) -> Exception:
    """The error to raise for a driver's error; a ResponseError that nobody can act on stays itself."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return ConfigurationError(f"Redis refuses the user or password of its URL: {error}")
    if isinstance(error, NoPermissionError):
        return ConfigurationError(f"the Redis user lacks a permission: {error}")
    for kind, what, retry_after_s in _UNAVAILABLE:
        if isinstance(error, kind):
            return RedisUnavailable(f"{what}: {error}", retry_after_s=retry_after_s)
    return _response_error(error) if isinstance(error, ResponseError) else RedisUnavailable(f"Redis failed: {error}")


def _response_error(error: ResponseError) -> Exception:
    text = str(error)
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
    if re.search(r"unknown (redis )?command", text, re.IGNORECASE):
        return ConfigurationError(
            f"Redis does not know a command that semcache needs ({text}): use Redis {dotted(MINIMUM_REDIS)} or newer, "
            "with vector sets (and HSETEX); `semcache doctor` tells what the server is"
        )
    return error


def dotted(version: tuple[int, ...]) -> str:
    """(8, 2, 3) -> 8.2.3."""
    return ".".join(map(str, version))
