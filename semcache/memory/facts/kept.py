"""What a language model read in a user's turns, kept beside them: a turn's claims take the place of what rules read.

The rules read a text whenever facts are asked for; a model is too slow for that. Its claims are sealed like the text,
leave with their turn, and are refused for a turn that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any, cast

from redis import Redis

from semcache.memory.facts.types import Change, Claim
from semcache.memory.stored.layout import UserKeys
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.sealing import Sealer


class Kept(StrEnum):
    """What became of a turn's claims."""

    WRITTEN = "written"
    SAME = "same"  # they were there already
    NO_TURN = "no turn"  # erased, forgotten, or never written


_STATES = {1: Kept.WRITTEN, 0: Kept.SAME, -1: Kept.NO_TURN}


def keep_claims(redis: Redis, user: UserKeys, turn: str, claims: Sequence[Claim], *, sealer: Sealer) -> Kept:
    """Keeps what a model read in a turn, in the place of what was kept before; no claims: it tells nothing."""
    form = sealer.seal(claims_written(claims), place_of(user, turn))
    names = [user.turn(turn), user.of(keys.CLAIMS), user.of(keys.TELLING), user.of(keys.READINGS)]
    with guarded():
        state = script("memory_keep_claims")(redis, keys=names, args=[turn, form, int(bool(claims))])
    return _STATES[int(state)]


def kept_claims(redis: Redis, user: UserKeys, turns: Sequence[str], *, sealer: Sealer) -> dict[str, tuple[Claim, ...]]:
    """The claims of those turns that a model has read; one round trip. Raises SealError as `Sealer.open`."""
    if not turns:
        return {}
    with guarded():
        forms = cast(list[bytes | None], redis.hmget(user.of(keys.CLAIMS), list(turns)))
    found = ((turn, form.decode()) for turn, form in zip(turns, forms, strict=True) if form is not None)
    return {turn: claims_read(sealer.open(form, place_of(user, turn))) for turn, form in found}


def place_of(user: UserKeys, turn: str) -> str:
    """The place that a turn's claims are sealed for."""
    return f"{user.turn(turn)}#claims"


def claims_written(claims: Sequence[Claim]) -> str:
    """Claims as JSON."""
    return json.dumps([asdict(claim) for claim in claims], ensure_ascii=False)


def claims_read(form: str) -> tuple[Claim, ...]:
    """The claims that `claims_written` wrote."""
    rows: list[dict[str, Any]] = json.loads(form)
    return tuple(Claim(**(row | {"change": Change(row["change"])})) for row in rows)
