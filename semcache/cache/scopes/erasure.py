"""What leaves the cache when a user is erased: the answers that were kept for that user alone.

An answer that rests on what a user told is only ever stored in a scope that names the user; shared answers never do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import redis

from semcache.cache.entries import Entries
from semcache.cache.scope import OWNER as OWNER  # noqa: PLC0414  re-exported
from semcache.cache.scopes.catalogue import drop, listed

TENANT = "tenant"
"""The scope item that names within which tenant of the server the user has that name."""


def names_of(tenant: str, user: str) -> tuple[str, ...]:
    """The names under which a user of a tenant may be erased: the one the tenant uses, and the server's."""
    return (user,) if user.startswith(f"{tenant}/") else (user, f"{tenant}/{user}")


def erase_answers_of(client: redis.Redis, namespace: str, user: str) -> int:
    """Removes the scopes of a user whole, whatever model, prompt or format they are of; returns how many answers.

    A scope is found by the id under which it is stored: one of a former format too.
    """
    own = [id for id, scope in listed(client, namespace) if user in _names(dict(scope.items))]
    return sum(drop(client, namespace, id, Entries(client, id)) for id in own)


def _names(walls: Mapping[str, str]) -> tuple[str, ...]:
    return names_of(walls.get(TENANT, ""), walls[OWNER]) if OWNER in walls else ()


def answers_of(client: redis.Redis, namespace: str) -> Callable[[str, float], Mapping[str, int]]:
    """The same as what the erasure of a memory removes besides; whenever they were stored."""
    return lambda user, at: {"answers": erase_answers_of(client, namespace, user)}
