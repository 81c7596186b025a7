"""How turns are written: many at once, each atomically, with the same result in whatever order they arrive.

A turn has two vectors: its own, and one of itself with the previous turn (its context); a long one has those of its
passages too. A batch is planned (which turns are new, and what they follow), its texts are embedded, and it is written;
then what turned out to follow another turn than planned is settled. What is stored in the end depends only on the set
of turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import Any, TypeVar

import numpy as np
from redis import Redis

from semcache.embed.protocol import Embedder, Vectors
from semcache.errors import InvalidInput
from semcache.memory.readings import keep_readings, tells
from semcache.memory.stored.layout import LAYOUT, TURN_WEIGHTING, UserKeys, pack, session_token, vectors_field
from semcache.memory.stored.passages import context_text, passages
from semcache.memory.stored.records import window_form
from semcache.memory.stored.sealed import index_words, opened, sealed
from semcache.memory.types import NewTurn, State, Turn
from semcache.memory.writing.forget import forget_turns, over_capacity, too_old
from semcache.memory.writing.settle import Place, settle
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import Argument, executed, script
from semcache.store.sealing import UNSEALED, Sealer
from semcache.store.vectors import Quantisation, blobs

SESSION_TTL_S = 7 * 86_400.0
WINDOW_TURNS = 200
TURNS_AT_ONCE = 8
"""Turns in one call of a script: Redis does nothing else for about a millisecond."""
_STATES = {1: State.WRITTEN, 0: State.DUPLICATE, -1: State.ERASED, -2: State.FORGOTTEN}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Planned:
    """A turn about to be written and the turn it follows, as far as known before the write.

    `passages`: those of a long turn; `form`: all of it but its vectors, as memory_append.lua takes it.
    """

    new: NewTurn
    previous: Turn | None
    passages: tuple[str, ...]
    form: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch will write. Embed `texts` (kind "passage") and give the vectors to `TurnWriter.write`.

    `given`: the turns as they were given; `fresh`: those to be written, by session and time; `known`: those that are
    there already; `forgotten`: those that were; the rest is older than its user's erasure. `anew`: `fresh` are turns
    that are there, and what is derived of them is written again.
    """

    given: tuple[NewTurn, ...]
    fresh: tuple[Planned, ...]
    known: tuple[NewTurn, ...]
    forgotten: tuple[NewTurn, ...]
    anew: bool = False

    @property
    def texts(self) -> list[str]:
        """The line of each fresh turn, then the context of each that follows another, then the passages of all."""
        contexts = [context_text(planned.previous, planned.new.turn) for planned in self.fresh if planned.previous]
        long = [passage for planned in self.fresh for passage in planned.passages]
        return [planned.new.turn.line for planned in self.fresh] + contexts + long


