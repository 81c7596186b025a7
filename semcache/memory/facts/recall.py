"""A user's facts from Redis: the turns that tell any are listed; what they tell is kept beside them (`readings`).

What a language model has read there comes first (`kept`). What is known follows from the turns, so a replay, a late
turn, a rotation of sealing keys or the forgetting of a turn leaves facts as if everything had been told in order and
nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

from redis import Redis

from semcache.memory.facts.extract import claims_of
from semcache.memory.facts.kept import kept_claims
from semcache.memory.facts.timeline import facts_of
from semcache.memory.facts.types import USER, Claim, Fact, Told
from semcache.memory.layout import UserKeys
from semcache.memory.readings import Reading, read_some
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

_READ_AT_ONCE = 2_000


def tells(turn: Turn) -> bool:
    """Whether a turn tells anything of its user."""
    return turn.role == "user" and bool(claims_of(turn.text, turn.at))


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
