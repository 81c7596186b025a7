"""What always holds in a user's memory, checked from the turns: written apart from the checker of the product.

Every turn is in the chronology, in its session, in its vector set and under each of its stems, with the right weight;
nothing else is there; the counts are those of the turns; each context was made with the turn before; nothing is older
than the user's erasure, and nothing forgotten is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from redis import Redis

from semcache.memory.stored.layout import TURN_WEIGHTING, UserKeys, vectors_field
from semcache.store import keys
from semcache.store.connect import guarded

_TURN_FIELDS = ("session", "at", "stems", "previous", "text", "length")
_TOLERANCE = 1e-9
_TRIES = 3  # memories are written while they are read: only what is found each time is a problem


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that does not hold: of which user, and what it is."""

    namespace: str
    user: str
    what: str


def users_of(redis: Redis, *, namespace: str | None = None) -> Iterator[UserKeys]:
    """Every user who has a key in memory, once each."""
    wanted = "*" if namespace is None else keys.escape(namespace)
    seen: set[UserKeys] = set()
    with guarded():
        for key in redis.scan_iter(match=f"{keys.PREFIX}:{{m:{wanted}:*", count=1_000):
            tag = key.decode().split("}", 1)[0].split(":")
            user = UserKeys(unquote(tag[-2]), unquote(tag[-1]))
            if user not in seen:
                seen.add(user)
                yield user


def check_user(redis: Redis, user: UserKeys) -> list[Problem]:
    """What is wrong in one memory. A writer at the same time raises no false alarm."""
    found = set(_problems(redis, user))
    for _ in range(_TRIES - 1):
        if not found:
            break
        found &= set(_problems(redis, user))
    return [Problem(user.namespace, user.user, what) for what in sorted(found)]


@dataclass(frozen=True, slots=True)
class _Turn:
    session: str
    at: float
    stems: tuple[str, ...]
    previous: str
    length: int


def _problems(redis: Redis, user: UserKeys) -> Iterator[str]:
    with guarded():
        there = {key.decode() for key in redis.scan_iter(match=f"{user.prefix}*", count=1_000)}
        yield from (f"nobody declared the key {key}" for key in there if keys.kind_of(key) is None)
        turns = _turns(redis, user, there)
        yield from _chronology(redis, user, turns)
        yield from _sessions(redis, user, turns, there)
        yield from _postings(redis, user, turns, there)
        yield from _vectors(redis, user, turns, there)
        yield from _tombstones(redis, user, turns)


def _turns(redis: Redis, user: UserKeys, there: set[str]) -> dict[str, _Turn]:
    ids = sorted(key.removeprefix(user.turn_prefix) for key in there if key.startswith(user.turn_prefix))
    with redis.pipeline(transaction=False) as pipe:
        for id in ids:
            pipe.hmget(user.turn(id), *_TURN_FIELDS)
        rows = pipe.execute()
    return {
        id: _Turn(session.decode(), float(at), tuple(stems.decode().split()), previous.decode(), int(length))
        for id, (session, at, stems, previous, text, length) in zip(ids, rows, strict=True)
        if None not in (session, at, stems, previous, text, length)
    }


def _chronology(redis: Redis, user: UserKeys, turns: Mapping[str, _Turn]) -> Iterator[str]:
    listed = _scores(redis, user.of(keys.CHRONOLOGY))
    yield from (f"turn {id} is in the chronology, but is not stored whole" for id in listed.keys() - turns.keys())
    yield from (f"turn {id} is not in the chronology" for id in turns.keys() - listed.keys())
    yield from (
        f"turn {id} is in the chronology at {listed[id]}, not at {turn.at}"
        for id, turn in turns.items()
        if listed.get(id, turn.at) != turn.at
    )


