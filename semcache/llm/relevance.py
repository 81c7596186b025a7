"""How well a quotable unit answers a question: the words it covers, its similarity, the kind of answer it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from semcache.llm.asked import Asked, answers, content_terms
from semcache.llm.protocol import Passage
from semcache.llm.quotes import Quote


class TextEmbedder(Protocol):
    """What is needed of an embedder (semcache.embed.Embedder is one): unit vectors, (n, dim) float32."""

    def embed(self, texts: Sequence[str], *, kind: Literal["symmetric", "query", "passage"] = ...) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class Scored:
    quote: Quote
    score: float


def best_first(
    asked: Asked, found: Sequence[Quote], passages: Sequence[Passage], embedder: TextEmbedder | None
) -> list[Scored]:
    own = [frozenset(content_terms(q.text)) for q in found]
    head = [frozenset(content_terms(q.head)) for q in found]
    n = len(found)
    df: dict[str, int] = {}
    for a, b in zip(own, head, strict=True):
        for t in a | b:
            df[t] = df.get(t, 0) + 1
    w = {t: math.log(1 + n / (1 + df.get(t, 0))) for t in asked.terms}
    total = sum(w.values())
    scored = []
    for q, a, b in zip(found, own, head, strict=True):
        if not total or not asked.names <= a | b:
            continue
        cover = sum(v for t, v in w.items() if t in a | b) / total
        if cover >= 0.6:
            scored.append(Scored(q, cover + 0.1 * answers(asked.wants, q.text)))
    return sorted(scored, key=lambda s: (-s.score, s.quote.passage, s.quote.place))
