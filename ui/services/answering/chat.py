"""Asking and judging: a question's answer in pieces, its provenance, and a user's verdict on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semcache.app import App
from semcache.chat import Answer
from semcache.errors import InvalidInput, RateLimited, SemcacheError
from semcache.llm import Passage
from semcache.memory import Turn
from semcache.memory.writing.sessions import SessionInfo
from semcache_ui.services import words
from semcache_ui.services.answering.conversations import Conversations, Exchange, Source
from semcache_ui.services.answering.provenance import provenance
from semcache_ui.services.kafka import events

_MOST_SOURCES = 6
_MOST_MEMORIES = 3
_TITLE_CHARS = 34


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session as a list shows it; `last`: when somebody spoke last, s."""

    session: str
    title: str
    last: float = 0.0


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat of one installation. `publish` takes events (Kafka), or is None: then they take effect at once."""

    app: App
    conversations: Conversations
    publish: Callable[[dict[str, Any]], None] | None = None
    clock: Callable[[], float] = time.time

    def ask(self, question: str, *, user: str, session: str, fresh: bool = False) -> Generator[str, None, Exchange]:
        """The answer in pieces; returns the exchange, which also joins the conversation. Errors are told in it.

        `fresh`: made anew, without the cache.
        """
        asked_at = self.clock()
        try:
            answer = yield from self._streamed(question, user, session, fresh)
            exchange = self._answered(question, user, asked_at, answer)
        except SemcacheError as error:
            exchange = Exchange(question, asked_at, error=friendly(error))
        self.conversations.add(user, session, exchange)
        return exchange

    def history(self, *, user: str, session: str) -> tuple[Exchange, ...]:
        """A session from its start: as this process knows it, else what memory has of it, without provenance."""
        running = self.conversations.of(user, session)
        if running:
            return running
        memory = self.app.memory(user=user)
        said = {turn.id: turn for turn in (*memory.turns(session=session), *memory.window(session))}
        return paired(sorted(said.values(), key=lambda turn: turn.at))

    def conversations_of(self, user: str, *, most: int = 50) -> list[Conversation]:
        """The user's conversations, the latest first: those in memory, and those that only begin here."""
        running = {
            s: exchanges for s in self.conversations.sessions(user) if (exchanges := self.conversations.of(user, s))
        }
        known = self.app.memory(user=user).sessions(most=most, also=running)
        found = [_conversation(info, running.get(info.id, ())) for info in known]
        return sorted(found, key=lambda conversation: -conversation.last)[:most]

    def rename(self, name: str, *, user: str, session: str) -> None:
        """Gives a conversation a name; an empty one takes it away. Raises InvalidInput if it is too long."""
        self.app.memory(user=user).name_session(session, name)

    def judge(self, exchange: Exchange, *, user: str, session: str, correct: bool) -> None:
        """Sends a verdict on an answer on its way; raises KafkaUnavailable or RedisUnavailable."""
        if exchange.entry_id is None:
            return
        if self.publish is not None:
            self.publish(events.feedback(self.namespace, exchange.entry_id, correct=correct, user=user))
        else:
            self.app.engine.judge(exchange.entry_id, user=user, personal=exchange.personal, correct=correct)
        self.conversations.judge(user, session, exchange.id, correct=correct)

    @property
    def namespace(self) -> str:
        return self.app.settings.namespace

    def _streamed(self, question: str, user: str, session: str, fresh: bool) -> Generator[str, None, Answer]:
        for part in self.app.engine.stream(question, user=user, session=session, fresh=fresh):
            if isinstance(part, Answer):
                return part
            yield part
        raise AssertionError("a stream ends with its Answer")

    def _answered(self, question: str, user: str, asked_at: float, answer: Answer) -> Exchange:
        return Exchange(
            question=question,
            at=asked_at,
            text=answer.text,
            provenance=provenance(answer, asked=question, paid=self.app.llm.generative),
            sources=(*self._documents(answer), *(self._recalled(user, answer) or memories(answer))),
            entry_id=answer.entry_id,
            personal=answer.personal_scope,
            warnings=tuple(answer.warnings),
        )

    def _documents(self, answer: Answer) -> list[Source]:
        """The documents the answer rests on: the passages that were read, or on a hit the documents themselves."""
        read: dict[str, list[Passage]] = {}
        for passage in answer.passages:
            read.setdefault(passage.id, []).append(passage)
        wanted = list(answer.sources) or list(answer.cited)
        return [
            source
            for id in wanted[:_MOST_SOURCES]
            if (source := self._document(id, read.get(id, []), answer.sources)) is not None
        ]

    def _recalled(self, user: str, answer: Answer) -> list[Source]:
        """The memories that a stored answer rests on, where the user's own was served."""
        known = answer.hit.metadata.get("memories") if answer.hit and answer.personal_scope else None
        turns = self.app.listing(user=user).read(map(str, known)) if isinstance(known, list) else []
        named = [turn for turn in turns if turn.id in answer.cited] or turns
        return [
            Source(t.id, "memory", f"you, {words.day(t.at)}", t.text, used=t.id in answer.cited, at=t.at)
            for t in named[:_MOST_MEMORIES]
        ]

    def _document(self, id: str, passages: list[Passage], versions: Mapping[str, int]) -> Source | None:
        version = versions.get(id, 0)
        if passages:
            text = "\n\n…\n\n".join(dict.fromkeys(p.text for p in passages))
            return Source(id, "document", passages[0].title or id, text, used=True, version=version)
        document = self.app.knowledge.get(id)
        if document is None:
            return None
        return Source(id, "document", document.title, document.text or "", used=True, version=version)


def _conversation(info: SessionInfo, running: Sequence[Exchange]) -> Conversation:
    title = info.title or (running[0].question if running else "") or info.id
    last = max(info.last, running[-1].at if running else 0.0)
    return Conversation(info.id, words.shortened(title, _TITLE_CHARS), last)


def paired(turns: Sequence[Turn]) -> tuple[Exchange, ...]:
    """Turns as exchanges: each answer beside its question; a turn without its counterpart stands alone."""
    exchanges: list[Exchange] = []
    for turn in turns:
        if turn.role == "user":
            exchanges.append(Exchange(turn.text, turn.at, id=turn.id))
        elif exchanges and not exchanges[-1].text:
            exchanges[-1] = replace(exchanges[-1], text=turn.text)
        else:
            exchanges.append(Exchange("", turn.at, text=turn.text, id=turn.id))
    return tuple(exchanges)


def memories(answer: Answer) -> list[Source]:
    """The memories that an answer names or, if it names none, the best of those it was made with."""
    named = [m for m in answer.memories if m.id in answer.cited]
    return [
        Source(m.id, "memory", m.title or "memory", m.text, used=m.id in answer.cited, at=m.at)
        for m in (named or answer.memories)[:_MOST_MEMORIES]
    ]


def friendly(error: SemcacheError) -> str:
    """What a person reads instead of an answer."""
    if isinstance(error, RateLimited):
        return f"You are asking faster than the limit allows. Ask again in {error.retry_after_s:.0f} s."
    if isinstance(error, InvalidInput):
        return f"That cannot be answered: {error}."
    return f"No answer this time: {error}"
