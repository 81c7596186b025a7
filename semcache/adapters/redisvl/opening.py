"""How the drop-ins find their Redis, and what a name was opened with before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import redis
from redisvl.utils.vectorize import BaseVectorizer

from semcache.adapters.redisvl.vectorizers import model_of
from semcache.errors import InvalidInput
from semcache.store.connect import client_of
from semcache.store.records import Records


def opened(client: redis.Redis | None, url: str, connection_kwargs: Mapping[str, Any] | None) -> redis.Redis:
    """The client given, or one for the URL. One that decodes responses is left alone: it gets a sibling that does not.

    Raises:
        InvalidInput: the client is asynchronous.
        ConfigurationError: the URL cannot be understood.
    """
    if client is None:
        return redis.Redis.from_url(url, **connection_kwargs) if connection_kwargs else client_of(url)
    pool = getattr(client, "connection_pool", None)
    if isinstance(client, redis.Redis) and pool is not None and pool.connection_kwargs.get("decode_responses"):
        bytes_only = {**pool.connection_kwargs, "decode_responses": False}
        made = redis.ConnectionPool(pool.connection_class, max_connections=pool.max_connections or 2**31, **bytes_only)
        return redis.Redis(connection_pool=made)
    return client_of(client)


def check_schema(
    records: Records, vectorizer: BaseVectorizer, fields: Mapping[str, Any], *, overwrite: bool, what: str
) -> None:
    """Notes what a name is opened with. With `overwrite` other fields take the place of those of before, and entries
    of another model are removed.

    Raises:
        InvalidInput: it was opened with another model or other fields before, and is not to be overwritten.
    """
    schema = {"model": model_of(vectorizer), "fields": dict(fields)}
    found = json.loads(records.schema() or "null")
    if found is not None and found != schema:
        if not overwrite:
            raise InvalidInput(
                f"Existing index of {what} does not match: it has {json.dumps(found)}, and you gave "
                f"{json.dumps(schema)}. Give the same, or overwrite=True"
            )
        if found["model"] != schema["model"]:
            records.clear()
    if found != schema:
        records.set_schema(json.dumps(schema))
