"""What a user's memory holds, as people look through it: facts over time, sessions, names, recall, and letting go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semcache.app import App
from semcache.errors import KafkaUnavailable
from semcache.memory import AgentMemory, Recollection, Turn
from semcache.memory.entities.types import Entity
from semcache.memory.facts.types import Fact
from semcache.memory.stored.layout import UserKeys
from semcache.memory.writing.forget import Forgotten, Receipt, pinned
from semcache_ui.services.answering.conversations import Conversations
from semcache_ui.services.kafka import events

MOST_READ = 5_000
"""So many of the newest turns are read for facts, names and sessions."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation in memory; `opening` is its first question, times are seconds since the epoch."""

    id: str
    opening: str
    turns: tuple[Turn, ...]

    @property
    def last(self) -> float:
        return self.turns[-1].at


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something that was named: of what kind, how else, in how many turns, and in which last."""

    name: str
    kind: str
    aliases: tuple[str, ...]
    turns: int
    last: Turn


@dataclass(frozen=True, slots=True)
class Memory:
    """A look at all of a user's memory. `sessions`: the latest first; `facts`: past and present, as they were told."""

    turns: Mapping[str, Turn]
    sessions: tuple[Session, ...]
    facts: tuple[Fact, ...]
    named: tuple[Named, ...]
    pinned: frozenset[str]

    def current(self, at: float) -> tuple[Fact, ...]:
        """The facts that hold at a time and had been told by then."""
        return tuple(fact for fact in self.facts if fact.current(at) and self.first_told(fact) <= at)

    def first_told(self, fact: Fact) -> float:
        """When a fact was first told, s."""
        known = [self.turns[id].at for id in fact.turns if id in self.turns]
        return min(known, default=fact.told_at)

    def told_in(self, fact: Fact) -> tuple[Turn, ...]:
        """The turns that say so."""
        return tuple(self.turns[id] for id in fact.turns if id in self.turns)


@dataclass(frozen=True, slots=True)
class Memories:
    """The memories of one installation. `publish` takes events, or is None without Kafka."""

    app: App
    conversations: Conversations
    publish: Callable[[dict[str, Any]], None] | None = None
    clock: Callable[[], float] = time.time

    def look(self, user: str) -> Memory:
        """All of a user's memory, of the newest turns at most 5,000."""
        memory = self._of(user)
        turns = {turn.id: turn for turn in memory.turns()[-MOST_READ:]}
        return Memory(
            turns=turns,
            sessions=sessions_of(list(turns.values())),
            facts=tuple(memory.facts(history=True)),
            named=named_in(memory.entities(), turns),
            pinned=frozenset(pinned(self.app.redis, UserKeys(self.app.settings.namespace, user))),
        )

    def recall(self, user: str, query: str, *, k: int = 10, at: float | None = None) -> list[Recollection]:
        """The turns that best answer a question, with the parts of their scores; none for an empty one."""
        return self._of(user).recall(query, k=k, at=at) if query.strip() else []

    def pin(self, user: str, turn_id: str, *, keep: bool) -> None:
        """Keeps a turn from being forgotten, or no longer."""
        memory = self._of(user)
        if keep:
            memory.pin(turn_id)
        else:
            memory.unpin(turn_id)

    def forget(self, user: str, turn_id: str) -> Forgotten:
        """Forgets one turn, unless it is pinned."""
        return self._of(user).forget([turn_id])

    def forget_session(self, user: str, session: str) -> Forgotten:
        """Forgets a conversation but for what is pinned in it; what is still on its way through Kafka too."""
        forgotten = self._of(user).delete_session(session)
        self.conversations.forget(user, session)
        return forgotten

    def export(self, user: str) -> str:
        """All that the user told, as JSON."""
        return json.dumps(self._of(user).export(), indent=2, ensure_ascii=False)

    def erase(self, user: str) -> Receipt:
        """Removes everything about a user now, and tells Kafka, so that whoever else reads the log removes it too.

        Here first: what an ingestor has removed meanwhile would be missing in the receipt.

        Raises:
            RedisUnavailable: ask again.
            KafkaUnavailable: nothing is left in Redis, but Kafka does not know: ask again.
        """
        receipt = self._of(user).erase(at=self.clock())
        self.conversations.forget(user)
        if self.publish is not None:
            self._tell(user)
        return receipt

    def _tell(self, user: str) -> None:
        assert self.publish is not None
        try:
            self.publish(events.user_erased(self.app.settings.namespace, user))
        except KafkaUnavailable as error:
            raise KafkaUnavailable(
                f"everything was removed from Redis, but Kafka has not taken the event: erase again later ({error})",
                retry_after_s=error.retry_after_s,
            ) from error

    def _of(self, user: str) -> AgentMemory:
        return self.app.memory(user=user)


def sessions_of(turns: Sequence[Turn]) -> tuple[Session, ...]:
    """Turns by session, the latest session first."""
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.session, []).append(turn)
    sessions = [Session(id, _opening(said), tuple(said)) for id, said in found.items()]
    return tuple(sorted(sessions, key=lambda session: session.last, reverse=True))


def named_in(entities: Iterable[Entity], turns: Mapping[str, Turn]) -> tuple[Named, ...]:
    """What the memory mentions, the most mentioned first, each with the last of the turns that are known."""
    return tuple(
        Named(entity.name, entity.kind.value, entity.aliases, len(entity.turns), turns[known[-1]])
        for entity in entities
        if (known := [id for id in entity.turns if id in turns])
    )


def _opening(turns: Sequence[Turn]) -> str:
    return next((turn.text for turn in turns if turn.role == "user"), turns[0].text)
