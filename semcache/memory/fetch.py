"""How the candidates of a question are brought from Redis: one script, one consistent view."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.memory.layout import RADIUS, UserKeys, packed_bytes, session_token, unpack, vector_fields
from semcache.memory.rank import Candidates, Question
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import Argument, script
from semcache.store.vectors import blob

_SESSION_K1, _SESSION_B = 1.5, 0.75


@dataclass(frozen=True, slots=True)
class Reach:
    """How many candidates each source gives. Users with at most `exhaustive` turns have all of them ranked."""

    exhaustive: int = 300
    by_vector: int = 150
    by_postings: int = 100
    sessions: int = 3
    turns_a_session: int = 40


@dataclass(frozen=True, slots=True)
class Limits:
    """Which turns may be recalled: of one session, and with a time in [since, until], s."""

    session: str | None = None
    since: float = -math.inf
    until: float = math.inf

    @property
    def limited(self) -> bool:
        return self.session is not None or self.since > -math.inf or self.until < math.inf

    @property
    def filter(self) -> str:
        """The same as an expression of VSIM; '' for no limit."""
        terms = [] if self.session is None else [f'.session == "{session_token(self.session)}"']
        terms += [f".at >= {self.since!r}"] if self.since > -math.inf else []
        terms += [f".at <= {self.until!r}"] if self.until < math.inf else []
        return " and ".join(terms)

    def admit(self, turns: Sequence[Turn]) -> NDArray[np.bool_]:
        """(n,): which of the turns are within."""
        return np.array(
            [self.session in (None, turn.session) and self.since <= turn.at <= self.until for turn in turns], np.bool_
        )


def fetch(
    redis: Redis, user: UserKeys, question: Question, *, fingerprint: str, limits: Limits, reach: Reach
) -> Candidates:
    """The candidates for a question, their neighbours included."""
    dim = len(question.vector)
    asked = Counter(question.stems)
    names = [
        *(user.vectors(fingerprint), user.of(keys.CHRONOLOGY)),
        user.of(keys.CHRONOLOGY) if limits.session is None else user.session(limits.session),
        *(user.of(keys.SESSION_LENGTHS), user.of(keys.TURN_CORPUS)),
        *(f"{user.of(keys.TURN_CORPUS)}:{temporary}" for temporary in ("union", "within")),
        *(key for stem in asked for key in (user.stem(stem), user.session_stem(stem))),
    ]
    arguments: list[Argument] = [
        *(user.prefix, *vector_fields(fingerprint), packed_bytes(dim), blob(question.vector, dim), limits.filter),
        *(_bound(limits.since), _bound(limits.until), int(limits.limited)),
        *(reach.exhaustive, reach.by_vector, reach.by_postings, reach.sessions, reach.turns_a_session, RADIUS),
        *(_SESSION_K1, _SESSION_B, *asked.values()),
    ]
    with guarded():
        reply = script("memory_recall")(redis, keys=names, args=arguments)
    return _candidates(reply, list(asked), dim)


def _bound(at: float) -> str:
    return repr(at) if math.isfinite(at) else ("inf" if at > 0 else "-inf")


def _candidates(reply: list[bytes], stems: list[str], dim: int) -> Candidates:
    members, terms, df, sessions, turns, vectors = reply
    named = [(name, float(score)) for name, score in json.loads(sessions) or []]
    rows = json.loads(turns) or []
    both = unpack(vectors, dim=dim).reshape(len(rows), 2, dim)
    place = np.array([row[1] for row in rows], np.int64)
    return Candidates(
        turns=tuple(Turn(r[0], named[r[1]][0], r[6], r[7], float(r[4]), r[5]) for r in rows),
        session=place,
        rank=np.array([row[2] for row in rows], np.int64),
        stems=tuple(tuple(row[8].split(" ")) if row[8] else () for row in rows),
        own=both[:, 0],
        context=both[:, 1],
        session_score=np.array([score for _, score in named], np.float64)[place] if rows else np.zeros(0),
        members=int(members),
        terms=int(terms),
        df=dict(zip(stems, json.loads(df) or [], strict=False)),
    )
