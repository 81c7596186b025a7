"""The Redis client of a saver or a store: one for a URL, or the caller's."""

from __future__ import annotations

from typing import Any

import redis

from semcache.errors import InvalidInput
from semcache.store.connect import client_of


def open_client(
    url: str | None, client: redis.Redis | None, connection_args: dict[str, Any] | None = None
) -> tuple[redis.Redis, bool]:
    """A client and whether it is ours to close; nothing is sent.

    `connection_args`: options of redis-py for the URL.

    Raises:
        InvalidInput: neither or both are given, or the client cannot be used.
    """
    if (url is None) == (client is None):
        raise InvalidInput("give either a Redis URL or a redis.Redis client (redis_url= or redis_client=)")
    if client is not None:
        return client_of(client), False
    assert url is not None
    if connection_args:
        client_of(url)  # names what is wrong with the URL
        return client_of(redis.Redis.from_url(url, **connection_args)), True
    return client_of(url), True
