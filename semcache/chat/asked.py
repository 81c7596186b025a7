"""One question on its way through the engine, and the answers it can end with."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from semcache.cache import Computed, Hit, Miss
from semcache.chat.answer import Answer, OutcomeKind, Saved
from semcache.chat.retrieval import Retrieved
from semcache.chat.stages import Stages
from semcache.chat.understanding import Understood
from semcache.llm import Completion, Llm, Passage
from semcache.memory import Turn


@dataclass(slots=True)
class Asked:
    """One question. What is learned about it is added as it goes. `at`: seconds since the epoch.

    `anew`: without the cache.
    """

    text: str
    user: str
    session: str
    at: float
    stages: Stages
    window: list[Turn]
    understood: Understood
    anew: bool = False
    memories: tuple[Passage, ...] = ()
    retrieved: Retrieved = field(default_factory=Retrieved)
    completion: Completion | None = None
    completed: float = 0.0
    renewed: str = ""

    def again(self, stages: Stages) -> Asked:
        """The same question at the beginning of another way."""
        return Asked(self.text, self.user, self.session, self.at, stages, self.window, self.understood, anew=True)

    @property
    def question(self) -> str:
        """The question as it can be understood alone."""
        return self.understood.question

    def complete(self, completion: Completion) -> None:
        """The answerer is done."""
        self.completion = completion
        self.completed = time.perf_counter()

    def since_completed(self) -> float:
        """Seconds since the answerer was done; 0 if it was not asked."""
        return time.perf_counter() - self.completed if self.completed else 0.0

    @property
    def note(self) -> str:
        """A word about the answer for those who get it; empty if it is whole."""
        missing = self.completion.incomplete if self.completion else ""
        return f"this answer is incomplete and is not kept: {missing}" if missing else ""

    def sources(self, llm: Llm) -> dict[str, int]:
        """Documents the answer rests on: those quoted, or all that a model has seen."""
        cited = set(self.completion.cited) if self.completion else set()
        return {id: version for id, version in self.retrieved.versions if llm.generative or id in cited}

    def computed(self, llm: Llm) -> Computed:
        """What is stored with the answer; it is not stored if it is incomplete or says that it does not know."""
        if self.completion is None or not self.completion.known or self.completion.incomplete:
            return Computed(keep=False, note=self.note)
        return Computed(
            sources=self.sources(llm),
            tokens=self.completion.usage.total,
            metadata={
                "answerer": llm.name,
                "cited": list(self.completion.cited),
                "memories": [memory.id for memory in self.memories],
            },
        )

    def fresh(
        self, text: str, llm: Llm, *, outcome: OutcomeKind, reason: str, miss: Miss | None = None, note: str = ""
    ) -> Answer:
        """An answer that was just computed, here or by somebody else who asked the same at the same time."""
        note = note or self.note
        completion = self.completion
        return Answer(
            text=text,
            outcome=outcome,
            reason=reason,
            question=self.question,
            kind=self.understood.kind,
            sources=self.sources(llm),
            passages=self.retrieved.passages,
            memories=self.memories,
            cited=completion.cited if completion else (),
            tokens=completion.usage.total if completion else 0,
            known=completion.known if completion else True,
            miss=miss,
            warnings=(note,) if note else (),
        )

    def of_hit(self, hit: Hit) -> Answer:
        """A stored answer."""
        cited = hit.metadata.get("cited")
        return Answer(
            text=hit.response,
            outcome="hit",
            reason=hit.detail,
            question=self.question,
            kind=self.understood.kind,
            sources=dict(hit.sources),
            cited=tuple(map(str, cited)) if isinstance(cited, list) else (),
            saved=Saved(hit.tokens_saved, hit.cost_saved, hit.seconds_saved),
            hit=hit,
            entry_id=hit.entry_id,
        )


def collected(source: Generator[str, None, Any], pieces: list[str]) -> Generator[str, None, Any]:
    """Passes pieces on and keeps them; returns what the source returns."""
    with closing(source):
        while True:
            try:
                piece = next(source)
            except StopIteration as end:
                return end.value
            pieces.append(piece)
            yield piece
