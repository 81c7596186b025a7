"""What a user's memory holds, as people look through it: facts over time, sessions, names, recall, and letting go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from semcache.app import App
from semcache.chat.retrieval import tells
from semcache.errors import KafkaUnavailable
from semcache.memory import AgentMemory, Recollection, Turn
from semcache.memory.entities.types import Entity
from semcache.memory.facts.types import Fact
from semcache.memory.listing import MemorySize
from semcache.memory.stored.layout import UserKeys
from semcache.memory.writing.forget import Forgotten, Receipt, pinned
from semcache_ui.services.answering.conversations import Conversations
from semcache_ui.services.kafka import events

MOST_TOLD = 20
"""So many of the turns that state a fact are shown, the latest."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation in memory. `title`: its name, else what its user said first; `last`: time of its last turn, s."""

    id: str
    title: str
    turns: int
    last: float


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something that was named: of what kind, how else, in how many turns, and in which last."""

    name: str
    kind: str
    aliases: tuple[str, ...]
    turns: int
    last: Turn | None


@dataclass(frozen=True, slots=True)
class Memory:
    """A look at a user's memory. `facts`: past and present; `told`: when the turns that state them were said, s."""

    size: MemorySize
    facts: tuple[Fact, ...] = ()
    told: Mapping[str, float] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()

    def current(self, at: float) -> tuple[Fact, ...]:
        """The facts that hold at a time and had been told by then."""
        return tuple(fact for fact in self.facts if fact.current(at) and self.first_told(fact) <= at)

    def first_told(self, fact: Fact) -> float:
        """When a fact was first told, s."""
        return min((self.told[id] for id in fact.turns if id in self.told), default=fact.told_at)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a question recalls, best first: turns that tell something, and others near it: questions and answers."""

    telling: tuple[Recollection, ...] = ()
    others: tuple[Recollection, ...] = ()


@dataclass(frozen=True, slots=True)
class Memories:
    """The memories of one installation. `publish` takes events, or is None without Kafka."""

    app: App
    conversations: Conversations
    publish: Callable[[dict[str, Any]], None] | None = None
    clock: Callable[[], float] = time.time

    def look(self, user: str) -> Memory:
        """How much a user's memory holds, and its facts; however much it is, no turn is read."""
        listing = self.app.listing(user=user)
        facts = tuple(self._of(user).facts(history=True))
        return Memory(
            size=listing.size(),
            facts=facts,
            told=listing.times([id for fact in facts for id in fact.turns]),
            pinned=frozenset(pinned(self.app.redis, UserKeys(self.app.settings.namespace, user))),
        )

    def told_in(self, user: str, fact: Fact) -> list[Turn]:
        """The latest turns that state a fact."""
        return self.app.listing(user=user).read(fact.turns[-MOST_TOLD:])

    def sessions(self, user: str, *, offset: int = 0, most: int = 25) -> list[Session]:
        """Some conversations, the latest first."""
        listing = self.app.listing(user=user)
        found = listing.sessions(offset=offset, most=most)
        lengths = listing.lengths([session.id for session in found])
        return [
            Session(session.id, session.title or session.id, turns, session.last)
            for session, turns in zip(found, lengths, strict=True)
        ]

    def turns(self, user: str, session: str, *, offset: int = 0, most: int = 20) -> list[Turn]:
        """Some turns of a conversation, in order."""
        return self.app.listing(user=user).turns(session, offset=offset, most=most)

    def entities(self, user: str) -> list[Entity]:
        """Whom and what the user has named, the most named first."""
        return self._of(user).entities()

    def named(self, user: str, entities: Sequence[Entity]) -> list[Named]:
        """Some of them, each with the last turn that names it."""
        last = {turn.id: turn for turn in self.app.listing(user=user).read(e.turns[-1] for e in entities if e.turns)}
        return [
            Named(e.name, e.kind.value, e.aliases, len(e.turns), last.get(e.turns[-1]) if e.turns else None)
            for e in entities
        ]

    def recall(self, user: str, query: str, *, k: int = 10) -> Recalled:
        """The turns that best answer a question, with the parts of their scores; none for an empty one."""
        found = self._of(user).recall(query, k=3 * k) if query.strip() else []
        telling = [item for item in found if tells(item.turn)]
        return Recalled(tuple(telling[:k]), tuple(item for item in found[:k] if not tells(item.turn)))

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
