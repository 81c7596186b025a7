"""What rules read in each turn, kept beside the turns: names, dates, amounts, and the user's claims.

Facts and entities are gathered from these readings, so that no turn is read again. They are derived: one that is
missing, or that older rules made, is made from its turn when it is asked for. The field `revision` of their hash is
removed by whatever changes them; while it is there, what was gathered under it is still right.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import cast

from redis import Redis

from semcache.errors import SealError
from semcache.memory.entities.mentions import candidates
from semcache.memory.entities.names import ordinary_words
from semcache.memory.entities.types import Kind, Named, Reading
from semcache.memory.facts.kept import claims_read, claims_written
from semcache.memory.facts.rules.extract import claims_of
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.sealing import Sealer, is_sealed

RULES = 2  # a higher number makes readings of older rules again
_AT_ONCE = 500
_REVISION = b"revision"


def reading_of(turn: Turn) -> Reading:
    """Reads a turn; only what the user says claims anything."""
    claims = claims_of(turn.text, turn.at) if turn.role == "user" else ()
    named = tuple(
        Named(one.mention.kind, one.mention.text, one.mention.key, one.sure, one.start) for one in candidates(turn.text)
    )
    return Reading(turn.id, turn.at, turn.speaker, named, ordinary_words(turn.text), claims)


def tells(turn: Turn) -> bool:
    """Whether a turn tells anything of its user."""
    return turn.role == "user" and bool(claims_of(turn.text, turn.at))


def keep_readings(redis: Redis, user: UserKeys, turns: Iterable[Turn], *, sealer: Sealer) -> list[Reading]:
    """Reads turns and keeps what is read in those that are there; one round trip for each 500."""
    found = [reading_of(turn) for turn in turns]
    rest = iter(found)
    while some := list(islice(rest, _AT_ONCE)):
        arguments = [user.prefix]
        for reading in some:
            arguments += (reading.turn, sealer.seal(_written(reading), place_of(user, reading.turn)))
        with guarded():
            script("memory_keep_readings")(redis, keys=[user.of(keys.READINGS)], args=arguments)
    return found


def read_some(redis: Redis, user: UserKeys, ids: Sequence[str], *, sealer: Sealer) -> list[Reading]:
    """The readings of those of the turns that are there, in the order of the ids; one round trip if all are kept."""
    if not ids:
        return []
    with guarded():
        forms = cast(list[bytes | None], redis.hmget(user.of(keys.READINGS), list(ids)))
    known = _opened(user, {id: form for id, form in zip(ids, forms, strict=True) if form is not None}, sealer)
    known |= _made(redis, user, [id for id in ids if id not in known], sealer)
    return [known[id] for id in ids if id in known]


def read_all(redis: Redis, user: UserKeys, *, sealer: Sealer) -> list[Reading]:
    """The readings of all turns, in order of time; one round trip if all are kept."""
    name = user.of(keys.READINGS)
    with guarded(), redis.pipeline(transaction=True) as pipe:
        pipe.zrange(user.of(keys.CHRONOLOGY), 0, -1)
        pipe.hgetall(name)
        listed, stored = pipe.execute()
    stored.pop(_REVISION, None)
    ids = [id.decode() for id in listed]
    known = _opened(user, {id.decode(): form for id, form in stored.items()}, sealer)
    known |= _made(redis, user, [id for id in ids if id not in known], sealer)
    return [known[id] for id in ids if id in known]


def revision_of(redis: Redis, user: UserKeys) -> str:
    """The revision of the readings, made if there is none; '' while some turn has no reading, or nothing is stored."""
    name, fresh = user.of(keys.READINGS), secrets.token_hex(8)
    with guarded(), redis.pipeline(transaction=True) as pipe:
        pipe.hget(name, _REVISION)
        pipe.zcard(user.of(keys.CHRONOLOGY))
        pipe.hlen(name)
        revision, turns, fields = pipe.execute()
        if not turns or fields - (revision is not None) != turns:
            return ""
        if revision is None:
            redis.hsetnx(name, _REVISION, fresh)
            return fresh if redis.hget(name, _REVISION) == fresh.encode() else ""
    return str(revision.decode())


def place_of(user: UserKeys, turn: str) -> str:
    """The place that a turn's reading is sealed for."""
    return f"{user.turn(turn)}#reading"


def _made(redis: Redis, user: UserKeys, ids: Sequence[str], sealer: Sealer) -> dict[str, Reading]:
    """Readings that are not there yet, or are of older rules."""
    made: dict[str, Reading] = {}
    for first in range(0, len(ids), _AT_ONCE):
        turns = read_turns(redis, [(user, id) for id in ids[first : first + _AT_ONCE]], sealer=sealer)
        there = [turn for turn in turns if turn]
        made |= {one.turn: one for one in keep_readings(redis, user, there, sealer=sealer)}
    return made


def _opened(user: UserKeys, forms: Mapping[str, bytes], sealer: Sealer) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for id, form in forms.items():
        try:
            text = form.decode()
            reading = _read(id, sealer.open(text, place_of(user, id)) if is_sealed(text) else text)
        except SealError:
            continue  # its key is gone; its turn may be sealed under another one by now
        if reading:
            found[id] = reading
    return found


def _written(reading: Reading) -> str:
    rows = [(one.kind.value, *one[1:]) for one in reading.named]
    claims = claims_written(reading.claims) if reading.claims else ""
    form = [RULES, reading.at, reading.speaker, rows, " ".join(reading.words), claims]
    return json.dumps(form, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=32_768)
def _read(id: str, form: str) -> Reading | None:
    """A reading from its form; None if it is of other rules."""
    rules, at, speaker, rows, words, claims = json.loads(form)
    if rules != RULES:
        return None
    names = tuple(Named(_KINDS[kind], text, key, sure, start) for kind, text, key, sure, start in rows)
    return Reading(id, at, speaker, names, tuple(words.split()), claims_read(claims) if claims else ())


_KINDS = {kind.value: kind for kind in Kind}
