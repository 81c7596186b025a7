"""Making a question stand alone and finding out whom its answer may serve."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from semcache.chat.own_things import with_name
from semcache.chat.retrieval import history_of, retrieve_documents
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory, Turn
from semcache.questions import Classified, QuestionClass
from semcache.questions.model import QuestionReader
from semcache.text.questions import fold, is_question
from semcache.text.questions.acts import wants_human
from semcache.text.questions.followups import says_little

_CONTACT = "How can I reach your staff, by phone or by e-mail?"  # what documents answer who wants a person
_ALONE = "a follow-up that could not be made to stand alone"
_TOO_LITTLE = "too few words to stand alone after what was said before"


@dataclass(frozen=True, slots=True)
class Understood:
    """A question that stands alone. `uncacheable`: why its answer is never stored, empty if it may be."""

    question: str
    classified: Classified
    uncacheable: str = ""

    @property
    def context(self) -> tuple[str, ...]:
        """What must be the same for an answer to be shared: the question itself where nothing like it may be served."""
        return (self.question,) if self.classified.verbatim else ()

    @property
    def personal(self) -> bool:
        return self.classified.personal

    @property
    def kind(self) -> QuestionClass:
        return self.classified.kind


def understand(
    text: str,
    window: Sequence[Turn],
    reader: QuestionReader,
    *,
    generative: bool,
    before_call: Callable[[], None],
) -> Understood:
    """Reads a question in its session. `generative`: a language model answers; `before_call` precedes its calls.

    What does not stand alone is completed by the language model or, without one, by what is carried over from the
    questions before it. What is only in doubt (too few words behind a turn) is never shared as it is.
    """
    if wants_human(text) and not generative:
        return Understood(_CONTACT, reader.classify(_CONTACT, before_call=before_call), "asked for a person")
    first = reader.classify(text, before_call=before_call)
    if not is_question(text):
        return Understood(text, first, "not a question")
    offline = fold([*(turn.text for turn in window if turn.role == "user"), text])
    doubtful = bool(window) and not first.personal and says_little(text)
    if not first.follow_up and not doubtful and offline == text:
        return _understood(text, first)
    if not window:
        return Understood(text, first, "a follow-up, and nothing came before it")
    question = reader.complete(text, history_of(window), before_call=before_call) or offline
    if _same(question, text):
        return Understood(text, first, _ALONE if first.follow_up else _TOO_LITTLE)
    return _understood(question, reader.classify(question, before_call=before_call))


def of_own_thing(found: Understood, memory: AgentMemory, knowledge: KnowledgeBase) -> Understood:
    """A question of `my bike` as one of the bike that its asker is known to have; it is personal then."""
    named = with_name(found.question, memory.facts, lambda name: retrieve_documents(knowledge, name).passages)
    if not named:
        return found
    return replace(
        found, question=named, classified=replace(found.classified, kind=QuestionClass.PERSONAL, personal=True)
    )


def _understood(question: str, classified: Classified) -> Understood:
    if classified.volatile:
        return Understood(
            question, classified, classified.doubt or "about this moment: the answer would not stay right"
        )
    return Understood(question, classified, _ALONE if classified.follow_up and not classified.personal else "")


def _same(question: str, text: str) -> bool:
    """Whether a rewriting added no word."""
    return re.findall(r"\w+", question.lower()) == re.findall(r"\w+", text.lower())
