"""A user's facts and entities from Redis, gathered from the readings of the turns; remembered until the memory changes.

What a language model has read in a turn comes before what rules read there (`facts.kept`). What is known follows from
the turns, so a replay, a late turn, a rotation of sealing keys or the forgetting of a turn leaves facts as if
everything had been told in order and nothing else.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from redis import Redis

from semcache.forking import leaf_lock
from semcache.memory.entities.gather import Gatherer
from semcache.memory.entities.types import Entity, Reading
from semcache.memory.facts.kept import kept_claims
from semcache.memory.facts.timeline import facts_of
from semcache.memory.facts.types import USER, Claim, Fact, Told
from semcache.memory.readings import MOST_TURNS, Remembered, read_all, read_some, revision_of
from semcache.memory.stored.layout import UserKeys
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

_T = TypeVar("_T")
_READ_AT_ONCE = 2_000
_MOST = 64  # memories whose facts or entities are remembered
_remembered: OrderedDict[tuple[str, str, str, str], Any] = OrderedDict()
_lock = leaf_lock()
_gatherers: Remembered[tuple[str, str], Gatherer] = Remembered(MOST_TURNS)


def known_facts(redis: Redis, user: UserKeys, *, sealer: Sealer) -> tuple[Fact, ...]:
    """Everything known of a user, past and present; one round trip while the memory stays as it is."""
    return _while_unchanged(redis, user, "facts", lambda: read_facts(redis, user, sealer=sealer))


def known_entities(redis: Redis, user: UserKeys, *, sealer: Sealer) -> tuple[Entity, ...]:
    """What a memory mentions, the most mentioned first; one round trip while the memory stays as it is."""

    def read() -> tuple[Entity, ...]:
        readings = read_all(redis, user, sealer=sealer)
        facts = known_facts(redis, user, sealer=sealer)
        gather = _gatherers.take((user.namespace, user.user)) or Gatherer()
        found = gather(readings, facts)
        _gatherers.put((user.namespace, user.user), gather)
        return tuple(found)

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


def told_in(
    readings: Sequence[Reading], kept: Mapping[str, tuple[Claim, ...]] | None = None, *, user: str = ""
) -> list[Told]:
    """The claims of a user's turns, each with where it was told; `kept`: those that a model has read, by turn id."""
    known = kept or {}
    owner = _owner(readings, user)
    return [
        Told(claim, reading.turn, reading.at, number)
        for reading in readings
        if not reading.speaker or _first_name(reading.speaker) in owner
        for number, claim in enumerate(known.get(reading.turn, reading.claims))
    ]


def _owner(turns: Sequence[Reading], user: str) -> frozenset[str]:
    """Under which first names the user speaks, where several do: the user's id, or who tells something first.

    Turns without a speaker are the user's; if one of them comes first, others are the user only by the name told there.
    """
    speakers = {_first_name(turn.speaker) for turn in turns if turn.speaker}
    mine = _first_name(user)
    if len(speakers) < 1 or mine in speakers:
        return frozenset({mine})
    first = min(turns, key=lambda turn: (turn.at, turn.turn))
    if first.speaker:
        return frozenset({_first_name(first.speaker)})
    names = (claim for turn in turns if not turn.speaker for claim in turn.claims)
    return frozenset(_first_name(claim.value) for claim in names if claim.attribute == "name" and claim.subject == USER)


def _first_name(name: str) -> str:
    return (name.casefold().split() or [""])[0]


def read_facts(redis: Redis, user: UserKeys, *, sealer: Sealer, until: float = math.inf) -> tuple[Fact, ...]:
    """Everything known of a user, past and present; three round trips for up to 2,000 telling turns.

    `until`: from what was told up to that time, s.

    Raises:
        SealError: a turn is sealed with a key that is not there.
    """
    with guarded():
        told = redis.zrange(user.of(keys.TELLING), "-inf", repr(until), byscore=True)
    ids = [id.decode() for id in cast(list[bytes], told)]
    readings: list[Reading] = []
    kept: dict[str, tuple[Claim, ...]] = {}
    for first in range(0, len(ids), _READ_AT_ONCE):
        some = ids[first : first + _READ_AT_ONCE]
        readings += read_some(redis, user, some, sealer=sealer)
        kept |= kept_claims(redis, user, some, sealer=sealer)
    return facts_of(told_in(readings, kept, user=user.user))
