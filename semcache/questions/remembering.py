"""The class of a question, remembered: who asks a second time is mostly served, and waits for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from semcache.embed import Embedder
from semcache.questions.classes import SHARE_ABOVE, classify
from semcache.text.questions import Classified

_MOST = 4_096
_LONGEST = 2_000  # characters: longer ones would fill the memory


def remembered(embedder: Callable[[], Embedder], *, share_above: float = SHARE_ABOVE) -> Callable[[str], Classified]:
    """`classify` by an embedder that is asked for when it is needed, remembering the questions asked last."""

    def fresh(question: str) -> Classified:
        return classify(question, embedder=embedder(), share_above=share_above)

    known = lru_cache(_MOST)(fresh)
    return lambda question: (known if len(question) <= _LONGEST else fresh)(question)
