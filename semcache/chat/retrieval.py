"""What an answer may rest on: passages of documents, and memories only where the question needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from semcache.knowledge import Found, KnowledgeBase
from semcache.llm import Message, Passage
from semcache.memory import AgentMemory, Turn
from semcache.text.acts import tells_something

_DOCUMENTS = 6
_MEMORIES = 8
# A question about everyone is answered with what its asker told only if a memory comes this near (cosine): then its
# answer is personal and cannot be shared. Measured on the sample world; see docs.
NEEDED_SIMILARITY = 0.80


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages of documents, best first, with the versions they are of."""

    passages: tuple[Passage, ...] = ()
    versions: tuple[tuple[str, int], ...] = ()


def retrieve_documents(knowledge: KnowledgeBase, question: str) -> Retrieved:
    """The passages nearest to a question."""
    found = knowledge.search(question, k=_DOCUMENTS)
    return Retrieved(tuple(map(_passage, found)), tuple({item.document: item.version for item in found}.items()))


def _passage(found: Found) -> Passage:
    return Passage(found.document, "document", found.title or found.document, found.text, found.score)


def recall_memories(memory: AgentMemory, question: str, window: Sequence[Turn], *, needed: bool) -> tuple[Passage, ...]:
    """What the user told that a question needs, best first; if it is not known to need any, only what is very near."""
    recalled = memory.recall(question, k=4 * _MEMORIES)
    telling = [(item.turn, item.score, item.parts.get("turn", 0.0)) for item in recalled if _tells(item.turn)]
    if not needed:
        telling = [item for item in telling if item[2] >= NEEDED_SIMILARITY]
    fresh = [(turn, 0.0, 0.0) for turn in reversed(window) if _tells(turn)] if needed else []
    unique = {turn.id: _memory(turn, score) for turn, score, _ in [*telling[:_MEMORIES], *fresh]}
    return tuple(unique.values())


def _tells(turn: Turn) -> bool:
    return turn.role != "assistant" and tells_something(turn.text)


def _memory(turn: Turn, score: float) -> Passage:
    day = datetime.fromtimestamp(turn.at, UTC)
    who = turn.speaker or ("you" if turn.role == "user" else turn.role)
    return Passage(turn.id, "memory", f"{who}, {day.day} {day:%B %Y}", turn.text, score, turn.at)


def told_since(memory: AgentMemory, question: str, since: float, known: Iterable[str]) -> bool:
    """Whether the user has told anything near the question since then that is not among the known turns."""
    already = set(known)
    recalled = memory.recall(question, k=_MEMORIES, since=since)
    return any(_tells(item.turn) and item.turn.id not in already for item in recalled)


def history_of(window: Sequence[Turn]) -> tuple[Message, ...]:
    """The session before the question, as messages."""
    return tuple(Message("assistant" if turn.role == "assistant" else "user", turn.text) for turn in window)
