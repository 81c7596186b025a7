"""What a question is about: everyone, its asker, this moment, or the question before it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from semcache.text.questions.acts import Act, act
from semcache.text.questions.carry import fold, standalone
from semcache.text.questions.followups import is_follow_up, plain
from semcache.text.questions.personal import is_personal
from semcache.text.questions.volatile import is_volatile

__all__ = ["Classified", "QuestionClass", "classify", "fold", "is_follow_up", "is_question", "standalone"]


class QuestionClass(StrEnum):
    """Whom an answer serves."""

    SHARED = "shared"
    PERSONAL = "personal"
    VOLATILE = "volatile"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class Classified:
    """A question's class, and why. The flags are independent: `my balance right now` is personal and volatile.

    `doubt`: why it is not shared although no rule says so; empty if a rule does, or if it is shared. `verbatim`: shared
    only with who asks in the very same words, because nothing tells what is near in meaning. `foreign`: in a language
    that the embedder is not known to read. `open`: no rule says that it is not shared, and what is fitted is not sure:
    a language model may decide.
    """

    kind: QuestionClass
    personal: bool
    volatile: bool
    follow_up: bool
    doubt: str = ""
    verbatim: bool = False
    foreign: bool = False
    open: bool = False

    @property
    def reason(self) -> str:
        """Why it is of this kind, in words."""
        return self.doubt or _REASONS[self.kind]


_REASONS = {
    QuestionClass.SHARED: "no sign that the answer depends on who asks, on when, or on what was said before",
    QuestionClass.PERSONAL: "about its asker: the answer is nobody else's",
    QuestionClass.VOLATILE: "about this moment: the answer would not stay right",
    QuestionClass.FOLLOW_UP: "a follow-up: what it means depends on what was said before",
}


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
