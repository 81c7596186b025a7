"""What an answer may rest on: passages of documents, and memories only where the question needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from semcache.chat.facts import asked_for, asks_of_the_past, former_sentence, sentence
from semcache.chat.own_things import number_of
from semcache.embed import Embedder
from semcache.inputs import on_calendar
from semcache.knowledge import Found, KnowledgeBase
from semcache.llm import Message, Passage
from semcache.llm.gauge import text_scale
from semcache.memory import AgentMemory, Fact, Turn
from semcache.memory.facts.groups import has_several
from semcache.memory.ranking.weights import weights_for
from semcache.text.questions.acts import tells_something
from semcache.text.questions.corrections import corrects

_DOCUMENTS = 6
_MEMORIES = 8
_CORRECTED_WITHIN_S = 900.0
# A question about everyone is answered with what its asker told only if that is more related than an answer is to its
# question: the answer is then the asker's alone and cannot be shared. In the sample world none of 164 such questions
# came so near to anything that one of its users had told (the nearest: 1.11).
_NEEDED_RELATEDNESS = 1.13


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


def recall_memories(
    memory: AgentMemory, question: str, window: Sequence[Turn], *, needed: bool, very_near: float
) -> tuple[Passage, ...]:
    """What the user told that a question needs, best first; if it is not known to need any, only what is very near.

    `very_near`: the least part of the score that a turn's own similarity has to have, see `very_near_part`.
    """
    recalled = memory.recall(question, k=4 * _MEMORIES)
    telling = [(item.turn, item.score, item.parts.get("turn", 0.0)) for item in recalled if tells(item.turn)]
    if not needed:
        telling = [item for item in telling if item[2] >= very_near]
    fresh = [(turn, 0.0, 0.0) for turn in reversed(window) if tells(turn)] if needed else []
    facts, outdated = known_facts(memory, question) if needed else ((), frozenset())
    facts = (*_number(memory, question, [turn for turn, _, _ in [*telling, *fresh]]), *facts)
    kept = [(turn, score) for turn, score, _ in [*telling[:_MEMORIES], *fresh] if turn.id not in outdated]
    unique = {turn.id: (turn, score) for turn, score in kept}
    corrected = _corrected(memory, [turn for turn, _ in unique.values()])
    absorbed = {turn.id for turns in corrected.values() for turn in turns}
    memories = [_memory(turn, score, corrected[turn.id]) for turn, score in unique.values() if turn.id not in absorbed]
    return (*facts, *memories)


def _number(memory: AgentMemory, question: str, told: Sequence[Turn]) -> tuple[Passage, ...]:
    """How many of something the user has, where that is asked."""
    said = number_of(question, partial(memory.facts, history=True), [turn.text for turn in told])
    last = max(told, key=lambda turn: turn.at, default=None)
    return (Passage(last.id, "memory", "you, counted", said, 1.0, last.at),) if said and last else ()


def _corrected(memory: AgentMemory, turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    """For each turn, what the user said next in the session if that takes the turn back ("No wait, one S")."""
    following: dict[str, list[Turn]] = {}
    for turn in turns:
        later = memory.turns(session=turn.session, since=turn.at, until=turn.at + _CORRECTED_WITHIN_S)
        told = [other for other in later if other.name == turn.name and other.id != turn.id]
        following[turn.id] = list(takewhile(lambda other: corrects(other.text), told))
    return following


def known_facts(memory: AgentMemory, question: str) -> tuple[tuple[Passage, ...], frozenset[str]]:
    """The facts that a question asks for, each with the turn that told it, and the turns that told otherwise.

    "I live in Lyon" answers nothing any more once the user has moved. A question about the past gets what held before,
    without what replaced it; all turns if no such fact is known.
    """
    if asks_of_the_past(question):
        return _former_facts(memory, question)
    asked = asked_for(question, memory.facts())
    if not asked:
        return (), frozenset()
    slots = {(fact.subject, fact.attribute) for fact in asked if not has_several(fact.attribute)}
    present = {fact.id for fact in asked}
    former = [fact for fact in memory.facts(history=True) if (fact.subject, fact.attribute) in slots]
    outdated = {turn for fact in former if fact.id not in present for turn in fact.turns}
    told = tuple(_fact(fact, sentence(fact)) for fact in asked)
    return told, frozenset(outdated - {turn for fact in asked for turn in fact.turns})


def _former_facts(memory: AgentMemory, question: str) -> tuple[tuple[Passage, ...], frozenset[str]]:
    known = memory.facts(history=True)
    ended = [fact for fact in known if fact.valid_to is not None and fact.holds]
    former = asked_for(question, ended)
    slots = {(fact.subject, fact.attribute) for fact in former}
    about = {turn for fact in known if (fact.subject, fact.attribute) in slots for turn in fact.turns}
    return tuple(_fact(fact, former_sentence(fact)) for fact in former), frozenset(about)


def _fact(fact: Fact, said: str) -> Passage:
    day = on_calendar(fact.told_at)
    return Passage(fact.turns[-1], "memory", f"you, {day.day} {day:%B %Y}", said, fact.confidence, fact.told_at)


def very_near_part(embedder: Embedder) -> float:
    """The part of a recollection's score that its own similarity has when it is very near; embeds 32 short texts."""
    return weights_for(embedder.fingerprint).turn * text_scale(embedder, asked="symmetric").cosine(_NEEDED_RELATEDNESS)


def tells(turn: Turn) -> bool:
    """Whether a turn is somebody's statement: neither an answer nor a mere question."""
    return turn.role != "assistant" and tells_something(turn.text)


def _memory(turn: Turn, score: float, corrections: Sequence[Turn]) -> Passage:
    day = on_calendar(turn.at)
    who = turn.speaker or ("you" if turn.role == "user" else turn.role)
    text = " … ".join(said.text for said in (turn, *corrections))
    return Passage(turn.id, "memory", f"{who}, {day.day} {day:%B %Y}", text, score, turn.at)


def told_since(memory: AgentMemory, question: str, since: float, known: Iterable[str]) -> bool:
    """Whether the user has told anything near the question since then that is not among the known turns."""
    already = set(known)
    recalled = memory.recall(question, k=_MEMORIES, since=since)
    return any(tells(item.turn) and item.turn.id not in already for item in recalled)


def history_of(window: Sequence[Turn]) -> tuple[Message, ...]:
    """The session before the question, as messages."""
    return tuple(Message("assistant" if turn.role == "assistant" else "user", turn.text) for turn in window)
