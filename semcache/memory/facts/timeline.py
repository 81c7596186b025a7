"""From claims to facts: which value holds when, from all that a user has ever told (pure).

What is known depends on the set of claims alone, never on the order in which they arrived: they are taken in the order
in which they were told, and what is told later wins over the time it speaks of.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from semcache.memory.facts.groups import has_several, merges_parts
from semcache.memory.facts.rules.values import key, words
from semcache.memory.facts.types import ANY, USER, Change, Fact, Told

_SURE = 0.65  # a claim below it never replaces what was told more plainly
_CONFIRMED = 0.05  # each further turn that says the same
_MOST_SURE = 0.99
_PARTNERS = frozenset("wife husband spouse partner girlfriend boyfriend fiance fiancé fiancee fiancée".split())
_ANY_OF = {"work": frozenset({"job", "work"}), "diet": frozenset({"diet"}), "allergy": frozenset({"any"})}


@dataclass(slots=True)
class _Span:
    """A value over a time; `start` None: it was over when it was first told of."""

    told: Told
    value: str
    start: float | None
    end: float | None
    confidence: float
    last: float
    turns: list[str] = field(default_factory=list)
    supersedes: str = ""

    @property
    def id(self) -> str:
        """16 hex digits: the same for the same first claim."""
        claim = self.told.claim
        parts = (claim.subject, claim.attribute, key(claim.value), self.told.turn, str(self.told.number))
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()

    def covers(self, at: float) -> bool:
        return self.start is not None and self.start <= at and (self.end is None or at < self.end)

    def fact(self) -> Fact:
        claim = self.told.claim
        return Fact(
            self.id,
            claim.subject,
            claim.attribute,
            self.value,
            claim.holds,
            self.start,
            self.end,
            round(self.confidence, 3),
            self.last,
            tuple(self.turns),
            self.supersedes,
        )


_Spans = dict[tuple[str, str], list[_Span]]


def facts_of(told: Iterable[Told]) -> tuple[Fact, ...]:
    """Everything known, past and present, in the order in which it was first told."""
    spans: _Spans = {}
    everything: list[_Span] = []
    for one in sorted(told, key=lambda one: (one.at, one.turn, one.number)):
        claim = one.claim
        if claim.change is Change.CORRECTS:
            _correct(one, everything)
            continue
        slot = spans.setdefault((claim.subject, claim.attribute), [])
        if claim.change is Change.ENDS:
            new = _end(one, slot)
        elif has_several(claim.attribute):
            new = _collect(one, slot)
        else:
            new = _replace(one, slot)
        if new:
            slot.append(new)
            everything.append(new)
        if (claim.attribute, claim.value) == ("occupation", "retired"):
            _finish(spans.get((USER, "work"), []), one.since)
    return tuple(span.fact() for span in everything)


def current(facts: Iterable[Fact], at: float) -> list[Fact]:
    """The facts that hold at a time."""
    return [fact for fact in facts if fact.current(at)]


def _span(one: Told, *, start: float | None, end: float | None = None) -> _Span:
    return _Span(one, one.claim.value, start, end, one.claim.confidence, one.at, [one.turn])


def _confirm(span: _Span, one: Told) -> None:
    if one.turn not in span.turns:
        span.turns.append(one.turn)
        span.confidence = min(_MOST_SURE, max(span.confidence, one.claim.confidence) + _CONFIRMED)
    span.last = one.at


def _correct(one: Told, everything: list[_Span]) -> None:
    """ "It's 54, not 56": the last that was told with the wrong value gets the right one."""
    claim = one.claim
    wrong = words(claim.replaced)
    for span in sorted(everything, key=lambda span: span.last, reverse=True):
        said = span.told.claim
        if claim.attribute not in (ANY, said.attribute) or not wrong:
            continue
        if words(span.value) == wrong or (len(wrong) > 1 and wrong <= words(span.value)):
            span.value = claim.value
            _confirm(span, one)
            return


def _end(one: Told, slot: list[_Span]) -> _Span | None:
    """Ends what the claim names; what was never told of before is known as past, if the claim is sure."""
    claim = one.claim
    until = one.at if claim.until is None else claim.until
    matched = [span for span in slot if span.told.claim.holds and _names(claim.attribute, claim.value, span.value)]
    for span in matched:
        if span.start is not None and (span.end is None or span.end > until):
            span.end = max(until, span.start)
            _confirm(span, one)
    unknown = claim.confidence < _SURE or claim.value in _ANY_OF.get(claim.attribute, ())
    return None if matched or unknown else _span(one, start=None, end=until)


def _finish(slot: list[_Span], at: float) -> None:
    for span in slot:
        if span.covers(at):
            span.end = at


def _names(attribute: str, name: str, value: str) -> bool:
    """Whether what is ended is this value: "the car" is "car Honda Civic", "my job" is any work."""
    if name in _ANY_OF.get(attribute, ()):
        return True
    ended, there = words(name), words(value)
    if attribute == "family" and ended & _PARTNERS and there & _PARTNERS:
        return True
    return bool(ended) and (ended <= there or bool(there and there <= ended))


def _collect(one: Told, slot: list[_Span]) -> _Span | None:
    """A further value; the opposite of one that was known ends that."""
    claim = one.claim
    start = one.since
    new = _span(one, start=start, end=_later(claim.until, start))
    for span in slot:
        of_all = not claim.holds and claim.value in _ANY_OF.get(claim.attribute, ())
        if not span.covers(max(start, one.at)) or not (of_all or _same(claim.attribute, claim.value, span.value)):
            continue
        if span.told.claim.holds == claim.holds:
            _confirm(span, one)
            span.value = max(span.value, claim.value, key=lambda value: len(words(value)))
            span.end = new.end if span.end is not None and (new.end is None or new.end > span.end) else span.end
            return None
        span.end = max(start, span.start or start)
        new.supersedes = span.id
    return new


def _same(attribute: str, one: str, other: str) -> bool:
    if key(one) == key(other):
        return True
    first, second = words(one), words(other)
    return merges_parts(attribute) and bool(first and second) and (first <= second or second <= first)


def _replace(one: Told, slot: list[_Span]) -> _Span | None:
    """The value of an attribute that has one at a time."""
    claim = one.claim
    start = one.since
    present = next((span for span in reversed(slot) if span.covers(max(start, one.at))), None)
    if not claim.holds:
        if present and _names(claim.attribute, claim.value, present.value):
            present.end = max(one.at, present.start or one.at)
            _confirm(present, one)
        return None
    if present and _agrees(claim.attribute, claim.value, present.value):
        _sharpen(one, present, slot)
        return None
    if present and claim.confidence < _SURE <= present.confidence:
        return None
    new = _span(one, start=start, end=_later(claim.until, start))
    for span in slot:
        if span.start is None:
            continue
        if claim.since is None and span.start > one.at:
            new.end = min(span.start, math.inf if new.end is None else new.end)
        elif span.end is None or span.end > start:
            span.end = max(start, span.start)
            new.supersedes = span.id
    return new


def _sharpen(one: Told, present: _Span, slot: list[_Span]) -> None:
    """The same again: more certain, perhaps known in more detail or from an earlier time on."""
    _confirm(present, one)
    present.value = max(present.value, one.claim.value, key=lambda value: len(words(value)))
    if one.claim.since is not None and present.start is not None:
        before = [span.end or math.inf for span in slot if span is not present and span.start is not None]
        present.start = (
            min(present.start, max([one.since, *before])) if max([one.since, *before]) < math.inf else present.start
        )


def _agrees(attribute: str, one: str, other: str) -> bool:
    first, second = words(one), words(other)
    if attribute in ("age", "birthday", "phone", "email") or not first or not second:
        return key(one) == key(other)
    return first <= second or second <= first


def _later(until: float | None, start: float) -> float | None:
    return None if until is None else max(until, start)
