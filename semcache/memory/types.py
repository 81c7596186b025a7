"""The records of memory: turns, what recall returns, and what a write did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache, partial

from semcache.inputs import check_id, check_text, happened
from semcache.memory.facts.types import Fact

MAX_TEXT_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. `at`: seconds since the epoch; `speaker`: a name, where the role is not enough."""

    id: str
    session: str
    role: str
    text: str
    at: float
    speaker: str = ""

    @property
    def name(self) -> str:
        """Who speaks."""
        return self.speaker or self.role

    @property
    def line(self) -> str:
        """`name: text`, the form in which turns are embedded."""
        return f"{self.name}: {self.text}"


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A message to remember, and whose memory it belongs to. The same `event_id` is the same turn.

    Raises:
        InvalidInput: an id, the role or the text is empty, too long or not valid Unicode, or the time is not finite.
    """

    user: str
    session: str
    role: str
    text: str
    at: float
    event_id: str
    namespace: str = "default"
    speaker: str = ""
    turn: Turn = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("namespace", "user", "session", "role", "event_id"):
            check_id(name, getattr(self, name))
        if self.speaker:
            check_id("speaker", self.speaker)
        check_text("the text of a turn", self.text, most_chars=MAX_TEXT_CHARS, advice="long texts are documents")
        happened("the time of a turn", self.at)
        # Made once: a write asks for it two dozen times.
        turn = Turn(turn_id(self.event_id), self.session, self.role, self.text, self.at, self.speaker)
        object.__setattr__(self, "turn", turn)

    @property
    def id(self) -> str:
        """The turn id: 16 hex digits of BLAKE2b over the event id."""
        return self.turn.id


class State(StrEnum):
    """What became of a turn that was to be written."""

    WRITTEN = "written"
    DUPLICATE = "duplicate"
    ERASED = "erased"  # older than the erasure of its user: refused
    FORGOTTEN = "forgotten"  # forgotten before: refused


def states_nothing(turn: Turn) -> Fact | None:
    """For recollections of which no facts are known."""
    return None


def _states(fact: Fact | None, turn: Turn) -> Fact | None:
    return fact


@dataclass(frozen=True, slots=True)
class Recollection:
    """A turn that recall found. `parts` sum up to `score`: what each kind of evidence contributed."""

    turn: Turn
    score: float
    parts: Mapping[str, float]
    _fact_of: Callable[[Turn], Fact | None] = field(default=states_nothing, repr=False, compare=False)

    @property
    def fact(self) -> Fact | None:
        """What the turn states of its user, as known by now (or at the recall's `at`): `valid_to` says if it is over.

        Of several facts the one that the question asks for; None if it states none. Facts follow from all that was
        told, so the first call for a recall's turns reads that: three round trips, none for the others.

        Raises:
            RedisUnavailable: as any read.
        """
        return self._fact_of(self.turn)

    def __reduce__(self) -> tuple[type[Recollection], tuple[object, ...]]:
        """A copy for another process knows its fact: it cannot come back for it."""
        return Recollection, (self.turn, self.score, dict(self.parts), partial(_states, self.fact))


@lru_cache(maxsize=16_384)
def turn_id(event_id: str) -> str:
    """The id of the turn that an event becomes."""
    return hashlib.blake2b(event_id.encode(), digest_size=8).hexdigest()
