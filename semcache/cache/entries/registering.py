"""Answers are stored together with the notes that lead to them, be these on the same server or on another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import redis
from redis.client import Pipeline

from semcache.cache.entries.registration import Registration
from semcache.errors import RedisUnavailable
from semcache.store.clients.client import is_cluster
from semcache.store.lua import executed

# Whoever takes the scope out of its notes meanwhile makes a store begin again.
_ATTEMPTS = 10
_REFUSED = -1


@dataclass(frozen=True, slots=True)
class Store:
    """One answer to store. `queue(pipe, documents)`: as JSON if the script shall look at the notes, else ''."""

    ttl_s: float | None
    documents: tuple[str, ...]
    queue: Callable[[Pipeline, str], None]


def stored(client: redis.Redis, stores: Sequence[Store], registration: Registration) -> list[int]:
    """Stores answers into a scope and registers it; the reply of each store.

    Raises:
        RedisUnavailable: the scope is erased again and again meanwhile.
    """
    if not is_cluster(client):
        return _together(client, stores, registration)
    replies = _by_themselves(client, stores)
    for _ in range(_ATTEMPTS):
        refused = [at for at, reply in enumerate(replies) if reply == _REFUSED]
        if not refused:
            return replies
        again = [stores[at] for at in refused]
        confirm = registration.ahead(client, *_needed(again))
        for at, reply in zip(refused, _by_themselves(client, again, confirm), strict=True):
            replies[at] = reply
    raise RedisUnavailable("the scope is being erased at this moment", retry_after_s=0.1)


def renewed(client: redis.Redis, registration: Registration, documents: Iterable[str], ttl_s: float) -> bool:
    """Makes the notes of an answer anew, so that it may live on; False if the server that has them does not answer."""
    try:
        registration.note(client, documents, ttl_s)
    except RedisUnavailable:
        return False
    return True


def _together(client: redis.Redis, stores: Sequence[Store], registration: Registration) -> list[int]:
    """In one transaction."""
    pipe = client.pipeline(transaction=True)
    lifetimes = dict.fromkeys(store.ttl_s for store in stores)
    for ttl_s in lifetimes:
        registration(
            pipe, dict.fromkeys(doc for store in stores if store.ttl_s == ttl_s for doc in store.documents), ttl_s
        )
    for store in stores:
        store.queue(pipe, "")
    return [int(reply) for reply in executed(client, pipe)[len(lifetimes) :]]


def _by_themselves(
    client: redis.Redis, stores: Sequence[Store], begin: Callable[[Pipeline], None] = lambda pipe: None
) -> list[int]:
    """In one transaction in the slot of the scope; refused where notes would have to be made first."""
    pipe = client.pipeline(transaction=True)
    begin(pipe)
    for store in stores:
        store.queue(pipe, json.dumps(store.documents))
    return [int(reply) for reply in pipe.execute()[-len(stores) :]]


def _needed(stores: Sequence[Store]) -> tuple[list[float | None], list[str]]:
    lifetimes = dict.fromkeys(store.ttl_s for store in stores)
    return list(lifetimes), list(dict.fromkeys(document for store in stores for document in store.documents))