class TurnWriter:
    """Writes turns of any user; safe to share between threads, and between processes on one Redis.

    `max_turns`, `max_age_s`: what a user may have; beyond that number, or older, turns that are not pinned leave,
    oldest first.
    """

    def __init__(
        self,
        redis: Redis,
        embedder: Embedder,
        *,
        session_ttl_s: float = SESSION_TTL_S,
        quantisation: Quantisation = "Q8",
        max_turns: int | None = None,
        max_age_s: float | None = None,
        sealer: Sealer = UNSEALED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = redis
        self._embedder = embedder
        self._session_ttl_s = session_ttl_s
        self._quantisation = quantisation
        self._max_turns = max_turns
        self._max_age_s = max_age_s
        self._sealer = sealer
        self._clock = clock

    def append(self, turns: Iterable[NewTurn]) -> list[State]:
        """Plans, embeds and writes; what became of each turn. Raises as `write`, and what the embedder does."""
        plan = self.plan(turns)
        texts = plan.texts
        empty = np.empty((0, 0), np.float32)
        return self.write(plan, self._embedder.embed(texts, kind="passage") if texts else empty)

    def plan(self, turns: Iterable[NewTurn], *, after: Sequence[Plan] = ()) -> Plan:
        """What has to be embedded and written; one round trip.

        `after`: plans that will be written before this one: their turns count as previous turns.
        """
        given = tuple(turns)
        ordered = sorted({_identity(new): new for new in reversed(given)}.values(), key=_place)
        pending = _pending(after)
        fresh: list[Planned] = []
        others: dict[int, list[NewTurn]] = {}
        for new, (state, *before) in zip(ordered, self._before(ordered), strict=True):
            if state == 0:
                earlier = pending.setdefault(_session(new), [])
                fresh.append(self._planned(new, _latest(new, [*self._stored(new, before), *earlier])))
                earlier.append(new.turn)
            else:
                others.setdefault(state, []).append(new)
        return Plan(given, tuple(fresh), known=tuple(others.get(1, ())), forgotten=tuple(others.get(-2, ())))

    def plan_anew(self, turns: Iterable[tuple[NewTurn, Turn | None]]) -> Plan:
        """What has to be embedded and written again of turns that are there, each given with the turn before it."""
        given = tuple(turns)
        fresh = tuple(self._planned(new, previous) for new, previous in given)
        return Plan(tuple(new for new, _ in given), fresh, known=(), forgotten=(), anew=True)

    def write(self, plan: Plan, vectors: Vectors) -> list[State]:
        """Writes a plan with the vectors of its texts, (len(texts), dim) float32; what became of each given turn.

        Raises:
            InvalidInput: `vectors` does not fit the plan; nothing is written.
            RedisUnavailable: some turns may be written; the same turns again complete the rest.
        """
        packed = self._packed(plan, vectors)
        calls = list(_calls(list(zip(plan.fresh, packed, strict=True)), lambda item: item[0].new))
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for user, some in calls:
                arguments = self._given(user, anew=plan.anew)
                for planned, vectors_of in some:
                    arguments += planned.form
                    arguments += vectors_of
                script("memory_append")(pipe, keys=[user.of(keys.CHRONOLOGY)], args=arguments)
            for user, written in groupby((planned.new for planned in plan.fresh), _keys):
                keep_readings(pipe, user, [new.turn for new in written], sealer=self._sealer)
            done = executed(self._redis, pipe)
            replies = [reply for call in done[: len(calls)] for reply in call]
        moved = list(plan.known)
        for planned, (state, before, after) in zip(plan.fresh, replies, strict=True):
            expected = planned.previous.id if planned.previous else ""
            if state == 0 or (state == 1 and (after or before.decode() != expected)):
                moved.append(planned.new)
        places = {Place(_keys(new), new.session, new.id) for new in moved} | self._evict(plan)
        settle(self._redis, self._embedder, places, sealer=self._sealer)
        return _outcomes(plan, [state for state, *_ in replies])

    def _evict(self, plan: Plan) -> set[Place]:
        """Takes from the users of a plan what is too much or too old; places of turns whose previous turn left."""
        followers: set[Place] = set()
        if self._max_turns is None and self._max_age_s is None:
            return followers
        for user in {_keys(planned.new) for planned in plan.fresh}:
            leaving = [] if self._max_age_s is None else too_old(self._redis, user, self._clock() - self._max_age_s)
            leaving += [] if self._max_turns is None else over_capacity(self._redis, user, self._max_turns)
            followers |= forget_turns(self._redis, user, dict.fromkeys(leaving), refuse_replay=False)[1]
        return followers

    def _before(self, turns: Sequence[NewTurn]) -> list[list[Any]]:
        """For each turn whether it is known, and the stored turn that it follows."""
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for user, some in _calls(turns, lambda new: new):
                arguments = [user.prefix]
                for new in some:
                    arguments += (new.id, repr(new.at), new.session)
                script("memory_before")(pipe, keys=[user.of(keys.CHRONOLOGY)], args=arguments)
            return [found for call in executed(self._redis, pipe) for found in call]

    def _stored(self, new: NewTurn, before: Sequence[bytes]) -> list[Turn]:
        """The stored turn that a new one follows, if there is one."""
        id, at, speaker, role, text = (part.decode() for part in before)
        return [opened(self._sealer, _keys(new), Turn(id, new.session, role, text, float(at), speaker))] if id else []

    def _planned(self, new: NewTurn, previous: Turn | None) -> Planned:
        user, turn = _keys(new), new.turn
        stored, stems = sealed(self._sealer, user, turn), index_words(self._sealer, user, turn.line)
        form = (
            *(turn.id, repr(turn.at), turn.session, session_token(turn.session)),
            *(stored.role, stored.text, stored.speaker, new.event_id, " ".join(stems)),
            *(previous.id if previous else "", window_form(stored), "1" if tells(turn) else "0"),
        )
        return Planned(new, previous, passages(turn), form)

    def _given(self, user: UserKeys, *, anew: bool) -> list[Argument]:
        """The arguments of memory_append.lua before those of the turns."""
        model, weighting = self._embedder.fingerprint, TURN_WEIGHTING
        return [
            *(user.prefix, model, vectors_field(model), self._quantisation),
            *(weighting.k1, weighting.b, weighting.reference_length),
            *(repr(self._clock()), repr(self._session_ttl_s), WINDOW_TURNS, LAYOUT, int(anew)),
        ]

    def _packed(self, plan: Plan, vectors: Vectors) -> Iterator[tuple[bytes, bytes, bytes]]:
        """For each fresh turn its vector as VADD takes it, the packed vectors that its hash keeps, its passages'."""
        turns = len(plan.fresh)
        long = turns + sum(planned.previous is not None for planned in plan.fresh)
        if len(vectors) != (texts := long + sum(len(planned.passages) for planned in plan.fresh)):
            raise InvalidInput(f"the plan has {texts} texts, but {len(vectors)} vectors were given")
        dim = self._embedder.dim
        own, small, rest = blobs(vectors[:turns], dim), pack(vectors[:long]), iter(blobs(vectors[long:], dim))
        contexts = iter(small[turns:])
        packed = [mine + (next(contexts) if p.previous else mine) for p, mine in zip(plan.fresh, small, strict=False)]
        passages_of = [b"".join(islice(rest, len(planned.passages))) for planned in plan.fresh]
        return zip(own, packed, passages_of, strict=True)


def write_window(redis: Redis, new: NewTurn, *, now: float, session_ttl_s: float, sealer: Sealer = UNSEALED) -> State:
    """Puts a turn into its session's window alone; the write of the turn itself changes nothing there later."""
    user = _keys(new)
    form = window_form(sealed(sealer, user, new.turn))
    names = [user.window(new.session), user.of(keys.ERASED), user.of(keys.FORGOTTEN)]
    arguments: list[Argument] = [new.id, repr(new.at), form, repr(now), repr(session_ttl_s), WINDOW_TURNS]
    with guarded():
        state = script("memory_window")(redis, keys=names, args=arguments)
    return _STATES[state]


def _keys(new: NewTurn) -> UserKeys:
    return _keys_of(new.namespace, new.user)


def _calls(items: Sequence[_T], turn_of: Callable[[_T], NewTurn]) -> Iterator[tuple[UserKeys, list[_T]]]:
    """Items in order, by user, as many as one call of a script takes."""
    for user, group in groupby(items, lambda item: _keys(turn_of(item))):
        same = list(group)
        for start in range(0, len(same), TURNS_AT_ONCE):
            yield user, same[start : start + TURNS_AT_ONCE]


@lru_cache(maxsize=4_096)
def _keys_of(namespace: str, user: str) -> UserKeys:
    """Made once: every turn asks several times."""
    return UserKeys(namespace, user)


def _outcomes(plan: Plan, replies: Sequence[int]) -> list[State]:
    """The state of each given turn; one that was given twice is a duplicate the second time."""
    states = {_identity(new): State.DUPLICATE for new in plan.known}
    states |= {_identity(new): State.FORGOTTEN for new in plan.forgotten}
    states |= {_identity(p.new): _STATES[reply] for p, reply in zip(plan.fresh, replies, strict=True)}
    outcomes = []
    for new in plan.given:
        state = states.get(_identity(new), State.ERASED)
        outcomes.append(state)
        states[_identity(new)] = State.DUPLICATE if state is State.WRITTEN else state
    return outcomes


def _identity(new: NewTurn) -> tuple[str, str, str]:
    return (new.namespace, new.user, new.id)


def _place(new: NewTurn) -> tuple[str, str, str, float, str]:
    return (*_session(new), new.at, new.id)


def _session(new: NewTurn) -> tuple[str, str, str]:
    return (new.namespace, new.user, new.session)


def _pending(plans: Iterable[Plan]) -> dict[tuple[str, str, str], list[Turn]]:
    """The turns of plans by session."""
    found: dict[tuple[str, str, str], list[Turn]] = {}
    for planned in (planned for plan in plans for planned in plan.fresh):
        found.setdefault(_session(planned.new), []).append(planned.new.turn)
    return found


def _latest(new: NewTurn, others: Iterable[Turn]) -> Turn | None:
    """The last turn that comes before `new`."""
    earlier = [turn for turn in others if (turn.at, turn.id) < (new.at, new.id)]
    return max(earlier, key=lambda turn: (turn.at, turn.id), default=None)
