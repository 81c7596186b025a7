"""A user's facts and entities, remembered in the process until the memory changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from redis import Redis

from semcache.memory.entities.gather import gather
from semcache.memory.entities.types import Entity
from semcache.memory.facts.recall import read_facts
from semcache.memory.facts.types import Fact
from semcache.memory.layout import UserKeys
from semcache.memory.readings import read_all, revision_of
from semcache.store.sealing import Sealer

_T = TypeVar("_T")
_MOST = 64  # memories whose facts or entities are remembered
_remembered: OrderedDict[tuple[str, str, str, str], Any] = OrderedDict()
_lock = threading.Lock()


def known_facts(redis: Redis, user: UserKeys, *, sealer: Sealer) -> tuple[Fact, ...]:
    """Everything known of a user, past and present; one round trip while the memory stays as it is."""
    return _while_unchanged(redis, user, "facts", lambda: read_facts(redis, user, sealer=sealer))


def known_entities(redis: Redis, user: UserKeys, *, sealer: Sealer) -> tuple[Entity, ...]:
    """What a memory mentions, the most mentioned first; one round trip while the memory stays as it is."""

    def read() -> tuple[Entity, ...]:
        readings = read_all(redis, user, sealer=sealer)
        return tuple(gather(readings, known_facts(redis, user, sealer=sealer)))

    return _while_unchanged(redis, user, "entities", read)


def _while_unchanged(redis: Redis, user: UserKeys, what: str, read: Callable[[], _T]) -> _T:
    """What `read` gives, read again only after a change. Revisions are random: no two memories share one."""
    revision = revision_of(redis, user)
    place = (user.namespace, user.user, what, revision)
    with _lock:
        if revision and place in _remembered:
            _remembered.move_to_end(place)
            return cast(_T, _remembered[place])
    found = read()
    if revision and revision_of(redis, user) == revision:  # nothing changed while it was read
        with _lock:
            _remembered[place] = found
            while len(_remembered) > _MOST:
                _remembered.popitem(last=False)
    return found
