"""A memory's turns read by a language model: as they are told, and those that none has read yet, some at a time.

What was read is kept after each answer, so a run that ends early loses nothing and the next one goes on from there;
over what is read it asks nothing. Until then, and where the model fails, what rules read counts. (Behind Kafka,
`semcache-ingest run` has the messages read.)
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from redis import Redis

from semcache.background import Worker
from semcache.errors import ConfigurationError, InvalidInput, Unavailable
from semcache.forking import reset_in_child
from semcache.llm import Llm
from semcache.memory.facts.kept import Kept, keep_claims
from semcache.memory.facts.model import UnreadableAnswer, facts_by_model
from semcache.memory.facts.types import Claim
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import Turn
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

AT_ONCE = 10  # turns in one question: more of them, and models begin to leave some out
MOST_WAITING = 1_000
_END_S = 5.0
_PAUSE_S = 30.0  # after a refusal that a setting has to mend
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FactsRead:
    """What a run did: turns that were read, and the claims found in them."""

    turns: int
    claims: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the claims of turns are kept."""

    redis: Redis
    user: UserKeys
    sealer: Sealer

    def keep(self, turn: Turn, claims: Sequence[Claim]) -> bool:
        return keep_claims(self.redis, self.user, turn.id, claims, sealer=self.sealer) is not Kept.NO_TURN


class FactReader:
    """Has a language model read turns behind the calls that tell them; nobody waits for it. Thread-safe.

    Turns that are told while the model answers are read together. While it is away they wait for it, at most
    `MOST_WAITING` of them: the next turn that is told, once it may be asked again, tries it. Those that are given up
    are counted in the log; `semcache memory read-facts` has them read.

    Raises:
        InvalidInput: the model follows no instructions.
    """

    def __init__(self, llm: Llm) -> None:
        if not llm.generative:
            raise InvalidInput(f"{llm.name} cannot read facts: configure a language model")
        self._llm = llm
        self._worker = Worker("a reading of facts", end_s=_END_S)
        self._start_anew()
        reset_in_child(self._start_anew)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[_Place, Turn]] = deque()
        self._not_before = 0.0  # by the monotonic clock, s

    def told(self, redis: Redis, user: UserKeys, turns: Iterable[Turn], *, sealer: Sealer) -> None:
        """Queues what the user said of some turns that were just written; returns at once."""
        place = _Place(redis, user, sealer)
        with self._lock:
            self._waiting.extend((place, turn) for turn in turns if turn.role == "user")
            self._give_up(len(self._waiting) - MOST_WAITING)
            if not self._waiting or time.monotonic() < self._not_before:
                return
        self._worker.submit(self._read_waiting)

    def flush(self, timeout_s: float = _END_S) -> bool:
        """Waits until what was told before this call is read, or was tried; whether nothing waits any more."""
        return self._worker.flush(timeout_s) and not self._waiting

    def close(self, timeout_s: float = _END_S) -> None:
        """Waits for what is being read, `timeout_s` at most; the log says how many turns are left to the rules."""
        self._worker.flush(timeout_s)
        with self._lock:
            self._give_up(len(self._waiting))
        self._worker.end(0)

    def _read_waiting(self) -> None:
        while batch := self._next():
            place, turns = batch
            try:
                for turn, claims in read_each(self._llm, turns):
                    place.keep(turn, claims)
            except InvalidInput as error:
                _log.warning("%d turns are left to the rules: %s", len(turns), error)
            except (Unavailable, ConfigurationError) as error:
                with self._lock:
                    self._waiting.extendleft((place, turn) for turn in reversed(turns))
                    self._not_before = time.monotonic() + getattr(error, "retry_after_s", _PAUSE_S)
                _log.warning("facts are read by rules, %d turns wait: %s", len(self._waiting), error)
                return

    def _next(self) -> tuple[_Place, list[Turn]] | None:
        """The turns that have waited longest, of one memory."""
        with self._lock:
            if not self._waiting:
                return None
            first = self._waiting[0][0]
            turns: list[Turn] = []
            while self._waiting and self._waiting[0][0] == first and len(turns) < AT_ONCE:
                turns.append(self._waiting.popleft()[1])
        return first, turns

    def _give_up(self, number: int) -> None:
        for _ in range(number):
            self._waiting.popleft()
        if number > 0:
            _log.warning("%d turns are left to the rules: `semcache memory read-facts` has them read", number)


def read_each(llm: Llm, turns: Sequence[Turn]) -> Iterator[tuple[Turn, list[Claim]]]:
    """Has turns read together, and by halves where the answer cannot be read (it may have been cut): each with its
    claims. One on which the model fails alone is left to the rules. Raises as `facts_by_model`, but for that."""
    try:
        told = facts_by_model(llm, turns)
    except UnreadableAnswer as error:
        if len(turns) == 1:
            _log.warning("turn %s is left to the rules: %s", turns[0].id, error)
            return
        middle = len(turns) // 2
        yield from read_each(llm, turns[:middle])
        yield from read_each(llm, turns[middle:])
    else:
        yield from ((turn, [one.claim for one in told if one.turn == turn.id]) for turn in turns)


def read_by_model(redis: Redis, user: UserKeys, llm: Llm, *, most: int | None, sealer: Sealer) -> FactsRead:
    """Has the user's own turns read, oldest first, at most `most` of them. Raises as `facts_by_model`."""
    turns = claims = 0
    place = _Place(redis, user, sealer)
    for batch in _batches(islice(_unread(redis, user, sealer), most)):
        answered = list(read_each(llm, batch))
        if not answered:
            raise UnreadableAnswer(f"{llm.name} answers in no form that can be read: is it a model for such tasks?")
        read = [(turn, found) for turn, found in answered if place.keep(turn, found)]
        turns, claims = turns + len(read), claims + sum(len(found) for _, found in read)
    return FactsRead(turns, claims)


def _unread(redis: Redis, user: UserKeys, sealer: Sealer) -> Iterator[Turn]:
    with guarded():
        ids = cast(list[bytes], redis.zrange(user.of(keys.CHRONOLOGY), 0, -1))
        read = set(cast(list[bytes], redis.hkeys(user.of(keys.CLAIMS))))
    unread = (id.decode() for id in ids if id not in read)
    while some := list(islice(unread, 10 * AT_ONCE)):
        turns = read_turns(redis, [(user, id) for id in some], sealer=sealer)
        yield from (turn for turn in turns if turn and turn.role == "user")


def _batches(turns: Iterator[Turn]) -> Iterator[list[Turn]]:
    while batch := list(islice(turns, AT_ONCE)):
        yield batch
