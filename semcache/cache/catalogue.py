"""The catalogue of scopes: which scopes of a namespace hold or held answers, found without their embedder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from semcache.cache.scope import Scope
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import guarded


@guarded()
def scopes(client: redis.Redis, namespace: str) -> list[Scope]:
    """All scopes of a namespace that ever held an answer, in the order of their items."""
    found: Any = client.hgetall(keys.CACHE_SCOPES.build(namespace=namespace))
    return sorted((Scope.from_json(namespace, text) for text in found.values()), key=lambda scope: scope.items)


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
