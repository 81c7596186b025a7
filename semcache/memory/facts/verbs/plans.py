"""Verbs of what is to come: journeys, bookings, intentions."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import mentions_future
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import cut, thing
from semcache.memory.facts.verbs.body import diet
from semcache.memory.facts.verbs.shared import Claims, planned

_TO_WHERE = Pattern(
    r"\s*(?:(?:up|down|over|back|on (?:holiday|vacation|a trip)|by \w+)\s+)?(?P<to>to\s+)?(?P<where>.+)"
)
_LASTING = Pattern(
    r"(?:(?:a|an|our|my|the)\s+)?(?:(?!shopping|grocery|movie|film|tv)[\w-]+\s+){0,2}(?:trip|holiday|vacation"
    r"|wedding|marathon|journey|cruise|tour|move"
    r"|honeymoon|surgery|retirement|house|expedition|pilgrimage|weekend in|week in)\b"
    r"|(?:move|marry|retire|emigrate|study|travel|visit|adopt|renovate|climb|run)\b"
)
_BOOKED = Pattern(r"\s*(?:a|an|the|two|three|four|our|my|\d|flights|tickets|(?-i:[A-Z]))")
_NOT_BOOKED = Pattern(r"\s*(?:it|that|them|the (?:mechanic|slot)|a (?:table|taxi|slot|call|demo))\b|\s*(?:on|in|for)\s")
_NO_PLANS = Pattern(
    r"\s*(?:need|have|want|see|be|try|call|ask|tell|send|wait|use|check|say|let|look|reply|write|complain|contact|make"
    r"|get|go|do|take|give|clean|sleep|watch|eat|keep|start|add|put|find)\b"
    r"|\s*\w+\s+(?:you|it|this|that|them|him|her|back|again|up|my|these|those)\b"
)


def _travel(said: Said) -> Claims:
    """Journeys to come: "we're flying to Japan in October"."""
    if said.verb == "go":
        yield from diet(said)
    future = mentions_future(said.clause, said.at)
    coming = said.progressive or said.tense == "future" or (said.tense == "present" and future)
    to = _TO_WHERE.match(said.rest)
    where = thing(to["where"]) if to else ""
    if not coming or said.gone or not where or (said.verb != "visit" and to and not to["to"]):
        return
    if not re.match(r"(?:the\s+)?[A-Z]", where) and not (future and said.verb in ("fly", "travel")):
        return
    if said.denied or said.over:
        yield from planned(said, where, change=Change.ENDS)
    else:
        yield from planned(said, f"{said.verb} {'' if said.verb == 'visit' else 'to '}{where}")


def _plan(said: Said) -> Claims:
    to = re.match(r"\s*(?:(?:to|on)\s+)?(?P<what>.+)", said.rest)
    if to and not said.denied and said.tense != "past" and _LASTING.match(to["what"]):
        yield from planned(said, re.sub(r"^(?:(?:a|an|our|my|own|another|new)\s+)+", "", cut(to["what"], most_words=8)))


def _book(said: Said) -> Claims:
    if said.denied or said.tense == "future" or said.progressive or _NOT_BOOKED.match(said.rest):
        return
    if _BOOKED.match(said.rest):
        yield from planned(said, re.split(r"\s+for\s", thing(said.rest))[0])


def _expect(said: Said) -> Claims:
    if re.search(r"\b(?:baby|child|twins|boy|girl)\b|\bour (?:first|second)\b", said.rest) and not said.denied:
        yield from planned(said, "expecting a baby" if "twins" not in said.rest else "expecting twins")


def intended(said: Said) -> Claims:
    """Plans of any verb with a time: "we're going to renovate the bathroom next spring"."""
    going = (
        re.search(r"\b(?:going to|gonna)\b", said.clause)
        if said.verb == "" and said.tense == "future"
        else said.progressive
    )
    body = f"{said.form} {said.rest}" if said.verb else said.rest
    if going and not said.denied and mentions_future(said.clause, said.at) and not _NO_PLANS.match(body):
        value = cut(body.strip(), most_words=6)
        yield from planned(said, value) if value else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "go": _travel,
    "fly": _travel,
    "travel": _travel,
    "visit": _travel,
    "plan": _plan,
    "book": _book,
    "expect": _expect,
    "attend": intended,
    "learn": intended,
    "": intended,
}
