"""A memory's turns read by a language model: those that none has read yet, some at a time.

What was read is kept after each answer, so a run that ends early loses nothing and the next one goes on from there;
over what is read it asks nothing. (`semcache-ingest extract` does the same through Kafka, as turns come.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from redis import Redis

from semcache.llm import Llm
from semcache.memory.facts.kept import Kept, keep_claims
from semcache.memory.facts.model import facts_by_model
from semcache.memory.facts.types import Claim, Told
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

AT_ONCE = 10  # turns in one question: more of them, and models begin to leave some out


@dataclass(frozen=True, slots=True)
class FactsRead:
    """What a run did: turns that were read, and the claims found in them."""

    turns: int
    claims: int


def read_by_model(redis: Redis, user: UserKeys, llm: Llm, *, most: int | None, sealer: Sealer) -> FactsRead:
    """Has the user's own turns read, oldest first, at most `most` of them. Raises as `facts_by_model`."""
    turns = claims = 0
    for batch in _batches(islice(_unread(redis, user, sealer), most)):
        told = facts_by_model(llm, batch)
        for turn in batch:
            found = _claims_of(turn, told)
            if keep_claims(redis, user, turn.id, found, sealer=sealer) is not Kept.NO_TURN:
                turns, claims = turns + 1, claims + len(found)
    return FactsRead(turns, claims)


def _claims_of(turn: Turn, told: Sequence[Told]) -> list[Claim]:
    return [one.claim for one in told if one.turn == turn.id]


def _unread(redis: Redis, user: UserKeys, sealer: Sealer) -> Iterator[Turn]:
    with guarded():
        ids = cast(list[bytes], redis.zrange(user.of(keys.CHRONOLOGY), 0, -1))
        read = set(cast(list[bytes], redis.hkeys(user.of(keys.CLAIMS))))
    unread = (id.decode() for id in ids if id not in read)
    while some := list(islice(unread, 10 * AT_ONCE)):
        turns = read_turns(redis, [(user, id) for id in some], sealer=sealer)
        yield from (turn for turn in turns if turn and turn.role == "user")


def _batches(turns: Iterator[Turn]) -> Iterator[list[Turn]]:
    while batch := list(islice(turns, AT_ONCE)):
        yield batch
