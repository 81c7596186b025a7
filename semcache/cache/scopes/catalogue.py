"""The catalogue of scopes: which scopes of a namespace hold answers or have learned, found without their embedder.

A scope is noted in the transaction that stores an answer, and leaves when it holds nothing any more, or by itself when
the longest-lived of its answers and what was learned from them are gone.
"""

from __future__ import annotations

from collections.abc import Mapping

import redis

from semcache.cache.entries import Entries
from semcache.cache.learning.state import LearningState
from semcache.cache.scope import Scope
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import unregister
from semcache.store.pages import hash_fields


@guarded()
def listed(client: redis.Redis, namespace: str) -> list[tuple[str, Scope]]:
    """The ids under which scopes are stored, and what they are; also those of former formats. Read in pages."""
    found = hash_fields(client, keys.CACHE_SCOPES.build(namespace=namespace))
    known = ((id.decode(), Scope.from_json(namespace, text)) for id, text in found)
    return sorted(known, key=lambda one: (one[1].items, one[0]))


def scopes(client: redis.Redis, namespace: str) -> list[Scope]:
    """The scopes of a namespace that hold answers or have learned, in the order of their items."""
    return [scope for id, scope in listed(client, namespace) if scope.id == id]


def matching(known: list[Scope], items: Mapping[str, str]) -> list[Scope]:
    """The scopes that have all these items; all, if there are none.

    Raises:
        InvalidInput: items were given and no scope has them; the message lists what there is.
    """
    found = [scope for scope in known if items.items() <= dict(scope.items).items()]
    if items and not found:
        names = sorted({f"{name}={value[:40]}" for scope in known for name, value in scope.items})
        raise InvalidInput(
            f"no scope has {', '.join(f'{name}={value}' for name, value in items.items())}; "
            f"there is {', '.join(names) or 'no scope at all'}"
        )
    return found


def drop(client: redis.Redis, namespace: str, scope: str, entries: Entries) -> int:
    """Removes a scope by its id: its answers, its statistics and what it has learned; returns how many answers.

    What is learned or counted at this moment is not written any more. An answer that is stored meanwhile stays whole,
    and in the catalogue.
    """
    removed = entries.clear()
    LearningState(client, scope).forget()
    entries.forget()
    unregister(client, namespace, scope)
    return removed
