"""Invariants of a user's memory: turns, sessions, postings, vectors, counters and windows agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.checks.finding import Finding, Known
from semcache.store.checks.reading import Question, ask, judged, listings, members, scored, texts
from semcache.store.sealing import is_sealed

REBUILD = "write this memory again from Kafka's log: `semcache-ingest run --from-beginning` into a fresh namespace"
_STABLE_TRIES = 5
_FIELDS = ("session", "role", "text", "at", "event", "stems", "length")


def turns(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A turn is whole, and chronology, session, postings and vectors have it."""
    rows = ask(redis, [("HGETALL", key.name) for key in found])
    stored = [(key, _fields(row)) for key, row in zip(found, rows, strict=True) if row]
    users = {key.tag: key for key, _ in stored}
    models = ask(redis, [("SMEMBERS", key.sibling(keys.TURN_MODELS)) for key in users.values()])
    vectors = {tag: _vector_sets(key, those) for (tag, key), those in zip(users.items(), models, strict=True)}
    for key, fields in stored:
        lacking = [name for name in _FIELDS if name not in fields]
        if lacking:
            yield Finding(key.name, f"the turn lacks {', '.join(lacking)}", REBUILD)
    whole = [(key, fields) for key, fields in stored if fields.keys() >= set(_FIELDS)]
    for key, fields in whole:
        stems, length = texts(fields[name] for name in ("stems", "length"))
        if length != str(count := len(stems.split())):
            yield Finding(key.name, f"the turn has {count} stems, not {length}", f"HSET {key.name} length {count}")
    yield from judged(redis, [_about_turn(key, fields, vectors[key.tag]) for key, fields in whole])


def _fields(row: Any) -> dict[str, bytes]:
    pairs = row.items() if isinstance(row, dict) else zip(row[::2], row[1::2], strict=True)
    return {name.decode(): value for name, value in pairs}


def _vector_sets(key: Known, models: Iterable[bytes]) -> dict[str, str]:
    """A user's vector sets by the field that a turn's own copy of its vectors has."""
    names = [model.decode() for model in models]
    return {f"vectors:{_digest(name)}": key.sibling(keys.TURN_VECTORS, fingerprint=name) for name in names}


def _passages_of(vector_set: str) -> str:
    """The key of the passages' vectors beside that of the turns' of the same model."""
    return vector_set.replace("}:turns:", "}:passages:")


def _digest(fingerprint: str) -> str:
    return hashlib.blake2b(fingerprint.encode(), digest_size=4).hexdigest()


def _about_turn(key: Known, fields: dict[str, bytes], vector_sets: dict[str, str]) -> Question:
    id, (session, at, stems) = key.ids["turn"], texts(fields[name] for name in ("session", "at", "stems"))
    orders = (key.sibling(keys.CHRONOLOGY), key.sibling(keys.SESSION, session=session))
    postings = [key.sibling(keys.TURN_STEM, stem=stem) for stem in dict.fromkeys(stems.split())]
    copies = [name for name in fields if name.startswith("vectors:")]
    vectors = [vector_sets[name] for name in copies if name in vector_sets]
    expected = [(name, id) for name in vectors]
    expected += [
        (_passages_of(name), f"{id}#{n + 1}") for name in vectors for n in range(int(fields.get("passages", 0)))
    ]

    def judge(replies: list[Any]) -> Iterator[Finding]:
        scores, others = replies[: len(orders)], iter(replies[len(orders) :])
        for name, score in zip(orders, scores, strict=True):
            if not _equals(score, float(at)):
                told = "does not have it" if score is None else f"has it at {float(score)!r}"
                yield Finding(key.name, f"the turn is of {at}, but {name} {told}", f"ZADD {name} {at} {id}")
        for name in postings:
            if not _is_score(next(others)):
                yield Finding(key.name, f"the turn is not in {name}", REBUILD)
        for name, element in expected:
            if next(others) != 1:
                yield Finding(key.name, f"the turn has no vector {element} in {name}", REBUILD)
        erased = next(others)
        if erased is not None and float(at) <= float(erased):
            mend = "erase the user again: `semcache memory erase`"
            yield Finding(key.name, "the turn is older than the erasure of its user", mend)
        if len(vectors) < len(copies):
            yield Finding(key.name, "the turn has vectors of a model that is not among the user's", REBUILD)

    commands: list[tuple[str, ...]] = [("ZSCORE", name, id) for name in (*orders, *postings)]
    commands += [("VISMEMBER", name, element) for name, element in expected]
    return Question([*commands, ("GET", key.sibling(keys.ERASED))], judge)


