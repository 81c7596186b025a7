"""The class of a question: what rules see, what is learned from many questions, and no sharing in doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from semcache.embed import Embedder
from semcache.inputs import check_text
from semcache.questions.learned import ANY_EMBEDDER, CLASSES, OTHER_LANGUAGES, weights_of
from semcache.text import questions
from semcache.text.language import language_of
from semcache.text.questions import Classified, QuestionClass

#: A question is shared if this probability or more says so. Higher: fewer answers about one person or one moment are
#: taken for everyone's, and more questions of everyone are computed anew. docs/evaluation.md has both costs.
SHARE_ABOVE = 0.35
_BY_WORDS_ABOVE = 0.5  # the least cut for embedders without weights: words alone tell less
_VERBATIM_ABOVE = 0.7  # of questions that the embedder cannot read: their words alone tell least
_SURE_ABOVE = 0.7  # what is shared with less is left open: 8 of 100 questions of everyone, half of the mistakes
_FLAGGED = 0.3  # probability: beside the likeliest class, what is so probable counts too

_FOREIGN = "in a language that the embedding model is not known to read: whom the answer serves cannot be told"
_OWN = re.compile(r"\b(?:mein\w*|unser\w*|mis?|mí[oa]s?|nuestr\w+|mon|ma|mes|nos|notre|mijn|ons|onze)\b", re.IGNORECASE)
VERBATIM = "in a language that the embedding model is not known to read: it is shared with who asks the very same"
_LEARNED = {
    QuestionClass.PERSONAL: "probably about its asker: the answer may be nobody else's",
    QuestionClass.VOLATILE: "probably about this moment: the answer may not stay right",
    QuestionClass.FOLLOW_UP: "probably a follow-up: what it means may depend on what was said before",
}


def classify(text: str, *, embedder: Embedder | None = None, share_above: float = SHARE_ABOVE) -> Classified:
    """The class of a question as it was typed: its `kind` (shared, personal, volatile, follow_up), and the `reason`.

    Only the answer to a shared question may be served to others, or later. Rules read it, and weights that were fitted
    to labelled questions: on its words and, for an `embedder` that has weights, on its vector (kind "symmetric", as
    the cache embeds it). In doubt it is not shared. In a language that the embedder is not known to read, it is at best
    `verbatim`: German, Spanish, French and Dutch are told by their words.
    `share_above`: the least probability of "shared", 0..1; without weights for the embedder at least 0.5.

    Raises:
        InvalidInput: the text is no string, empty, or not valid Unicode.
        EmbedderUnavailable: the vector cannot be had.
    """
    read = questions.classify(check_text("the question", text))
    weights = weights_of(embedder.fingerprint) if embedder is not None else weights_of(ANY_EMBEDDER)
    if weights.languages and (language := language_of(text)) not in weights.languages:
        return _foreign(text, language, read)
    vector = embedder.embed([text])[0] if embedder is not None and weights.dim else None
    cut = share_above if weights.dim else max(share_above, _BY_WORDS_ABOVE)
    return _decided(read, weights.probabilities(text, vector, read), cut)


def _foreign(text: str, language: str, read: Classified) -> Classified:
    """Shared verbatim if its words say so plainly; else it may be about its asker, and about now."""
    weights = weights_of(OTHER_LANGUAGES)
    if read.kind is QuestionClass.SHARED and language in weights.languages and not _OWN.search(text):
        shared = weights.probabilities(text, None, read)[CLASSES.index(QuestionClass.SHARED)]
        if shared >= _VERBATIM_ABOVE:
            return replace(read, verbatim=True, doubt=VERBATIM, foreign=True, open=True)
    ruled = read.kind is not QuestionClass.SHARED
    kind = read.kind if ruled else QuestionClass.PERSONAL
    return replace(read, kind=kind, personal=True, volatile=True, doubt=_FOREIGN, foreign=True, open=not ruled)


def _decided(read: Classified, probabilities: Sequence[float], share_above: float) -> Classified:
    """What the rules say, with what is too probable to be left out."""
    of = dict(zip(CLASSES, probabilities, strict=True))
    shared = of.pop(QuestionClass.SHARED)
    unruled = read.kind is QuestionClass.SHARED
    if shared >= share_above:
        return replace(read, open=True) if unruled and shared < _SURE_ABOVE else read
    likeliest = max(of, key=lambda kind: of[kind])
    kind, doubt = (likeliest, _LEARNED[likeliest]) if unruled else (read.kind, "")
    return Classified(
        kind,
        personal=read.personal or kind is QuestionClass.PERSONAL or of[QuestionClass.PERSONAL] >= _FLAGGED,
        volatile=read.volatile or kind is QuestionClass.VOLATILE or of[QuestionClass.VOLATILE] >= _FLAGGED,
        follow_up=read.follow_up or kind is QuestionClass.FOLLOW_UP,
        doubt=doubt,
        open=unruled,
    )
