"""What a question is about: everyone, its asker, this moment, or the question before it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from semcache.text.acts import Act, act
from semcache.text.carry import fold, standalone
from semcache.text.followups import is_follow_up, plain
from semcache.text.personal import is_personal
from semcache.text.volatile import is_volatile

__all__ = ["Classified", "QuestionClass", "classify", "fold", "is_follow_up", "is_question", "standalone"]


class QuestionClass(StrEnum):
    """Whom an answer serves."""

    SHARED = "shared"
    PERSONAL = "personal"
    VOLATILE = "volatile"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class Classified:
    """A question's class. The flags are independent: `my balance right now` is personal and volatile."""

    kind: QuestionClass
    personal: bool
    volatile: bool
    follow_up: bool


def classify(question: str) -> Classified:
    """Reads a question as it was typed. A follow-up is to be classified again when it stands alone."""
    text = plain(question)
    personal, volatile, follow_up = is_personal(text), is_volatile(text), is_follow_up(text)
    kind = QuestionClass.SHARED
    if personal:
        kind = QuestionClass.PERSONAL
    elif follow_up:
        kind = QuestionClass.FOLLOW_UP
    elif volatile:
        kind = QuestionClass.VOLATILE
    return Classified(kind, personal, volatile, follow_up)


def is_question(text: str) -> bool:
    """Whether something is asked: not a greeting, thanks, or a statement to be remembered."""
    return act(text) is Act.QUESTION
