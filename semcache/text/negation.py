"""Negation: whether a text says "not" or "only", and which of its words are negated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semcache.text.denials import denies, restricts
from semcache.text.tokens import stem

_PLAIN = frozenset("not no never without neither nor none nobody nothing nowhere cannot unable avoid avoiding avoids "
                   "prevent prevents preventing".split())  # fmt: skip
#: Words that contain a negation: they account for a "not" on the other side ("declined" / "not accepted").
_CONTAINS = frozenset(
    "fail failed fails failing failure decline declined declining reject rejected refuse refused refuses deny "
    "denied denies impossible broken break broke lack lacks lacking miss missing missed forget forgot forgotten "
    "forbidden ban banned prohibited prohibit exclude excluded excluding except unsuccessful invalid incorrect "
    "wrong unavailable disabled down illegal unsafe unlawful unauthorized unauthorised unaware unhappy unpaid "
    "unused unfair unknown uncertain unwell unlike undo stop stopped stops stopping quit ignore skip skipped "
    "skipping inactive stuck blocked block locked pending delayed lost absent zero few little hardly rarely barely "
    "seldom less out refrain lest free empty error errors problem problems trouble issue issues difficulty "
    "difficulties bug crash crashes crashed crashing protect protected against instead rather only dislike hate "
    "disagree disapprove abstain omit omitted dangerous bad harmful harmless hidden vanish vanished disappear "
    "disappeared gone disallow disallowed unsubscribe cancel canceled opt unblock uninstall bounced blank off "
    "freeze freezes frozen".split()
)
#: They deny the next word without denying the sentence: "the least expensive".
_LESS = frozenset(("less", "least"))
#: "I don't know how to ..." asks how to; nothing is denied.
_ASKING = frozenset("know sure understand figure find see remember get clear certain mind able idea clue".split())
_ASKED = frozenset("how where what why when whether if which who".split())
_SUBJECTS = frozenset("i you we he she it they there this that the my your our a an one".split())
_AUXILIARIES = frozenset("do does did is are was were can could will would should has have had may might must".split())
#: "Not more than 3", "no later than Friday" set a bound and deny nothing.
_COMPARED = frozenset("more less later earlier fewer longer sooner higher lower greater".split())
_BETWEEN = frozenset("be been being a an the to very really so too that any get it yet".split())


@dataclass(frozen=True, slots=True)
class Negation:
    """`odd`: an odd number of negations; `negated`: stems right after one; `contained`: words like "declined".

    Outside English, where two negations do not cancel each other, `odd` means any. `restricts`: it says "only".
    """

    odd: bool = False
    negated: frozenset[str] = frozenset()
    contained: frozenset[str] = frozenset()
    restricts: bool = False


NEUTRAL = Negation()


def negation(words: Sequence[str]) -> Negation:
    """The negation of a list of words (semcache.text.words)."""
    contained = _CONTAINS.intersection(words)
    elsewhere, only = denies(words), restricts(words)
    if _PLAIN.isdisjoint(words) and _LESS.isdisjoint(words):
        return Negation(elsewhere, frozenset(), contained, only) if contained or elsewhere or only else NEUTRAL
    count, negated = 0, []
    for at, word in enumerate(words):
        if word in _LESS:
            negated += _following(words, at)[:1]
        if word in _PLAIN and not _rhetorical(words, at):
            count += 1
            negated += _following(words, at)
    return Negation(count % 2 == 1 or elsewhere, frozenset(negated), contained, only)


def _rhetorical(words: Sequence[str], at: int) -> bool:
    """A "not" that denies nothing: "isn't there ...?", "whether or not", "no. 5", "not more than", "No, you ..."."""
    word = words[at]
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word == "not":
        if at == 1 and before in _AUXILIARIES and after in _SUBJECTS:
            return True
        if before in ("or", "why", "if") or after == "only":
            return True
    if word == "no" and (after[:1].isdecimal() or after in ("matter", "problem", "doubt")):
        return True
    if word == "no" and at == 0 and (after in _SUBJECTS or not _PLAIN.isdisjoint(words[1:])):
        return True
    if after in _COMPARED and "than" in words[at + 2 : at + 4]:
        return True
    return word in ("not", "no") and _asks(words, at)


def _asks(words: Sequence[str], at: int) -> bool:
    """Whether "not know how", "no idea where", "not sure if", "not find where" stands here."""
    for offset, word in enumerate(words[at + 1 : at + 4], start=at + 2):
        if word in _ASKING:
            return not _ASKED.isdisjoint(words[offset : offset + 3])
    return False


def _following(words: Sequence[str], at: int) -> list[str]:
    """Stems of the first words after a negation that are not fillers."""
    return [stem(word) for word in words[at + 1 : at + 4] if word not in _BETWEEN][:2]


def negation_differs(first: Negation, second: Negation) -> bool:
    """Whether one text denies what the other states; "declined" facing "not accepted" does not count."""
    if first.odd == second.odd:
        return False
    denies, states = (first, second) if first.odd else (second, first)
    return states.contained <= denies.contained