def passages(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A vector of a passage belongs to a turn that is there and has so many."""
    yield from judged(redis, (_about_passages(key, page) for key in found for page in members(redis, key.name)))


def _about_passages(key: Known, names: list[str]) -> Question:
    parts = [name.rpartition("#") for name in names]

    def judge(rows: list[Any]) -> Iterator[Finding]:
        for name, (id, _, number), (count,) in zip(names, parts, rows, strict=True):
            if not number.isdecimal() or not 0 < int(number) <= int(count or 0):
                yield Finding(key.name, f"turn {id} has no passage {number}", f"VREM {key.name} {name}")

    return Question([("HMGET", key.sibling(keys.TURN, turn=id), "passages") for id, _, _ in parts], judge)


def _is_score(reply: Any) -> bool:
    return isinstance(reply, bytes | float)


def _equals(score: Any, expected: float) -> bool:
    return _is_score(score) and float(score) == expected


def listed(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What lists turns (chronology, postings, vectors) lists turns that are there; a posting, those with its stem."""
    vectors = [key for key in found if key.kind is keys.TURN_VECTORS]
    pages = chain(
        listings(redis, [key for key in found if key.kind is not keys.TURN_VECTORS]),
        ((key, page) for key in vectors for page in members(redis, key.name)),
    )
    yield from judged(redis, (_about_listed(key, page) for key, page in pages))


def _about_listed(key: Known, ids: list[str]) -> Question:
    stem, remove = key.ids.get("stem"), "VREM" if key.kind is keys.TURN_VECTORS else "ZREM"

    def judge(rows: list[Any]) -> Iterator[Finding]:
        for id, row in zip(ids, rows, strict=True):
            event, stems = texts(row)
            if not event:
                yield Finding(key.name, f"there is no turn {id}", f"{remove} {key.name} {id}")
            elif stem is not None and stem not in stems.split():
                yield Finding(key.name, f"turn {id} does not have this stem", f"{remove} {key.name} {id}")

    return Question([("HMGET", key.sibling(keys.TURN, turn=id), "event", "stems") for id in ids], judge)


def _ids(redis: Redis, key: str) -> Iterator[list[str]]:
    for page in scored(redis, key):
        yield [id for id, _ in page]


def sessions(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A session's turns are its own, at their times, and its last time is theirs."""
    for key in found:
        session, last = key.ids["session"], float("-inf")
        for page in scored(redis, key.name):
            rows = ask(redis, [("HMGET", key.sibling(keys.TURN, turn=id), "session", "at") for id, _ in page])
            for (id, score), row in zip(page, rows, strict=True):
                of, at = texts(row)
                last = max(last, score)
                if of != session or float(at) != score:
                    wrong = f"turn {id} is not of this session and time" if of else f"there is no turn {id}"
                    yield Finding(key.name, wrong, f"ZREM {key.name} {id}")
        if last > float("-inf"):
            yield from _listed_at(redis, key, last)


def _listed_at(redis: Redis, key: Known, last: float) -> Iterator[Finding]:
    session, name = key.ids["session"], key.sibling(keys.SESSIONS)
    (score,) = ask(redis, [("ZSCORE", name, session)])
    if not _equals(score, last):
        told = "does not have it" if score is None else f"says {float(score):.17g}"
        wrong = f"the session's turns make {last:.17g}, {name} {told}"
        yield Finding(key.name, wrong, f"ZADD {name} {last:.17g} {session}")


def of_sessions(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What lists sessions lists sessions that are there."""
    yield from judged(redis, (_about_sessions(key, page) for key, page in listings(redis, found)))


def _about_sessions(key: Known, names: list[str]) -> Question:
    def judge(replies: list[Any]) -> Iterator[Finding]:
        for name, there in zip(names, replies, strict=True):
            if not there:
                yield Finding(key.name, f"there is no session {name}", f"ZREM {key.name} {name}")

    return Question([("EXISTS", key.sibling(keys.SESSION, session=name)) for name in names], judge)


def of_earlier_versions(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What earlier versions wrote, once for each memory that was not made new since."""
    for key in found:
        yield Finding(key.name, "an earlier version wrote it, nothing reads it", "`semcache memory reindex`")


def corpora(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """The corpus counts the turns that have stems, and these."""
    for key in found:
        chronology = key.sibling(keys.CHRONOLOGY)
        for _ in range(_STABLE_TRIES):
            before = _counters(redis, key.name, chronology)
            counted = _count(redis, key, chronology)
            if _counters(redis, key.name, chronology) == before:
                yield from counters(key.name, before[:2], counted)
                break  # else somebody writes: what was counted is not what there was


def _counters(redis: Redis, corpus: str, chronology: str) -> tuple[int, int, int]:
    (noted, turns) = ask(redis, [("HMGET", corpus, "members", "terms"), ("ZCARD", chronology)])
    return int(noted[0] or 0), int(noted[1] or 0), turns


def _count(redis: Redis, key: Known, chronology: str) -> tuple[int, int]:
    with_stems = terms = 0
    for page in _ids(redis, chronology):
        for stems in ask(redis, [("HGET", key.sibling(keys.TURN, turn=id), "stems") for id in page]):
            length = len((stems or b"").split())
            with_stems, terms = with_stems + (length > 0), terms + length
    return with_stems, terms


def counters(corpus: str, noted: tuple[int, int], counted: tuple[int, int]) -> Iterator[Finding]:
    """A corpus that says something else than there is."""
    if noted != counted:
        wrong = f"it says {noted[0]} members with {noted[1]} terms, there are {counted[0]} with {counted[1]}"
        yield Finding(corpus, wrong, f"HSET {corpus} members {counted[0]} terms {counted[1]}")


def windows(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A window holds readable turns at their times."""
    for key in found:
        for page in scored(redis, key.name):
            for form, score in page:
                try:
                    fits = float(json.loads(form)["at"]) == score
                except (ValueError, KeyError, TypeError):
                    fits = False
                if not fits:
                    yield Finding(key.name, f"it holds no turn of {score!r}, but {form[:40]}...", f"DEL {key.name}")


def pinned(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What is pinned is there."""
    for key in found:
        for page in members(redis, key.name):
            there = ask(redis, [("EXISTS", key.sibling(keys.TURN, turn=id)) for id in page])
            for id in (id for id, exists in zip(page, there, strict=True) if not exists):
                yield Finding(key.name, f"there is no turn {id}", f"SREM {key.name} {id}")


def forgotten(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What was forgotten is gone."""
    for key in found:
        for page in _ids(redis, key.name):
            there = ask(redis, [("EXISTS", key.sibling(keys.TURN, turn=id)) for id in page])
            for id in (id for id, exists in zip(page, there, strict=True) if exists):
                yield Finding(key.name, f"turn {id} was forgotten, but is there", "forget it again")


def claims(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """What was read, by a model or by rules, belongs to turns that are there, and can be read again."""
    for key in found:
        (stored,) = ask(redis, [("HGETALL", key.name)])
        forms = {id: form for id, form in _fields(stored).items() if id not in ("revision", "generation")}
        there = ask(redis, [("EXISTS", key.sibling(keys.TURN, turn=id)) for id in forms])
        for (id, form), exists in zip(forms.items(), there, strict=True):
            if not exists:
                yield Finding(key.name, f"there is no turn {id}", f"HDEL {key.name} {id}")
            elif not _is_list(form.decode("utf-8", "replace")):
                yield Finding(key.name, f"what was read in turn {id} is no list", f"HDEL {key.name} {id}")


def _is_list(form: str) -> bool:
    try:
        return is_sealed(form) or isinstance(json.loads(form), list)
    except ValueError:
        return False


CHECKS = {
    keys.CLAIMS: claims,
    keys.READINGS: claims,
    keys.PINNED: pinned,
    keys.FORGOTTEN: forgotten,
    keys.TURN: turns,
    keys.CHRONOLOGY: listed,
    keys.TELLING: listed,
    keys.TURN_STEM: listed,
    keys.TURN_VECTORS: listed,
    keys.TURN_PASSAGES: passages,
    keys.SESSION: sessions,
    keys.SESSIONS: of_sessions,
    keys.SESSION_LENGTHS: of_earlier_versions,
    keys.TURN_CORPUS: corpora,
    keys.WINDOW: windows,
}
