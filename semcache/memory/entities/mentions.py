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
    found = (
        (one, kind_of(one.mention.kind, one.mention.key, one.sure, one.start, persons)) for one in candidates(text)
    )
    return tuple(replace(one.mention, kind=kind) for one, kind in found if kind)


def kind_of(kind: Kind, key: str, sure: bool, start: bool, persons: frozenset[str]) -> Kind | None:
    """Of what a candidate is, once persons are known; None if it is no mention: any word starts a sentence."""
    if not sure and key.split(" ", maxsplit=1)[0] in persons:
        return Kind.PERSON
    return None if kind is Kind.NAME and start else kind
