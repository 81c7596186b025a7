"""Making a question stand alone and finding out whom its answer may serve."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from semcache.embed import Embedder
from semcache.errors import Unavailable
from semcache.llm import Llm, Message
from semcache.llm.prompt import rewrite_request
from semcache.memory import Turn
from semcache.questions import Classified, QuestionClass, classify
from semcache.text.questions import fold, is_question

_log = logging.getLogger(__name__)
_LONGEST_REWRITE = 3.0  # times question and history: a longer rewriting is an answer, not a question


@dataclass(frozen=True, slots=True)
class Understood:
    """A question that stands alone. `uncacheable`: why its answer is never stored, empty if it may be."""

    question: str
    classified: Classified
    uncacheable: str = ""

    @property
    def personal(self) -> bool:
        return self.classified.personal

    @property
    def kind(self) -> QuestionClass:
        return self.classified.kind


def understand(
    text: str, window: Sequence[Turn], llm: Llm, *, embedder: Embedder, before_call: Callable[[], None]
) -> Understood:
    """Reads a question in its session. `before_call` is called before a language model is."""
    first = classify(text, embedder=embedder)
    if not is_question(text):
        return Understood(text, first, "not a question")
    offline = fold([*(turn.text for turn in window if turn.role == "user"), text])
    if not first.follow_up and offline == text:
        return _understood(text, first)
    if not window:
        return Understood(text, first, "a follow-up, and nothing came before it")
    question = _rewritten(text, window, llm, before_call) or offline
    if question == text and first.follow_up:
        return Understood(text, first, "a follow-up that could not be made to stand alone")
    return _understood(question, classify(question, embedder=embedder))


def _understood(question: str, classified: Classified) -> Understood:
    about_now = "about this moment: the answer would not stay right" if classified.volatile else ""
    return Understood(question, classified, about_now)


def _rewritten(text: str, window: Sequence[Turn], llm: Llm, before_call: Callable[[], None]) -> str:
    """What a generative model makes of a follow-up; empty if there is none, or it does not answer."""
    if not llm.generative:
        return ""
    history = tuple(Message("assistant" if turn.role == "assistant" else "user", turn.text) for turn in window)
    try:
        before_call()
        answer = llm.answer(rewrite_request(text, history))
    except Unavailable as error:
        _log.warning("a follow-up is completed without the language model: %s", error)
        return ""
    if answer.incomplete:
        return ""
    rewritten = " ".join(answer.text.split()).strip("\"'")
    room = _LONGEST_REWRITE * (len(text) + max(len(turn.text) for turn in window))
    return rewritten if len(rewritten) <= room else ""
