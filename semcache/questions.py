"""Whom the answer to a question serves: everyone, its asker, this moment, or one conversation."""

from __future__ import annotations

from semcache.embed import Embedder
from semcache.inputs import check_text
from semcache.text import questions
from semcache.text.questions import Classified, QuestionClass

__all__ = ["Classified", "QuestionClass", "classify"]


def classify(text: str, *, embedder: Embedder | None = None) -> Classified:
    """The class of a question as it was typed: its `kind` (shared, personal, volatile, follow_up), and the `reason`.

    Only the answer to a shared question may be served to others, or later. The text is read by English patterns: in
    another language "shared" means only that nothing was seen. `embedder` is for classifiers that need vectors; the
    patterns need none.

    Raises:
        InvalidInput: the text is no string, empty, or not valid Unicode.
    """
    return questions.classify(check_text("the question", text))
