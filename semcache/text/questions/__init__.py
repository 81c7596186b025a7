"""Questions: whom an answer serves, what kind of act a text is, and what it leans on before it."""

from semcache.text.questions.kinds import (
    Classified,
    QuestionClass,
    classify,
    fold,
    is_follow_up,
    is_question,
    standalone,
)

__all__ = ["Classified", "QuestionClass", "classify", "fold", "is_follow_up", "is_question", "standalone"]
