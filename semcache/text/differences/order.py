"""Who does what to whom: the same words in another order ("from A to B" / "from B to A", "dog bites man")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semcache.text.words import AUXILIARIES, STOP_WORDS, root

_TO = frozenset(("to", "into", "onto", "toward", "towards"))
_RELATIONS = frozenset("than before after over under versus against without behind of by as in on with for".split())
_BE = frozenset("is are was were be been being".split())
_ENDS = _TO | _RELATIONS | frozenset(("from", "and", "or", "if", "when", "while", "because", "is", "are", "do", "does"))


@dataclass(frozen=True, slots=True)
class Roles:
    """`start`/`goal`: stems after "from" and "to"; `before`: stems in front of "to"; `relations`: preposition + stem.

    `passive`: "is included", "was sent": what stands first is acted upon.
    """

    start: frozenset[str] = frozenset()
    goal: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    relations: frozenset[tuple[str, str]] = frozenset()
    passive: bool = False


NO_ROLES = Roles()


def roles(words: Sequence[str]) -> Roles:
    """The roles that prepositions give to the words of a text."""
    if _ENDS.isdisjoint(words):
        return NO_ROLES
    passive = not _BE.isdisjoint(words) and any(word.endswith(("ed", "en")) for word in words)
    start: list[str] = []
    goal: list[str] = []
    before: list[str] = []
    relations: list[tuple[str, str]] = []
    for at, word in enumerate(words):
        if word == "from":
            start += _phrase(words[at + 1 : at + 4])
        elif word in _TO:
            goal += _phrase(words[at + 1 : at + 4])
            before += _phrase(words[max(0, at - 3) : at][::-1])
        elif word in _RELATIONS:
            relations += [(word, argument) for argument in _phrase(words[at + 1 : at + 4])]
    return Roles(frozenset(start), frozenset(goal), frozenset(before), frozenset(relations), passive)


def _phrase(words: Sequence[str]) -> list[str]:
    """The stem of the first content word, as a list of one; empty when a preposition comes first."""
    for word in words:
        if word in _ENDS:
            break
        if word not in STOP_WORDS:
            return [root(word)]
    return []


def direction_reversed(first: Roles, second: Roles) -> bool:
    """Whether what one text goes from, the other goes to."""
    if first.start and second.goal and (first.start - first.goal) & (second.goal - second.start):
        return not (first.start & second.start)
    if second.start and first.goal and (second.start - second.goal) & (first.goal - first.start):
        return not (first.start & second.start)
    forth = (first.before - first.goal) & (second.goal - second.before)
    return bool(forth and (first.goal - first.before) & (second.before - second.goal))


def order_differs(first: Sequence[str], second: Sequence[str], first_roles: Roles, second_roles: Roles) -> bool:
    """Whether two texts of the same content stems give them other roles; "reset password" is "password reset".

    `first`, `second`: the words of both.
    """
    if first_roles.start and second_roles.start and first_roles.start.isdisjoint(second_roles.start):
        return True
    if first_roles.passive != second_roles.passive:
        return False
    return _relations_swapped(first_roles, second_roles) or _exchanged(first, second)


def _relations_swapped(first: Roles, second: Roles) -> bool:
    """ "A than B" / "B than A", "before A" / "before B": one preposition, two arguments."""
    mine, other = first.relations - second.relations, second.relations - first.relations
    return any(a[0] == b[0] and a[0] in ("than", "before", "after", "over", "without", "against", "behind", "by")
               for a in mine for b in other)  # fmt: skip


def _exchanged(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two words changed places in the same sentence: does a dog bite a cat / does a cat bite a dog."""
    if len(first) != len(second):
        return False
    apart = [at for at, (a, b) in enumerate(zip(first, second, strict=True)) if root(a) != root(b)]
    if len(apart) != 2 or apart[1] == apart[0] + 1:
        return False
    return root(first[apart[0]]) == root(second[apart[1]]) and root(first[apart[1]]) == root(second[apart[0]])


def persons_exchanged(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether "I ... you" faces "you ... me"."""
    one, two = _persons(first), _persons(second)
    return bool(one and two and one == two[::-1])


def _persons(words: Sequence[str]) -> tuple[str, str] | None:
    """(who acts, on whom) when both are the speaker and the addressee: "can you call me" -> ("you", "i")."""
    subject = ""
    for at, word in enumerate(words):
        if not subject and word in ("i", "we", "you") and (at == 0 or words[at - 1] in AUXILIARIES):
            subject = "you" if word == "you" else "i"
        elif subject == "i" and word == "you":
            return "i", "you"
        elif subject == "you" and word in ("me", "us"):
            return "you", "i"
    return None
