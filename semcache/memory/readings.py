"""What rules read in each turn, kept beside the turns: names, dates, amounts, and the user's claims.

Facts and entities are gathered from these readings, so that no turn is read again. They are derived: one that is
missing, or that older rules made, is made from its turn when it is asked for. The field `revision` of their hash is
removed by whatever changes them; while it is there, what was gathered under it is still right. The field `generation`
is removed when a turn leaves; while it is there, readings that a process knows are still right, and some may be new.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Sized
from itertools import islice
from typing import Generic, TypeVar, cast

from redis import Redis
from redis.client import Pipeline

from semcache.errors import SealError
from semcache.forking import leaf_lock
from semcache.memory.entities.mentions import candidates
from semcache.memory.entities.names import ordinary_words
from semcache.memory.entities.types import Named, Reading
from semcache.memory.facts.kept import claims_read, claims_written
from semcache.memory.facts.rules.extract import claims_of
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.sealing import Sealer, is_sealed

RULES = 3  # a higher number makes readings of older rules again
_AT_ONCE = 500
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_REVISION, _GENERATION = b"revision", b"generation"
_NO_TURNS = frozenset({_REVISION, _GENERATION})
_Place = tuple[str, str, str, bytes]  # namespace, user, the active key of the sealer, generation
_PlaceT = TypeVar("_PlaceT", bound=Hashable)
_SizedT = TypeVar("_SizedT", bound=Sized)
_Row = tuple[int, float, str, Sequence[Named], str, str]


def reading_of(turn: Turn) -> Reading:
    """Reads a turn; only what the user says claims anything."""
    claims = claims_of(turn.text, turn.at) if turn.role == "user" else ()
    named = tuple(
        Named(one.mention.kind, one.mention.text, one.mention.key, one.sure, one.start) for one in candidates(turn.text)
    )
    return Reading(turn.id, turn.at, turn.speaker, named, " ".join(ordinary_words(turn.text)), claims)


def tells(turn: Turn) -> bool:
    """Whether a turn tells anything of its user."""
    return turn.role == "user" and bool(claims_of(turn.text, turn.at))


def keep_readings(redis: Redis | Pipeline, user: UserKeys, turns: Iterable[Turn], *, sealer: Sealer) -> list[Reading]:
    """Reads turns and keeps what is read in those that are there; one round trip for each 500.

    `redis`: a pipeline too, which is then still to be executed.
    """
    found = [reading_of(turn) for turn in turns]
    rest = iter(found)
    while some := list(islice(rest, _AT_ONCE)):
        arguments = [user.prefix, secrets.token_hex(8)]
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
    """The readings of all turns, in order of time; two round trips if all are kept. Asked again while turns are only
    added, it reads those that are new."""
    name = user.of(keys.READINGS)
    with guarded(), redis.pipeline(transaction=True) as pipe:
        pipe.zrange(user.of(keys.CHRONOLOGY), 0, -1)
        pipe.hget(name, _GENERATION)
        listed, generation = pipe.execute()
    ids = [id.decode() for id in listed]
    place = (user.namespace, user.user, sealer.active, generation)
    known = _known.get(place) if generation else None
    if known is None:
        with guarded():
            stored = cast(dict[bytes, bytes], redis.hgetall(name))
        known = _opened(user, {id.decode(): form for id, form in stored.items() if id not in _NO_TURNS}, sealer)
    unknown = [id for id in ids if id not in known]
    known = known | {one.turn: one for one in read_some(redis, user, unknown, sealer=sealer)}
    if generation:
        _known.put(place, known)
    return [known[id] for id in ids if id in known]


class Remembered(Generic[_PlaceT, _SizedT]):
    """What a process knows of memories, `most` turns in all; the memories that were asked for longest ago leave."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: OrderedDict[_PlaceT, _SizedT] = OrderedDict()
        self._lock = leaf_lock()

    def get(self, place: _PlaceT) -> _SizedT | None:
        with self._lock:
            return self._of.get(place)

    def take(self, place: _PlaceT) -> _SizedT | None:
        """Takes it out, for whoever changes it: until it is put back, others begin with nothing."""
        with self._lock:
            return self._of.pop(place, None)

    def put(self, place: _PlaceT, known: _SizedT) -> None:
        with self._lock:
            self._of.pop(place, None)
            self._of[place] = known
            while sum(map(len, self._of.values())) > self._most:
                self._of.popitem(last=False)


MOST_TURNS = 50_000
_known: Remembered[_Place, dict[str, Reading]] = Remembered(MOST_TURNS)


def revision_of(redis: Redis, user: UserKeys) -> str:
    """The revision of the readings, made if there is none; '' while some turn has no reading, or nothing is stored."""
    name, fresh = user.of(keys.READINGS), secrets.token_hex(8)
    with guarded(), redis.pipeline(transaction=True) as pipe:
        pipe.hget(name, _REVISION)
        pipe.zcard(user.of(keys.CHRONOLOGY))
        pipe.hlen(name)
        pipe.hexists(name, _GENERATION)
        revision, turns, fields, generation = pipe.execute()
        if not turns or fields - (revision is not None) - generation != turns:
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
    """The readings that these forms hold, but for those of other rules, or under a key that is gone."""
    texts = {id: form.decode() for id, form in forms.items()}
    for id in [id for id, text in texts.items() if is_sealed(text)]:
        try:
            texts[id] = sealer.open(texts[id], place_of(user, id))
        except SealError:  # its turn may be sealed under another key by now
            del texts[id]
    rows: list[_Row] = json.loads(f"[{','.join(texts.values())}]")  # at once: ten thousand calls take twice as long
    return {
        id: Reading(id, at, speaker, named, words, claims_read(claims) if claims else ())
        for id, (rules, at, speaker, named, words, claims) in zip(texts, rows, strict=True)
        if rules == RULES
    }


def _written(reading: Reading) -> str:
    claims = claims_written(reading.claims) if reading.claims else ""
    form: _Row = (RULES, reading.at, reading.speaker, reading.named, reading.words, claims)
    return _JSON(form)
