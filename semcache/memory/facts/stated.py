"""Which fact a turn states, and which facts a question asks for first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from semcache.memory.facts.types import Fact
from semcache.memory.types import Turn
from semcache.text.tokens import stems


def by_relevance(query: str, facts: Iterable[Fact]) -> list[Fact]:
    """Facts that share words with the question first, then the latest told."""
    asked = set(stems(query))

    def relevance(fact: Fact) -> tuple[int, float, str]:
        shared = asked.intersection(stems(f"{fact.subject} {fact.attribute} {fact.value}"))
        return (-len(shared), -fact.told_at, fact.id)

    return sorted(facts, key=relevance)


def stated(query: str, read: Callable[[], Sequence[Fact]]) -> Callable[[Turn], Fact | None]:
    """The fact that a turn states, of several the one that the question asks for; None if it states none.

    `read` is called once, when first asked of a turn of the user: only such turns state facts.
    """

    @cache
    def by_turn() -> dict[str, Fact]:
        ordered = by_relevance(query, read())
        return {turn: fact for fact in reversed(ordered) for turn in fact.turns}

    return lambda turn: by_turn().get(turn.id) if turn.role == "user" else None
