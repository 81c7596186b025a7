"""What a question gets: the answer with its provenance, its cost and the time it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from semcache.cache import Hit, Miss
from semcache.llm import Passage
from semcache.text.questions import QuestionClass

OutcomeKind = Literal["hit", "miss", "uncacheable", "fresh"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a hit spared: LLM tokens, money, seconds."""

    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question.

    `outcome`: "hit" (served from the cache), "miss" (computed, and stored unless `entry_id` is None), "uncacheable"
    (computed, never stored) or "fresh" (the same, because that was asked for); `reason` says why, in words.
    `personal_scope`: it is kept for its asker alone.
    `question`: as it was understood, standing alone. `sources`: document id -> the version the answer rests on.
    `passages`, `memories`: what was retrieved, best first. `cited`: ids of those the answer names. `timings`: seconds
    by stage (understand, embed, lookup, recall, generate, store), with `total`. `tokens`: prompt and answer, 0 on a
    hit. `known` is False if the answer says that it does not know. `warnings`: what its asker should know (it is
    incomplete; its turns are not remembered).
    """

    text: str
    outcome: OutcomeKind
    reason: str
    question: str
    kind: QuestionClass
    personal_scope: bool = False
    sources: Mapping[str, int] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    memories: tuple[Passage, ...] = ()
    cited: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0
    saved: Saved = Saved()
    hit: Hit | None = None
    miss: Miss | None = None
    entry_id: str | None = None
    known: bool = True
    warnings: tuple[str, ...] = ()