def _sessions(redis: Redis, user: UserKeys, turns: Mapping[str, _Turn], there: set[str]) -> Iterator[str]:
    members: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for id, turn in turns.items():
        members[turn.session].append((turn.at, id))
    expected = {session: sorted(ordered) for session, ordered in members.items()}
    for session, ordered in expected.items():
        listed = [(at, id) for id, at in _scores(redis, user.session(session)).items()]
        if listed != ordered:
            yield f"session {session!r} does not list its turns in order"
        for (_, before), (_, id) in zip([(0.0, ""), *ordered], ordered, strict=False):
            if turns[id].previous != before:
                yield f"the context of turn {id} was not made with the turn before it"
    last = {session: ordered[-1][0] for session, ordered in expected.items()}
    if _scores(redis, user.of(keys.SESSIONS)) != last:
        yield "the list of sessions is not that of the turns"
    prefix = user.of(keys.SESSION, session="")
    known = {user.session(session) for session in expected}
    yield from (f"{key} belongs to no turn" for key in there if key.startswith(prefix) and key not in known)


def _postings(redis: Redis, user: UserKeys, turns: Mapping[str, _Turn], there: set[str]) -> Iterator[str]:
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    wrong = [id for id, turn in turns.items() if turn.length != len(turn.stems)]
    yield from (f"the length of turn {id} is not that of its stems" for id in wrong)
    for id, turn in turns.items():
        for stem, weight in TURN_WEIGHTING.weights(turn.stems).items():
            weights[user.stem(stem)][id] = weight
    for key in {key for key in there if key.startswith(user.stem(""))} | weights.keys():
        if not _same(_scores(redis, key), weights.get(key, {})):
            yield f"{key} does not hold what the turns say"
    old = (user.of(keys.SESSION_LENGTHS), user.of(keys.SESSION_STEM, stem=""))
    yield from (f"{key} is of an earlier version" for key in there if key.startswith(old))
    corpus = cast(dict[bytes, bytes], redis.hgetall(user.of(keys.TURN_CORPUS)))
    stored = {name.decode(): int(value) for name, value in corpus.items()}
    spoken = [turn.stems for turn in turns.values() if turn.stems]
    if stored != ({"members": len(spoken), "terms": sum(map(len, spoken))} if spoken else {}):
        yield f"the corpus counts {stored}, the turns {len(spoken)} with {sum(map(len, spoken))} stems"


def _vectors(redis: Redis, user: UserKeys, turns: Mapping[str, _Turn], there: set[str]) -> Iterator[str]:
    models = {name.decode() for name in cast(set[bytes], redis.smembers(user.of(keys.TURN_MODELS)))}
    prefix = user.vectors("")
    known = {user.vectors(model) for model in models}
    yield from (f"{key} is of an unknown model" for key in there if key.startswith(prefix) and key not in known)
    for model in sorted(models):
        key, field = user.vectors(model), vectors_field(model)
        with redis.pipeline(transaction=False) as pipe:
            for id in turns:
                pipe.hexists(user.turn(id), field)
                pipe.execute_command("VISMEMBER", key, id)
            replies = pipe.execute()
        packed = {id for id, found in zip(turns, replies[::2], strict=True) if found}
        indexed = {id for id, found in zip(turns, replies[1::2], strict=True) if found}
        yield from (f"turn {id} has no vector in {key}" for id in packed - indexed)
        yield from (f"turn {id} lacks its own vectors of {model}" for id in indexed - packed)
        size: Any = redis.execute_command("VCARD", key)
        if int(size or 0) != len(indexed):
            yield f"{key} has {size} vectors, of which {len(indexed)} belong to turns"


def _tombstones(redis: Redis, user: UserKeys, turns: Mapping[str, _Turn]) -> Iterator[str]:
    erased = float(cast(bytes, redis.get(user.of(keys.ERASED))) or "-inf")
    yield from (f"turn {id} is older than the user's erasure" for id, turn in turns.items() if turn.at <= erased)
    forgotten = _scores(redis, user.of(keys.FORGOTTEN)).keys()
    yield from (f"turn {id} was forgotten, and is there" for id in turns.keys() & forgotten)
    pins = {id.decode() for id in cast(set[bytes], redis.smembers(user.of(keys.PINNED)))}
    yield from (f"turn {id} is pinned, but not there" for id in pins - turns.keys())


def _scores(redis: Redis, key: str) -> dict[str, float]:
    found = cast(list[tuple[bytes, float]], redis.zrange(key, 0, -1, withscores=True))
    return {member.decode(): score for member, score in found}


def _same(found: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    return found.keys() == expected.keys() and all(
        abs(score - expected[member]) <= _TOLERANCE for member, score in found.items()
    )
