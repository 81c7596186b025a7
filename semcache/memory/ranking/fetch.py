"""How the candidates of a question are brought from Redis: one script, one consistent view.

Vectors and postings each bring their best turns; with the neighbours of all these they are scored roughly on the
server, and the best of that first choice are fetched for exact ranking.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.memory.ranking.rank import Candidates, Question
from semcache.memory.ranking.weights import Weights
from semcache.memory.stored.layout import (
    RADIUS,
    WINDOW_STEMS,
    UserKeys,
    packed_bytes,
    session_token,
    unpack,
    vectors_field,
)
from semcache.memory.stored.sealed import opened
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import Argument, script
from semcache.store.sealing import UNSEALED, Sealer
from semcache.store.vectors import blob

_OWN_SHARE = 0.6  # of the context vector's cosine is the turn's own
_NEAR_SHARE = 0.6  # of the sum of its turns' BM25 is the window's
_YEAR_S = 31_556_952


@dataclass(frozen=True, slots=True)
class Reach:
    """How many turns vectors and postings bring in, and how many of them and their neighbours become candidates.

    `weights`: how these are ranked; None: as was fitted for the embedder."""

    candidates: int = 56
    by_vector: int = 40
    by_postings: int = 20
    weights: Weights | None = None

    def at_least(self, k: int) -> Reach:
        """The same, wide enough for `k` results; as it is for up to ten."""
        by_vector, by_postings = max(self.by_vector, 4 * k), max(self.by_postings, 2 * k)
        return Reach(max(self.candidates, 5 * k), by_vector, by_postings, self.weights)


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


def fetch(
    redis: Redis,
    user: UserKeys,
    question: Question,
    *,
    fingerprint: str,
    weights: Weights,
    limits: Limits,
    reach: Reach,
    sealer: Sealer = UNSEALED,
) -> Candidates:
    """The candidates for the answers to a question, and the turns around them.

    Raises:
        SealError: a turn cannot be opened, as `Sealer.open`.
    """
    dim = len(question.vector)
    asked = Counter(question.stems)
    names = [user.vectors(fingerprint), user.passages(fingerprint), user.of(keys.CHRONOLOGY)]
    names += [user.of(keys.CHRONOLOGY) if limits.session is None else user.session(limits.session)]
    names += [user.of(keys.TURN_CORPUS)]
    names += [f"{user.of(keys.TURN_CORPUS)}:{temporary}" for temporary in ("union", "within")]
    names += [user.stem(stem) for stem in asked]

    arguments: list[Argument] = [user.prefix, vectors_field(fingerprint), 2 * packed_bytes(dim)]
    arguments += [blob(question.vector, dim), limits.filter]
    arguments += [_bound(limits.since), _bound(limits.until), int(limits.limited)]
    arguments += [reach.candidates, reach.by_vector, reach.by_postings, RADIUS, WINDOW_STEMS]
    arguments += [*_first_choice(weights), *_times(question)]
    arguments += [part for stem, factor in asked.items() for part in (factor, stem)]
    with guarded():
        reply = script("memory_recall")(redis, keys=names, args=arguments)
    found = _candidates(reply, list(asked), dim)
    return replace(found, turns=tuple(opened(sealer, user, turn) for turn in found.turns))


def _first_choice(weights: Weights) -> tuple[float, ...]:
    """Weights of a turn's own cosine, that of the turn before, its window's turns, its time.

    The context vector is not known yet: it lies between the turn's own and the one before.
    """
    context = weights.context
    return (
        weights.turn + _OWN_SHARE * context,
        (1 - _OWN_SHARE) * context,
        _NEAR_SHARE * weights.window,
        weights.date,
    )


def _times(question: Question) -> tuple[str, int]:
    """How near to a time that is named turns of which times are, as JSON, and after how long that repeats, s."""
    if question.mention is None:
        return "[]", 0
    ahead = question.offset_s
    stretches = [(first - ahead, end - ahead, nearness) for first, end, nearness in question.mention.stretches()]
    return json.dumps(stretches), _YEAR_S if question.mention.yearly else 0


def _bound(at: float) -> str:
    return repr(at) if math.isfinite(at) else ("inf" if at > 0 else "-inf")


def _candidates(reply: list[Any], stems: Sequence[str], dim: int) -> Candidates:
    members, df, records, strings, vectors = reply
    found = np.frombuffer(records, _record(len(stems)))
    rows = unpack(b"".join(vectors), dim=dim)
    return Candidates(
        turns=tuple(_turns(strings, found["sizes"])),
        own=rows[::2],
        context=rows[1::2],
        passage=found["passage"].astype(np.float64),
        window_tf=found["window_tf"].astype(np.float64),
        window_length=found["window_length"].astype(np.float64),
        own_tf=found["own_tf"].astype(np.float64),
        members=int(members),
        stems=tuple(stems),
        df=tuple(map(int, df.split())),
    )


def _record(stems: int) -> np.dtype[np.void]:
    """A candidate's numbers, as memory_recall.lua writes them."""
    counts = [("window_tf", "<f4", (stems,)), ("own_tf", "<i4", (stems,)), ("sizes", "<i4", (6,))]
    return np.dtype([("passage", "<f4"), ("window_length", "<f4"), *counts])


def _turns(strings: bytes, sizes: NDArray[np.int32]) -> Iterator[Turn]:
    ends = np.cumsum(sizes).tolist()
    parts = iter([strings[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)])
    for id, session, at, speaker, role, text in zip(*[parts] * 6, strict=True):
        yield Turn(id, session, role, text, float(at), speaker)
