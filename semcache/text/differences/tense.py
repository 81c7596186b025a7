"""Whether one question is about what was and the other about what is (English; pure)."""

from __future__ import annotations

from collections.abc import Sequence

from semcache.text.questions.volatile import asks_of_former
from semcache.text.reading import Text

# What stands for the present where the past has the other: `what were the fees`, `what are the fees`.
_PRESENT = {
    "was": ("is", "am", "are"),
    "were": ("are", "is"),
    "did": ("does", "do"),
    "had": ("has", "have"),
    "wasn't": ("isn't",),
    "weren't": ("aren't",),
    "didn't": ("doesn't", "don't"),
}
_PAST = frozenset((*_PRESENT, "used"))


def tense_differs(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a verb of the past in one faces its present in the other, of lower-case words."""
    if _PAST.isdisjoint(one) and _PAST.isdisjoint(other):
        return False
    return _turned(frozenset(one), frozenset(other)) or _turned(frozenset(other), frozenset(one))


def former_differs(one: Text, other: Text) -> bool:
    """Whether one asks for what held before (old prices, old hours) and the other for what holds now."""
    if _PAST.isdisjoint(one.words) == _PAST.isdisjoint(other.words):
        return False
    past = other if _PAST.isdisjoint(one.words) else one
    return asks_of_former(past.raw)


def _turned(past: frozenset[str], present: frozenset[str]) -> bool:
    return any(
        was in past and was not in present and any(now in present and now not in past for now in are)
        for was, are in _PRESENT.items()
    )
