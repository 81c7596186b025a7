"""Keeps context vectors true: each was made with the turn that stands right before its own in the session.

A turn that lands between two others, or is forgotten, changes what the next one follows. Whoever changed the session
settles it afterwards: the script replaces a vector only if the turn before is still the one it was made with, so that
writers at the same time end with the same state, and a crash in between is mended by the next write or replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from redis import Redis

from semcache.embed.protocol import Embedder
from semcache.memory.stored.layout import UserKeys, pack, packed_bytes, vectors_field
from semcache.memory.stored.passages import context_text
from semcache.memory.stored.records import read_turns
from semcache.store.connect import guarded
from semcache.store.lua import executed, script
from semcache.store.sealing import UNSEALED, Sealer

_ROUNDS = 5


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A turn in its session."""

    user: UserKeys
    session: str
    turn: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a stored turn's context was made with, and the turns before and after it now; '' for none."""

    stored: bool
    made_with: str
    before: str
    after: str

    @property
    def wrong(self) -> bool:
        return self.stored and self.made_with != self.before


def settle(redis: Redis, embedder: Embedder, places: Iterable[Place], *, sealer: Sealer = UNSEALED) -> None:
    """Makes the context vectors of these turns, and of those right after them, fit the turns before them."""
    pending = set(places)
    if pending:
        pending |= {
            Place(p.user, p.session, found.after) for p, found in links_of(redis, pending).items() if found.after
        }
    for _ in range(_ROUNDS):
        wrong = {place: found.before for place, found in links_of(redis, pending).items() if found.wrong}
        if not wrong:
            return
        pending = _replace(redis, embedder, wrong, sealer)


def _replace(redis: Redis, embedder: Embedder, wrong: dict[Place, str], sealer: Sealer) -> set[Place]:
    """Makes new context vectors; returns the places where the turn before changed meanwhile."""
    vectors = _contexts(redis, embedder, wrong, sealer)
    field = vectors_field(embedder.fingerprint)
    size = packed_bytes(embedder.dim)
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for place, before in wrong.items():
            names = [place.user.turn(place.turn), place.user.session(place.session)]
            script("memory_settle")(pipe, keys=names, args=[place.turn, before, field, size, vectors.get(place, b"")])
        done = executed(redis, pipe)
    return {place for place, replaced in zip(wrong, done, strict=True) if not replaced}


def _contexts(redis: Redis, embedder: Embedder, wrong: dict[Place, str], sealer: Sealer) -> dict[Place, bytes]:
    """The packed vector of each place that has a turn before it."""
    followers = [(place, before) for place, before in wrong.items() if before]
    turns = read_turns(redis, [(place.user, place.turn) for place, _ in followers], sealer=sealer)
    previous = read_turns(redis, [(place.user, before) for place, before in followers], sealer=sealer)
    texts = {
        place: context_text(earlier, turn)
        for (place, _), turn, earlier in zip(followers, turns, previous, strict=True)
        if turn and earlier
    }
    packed = pack(embedder.embed(list(texts.values()), kind="passage")) if texts else []
    return dict(zip(texts, packed, strict=True))


def links_of(redis: Redis, places: Iterable[Place]) -> dict[Place, Links]:
    ordered: Sequence[Place] = sorted(places)
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for place in ordered:
            names = [place.user.turn(place.turn), place.user.session(place.session)]
            script("memory_links")(pipe, keys=names, args=[place.turn])
        replies = executed(redis, pipe)
    return {
        place: Links(bool(stored), made.decode(), before.decode(), after.decode())
        for place, (stored, made, before, after) in zip(ordered, replies, strict=True)
    }
