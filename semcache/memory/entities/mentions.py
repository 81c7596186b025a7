"""What a text mentions, as the text alone shows it (pure)."""

from __future__ import annotations

from dataclasses import replace

from semcache.memory.entities.names import Candidate, named
from semcache.memory.entities.numbers import exact_mentions
from semcache.memory.entities.types import Kind, Mention


def candidates(text: str) -> tuple[Candidate, ...]:
    """Everything that may be a mention, in order; what can be checked is taken before what only looks like a name."""
    taken: list[Candidate] = []
    exact = (Candidate(mention, sure=True, start=False) for mention in exact_mentions(text))
    for one in [*exact, *named(text)]:
        mine = one.mention
        if all(mine.end <= other.mention.start or mine.start >= other.mention.end for other in taken):
            taken.append(one)
    return tuple(sorted(taken, key=lambda one: one.mention.start))


def mentions(text: str, persons: frozenset[str] = frozenset()) -> tuple[Mention, ...]:
    """What a text mentions, in order. `persons`: first names, in lower case, that are known to be persons'."""
    found = ((one, _kind(one, persons)) for one in candidates(text))
    return tuple(replace(one.mention, kind=Kind(kind)) for one, kind in found if kind)


def _kind(one: Candidate, persons: frozenset[str]) -> str | None:
    mine = one.mention
    return mine.kind if one.sure else kind_of(mine.kind, mine.key, start=one.start, persons=persons)


def kind_of(kind: str, key: str, *, start: bool, persons: frozenset[str]) -> str | None:
    """Of what a candidate is that is not sure; None if it is no mention: any word starts a sentence."""
    if key.split(" ", maxsplit=1)[0] in persons:
        return Kind.PERSON
    return None if kind == Kind.NAME and start else kind
