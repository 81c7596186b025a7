"""Verbs of homes and origins, and of journeys to come: "I moved to ...", "I grew up in ...", "we're flying to ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.dates.phrases import mentions_future, resolve
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.values import cut, place, thing
from semcache.memory.facts.rules.verbs.habits import diet
from semcache.memory.facts.rules.verbs.shared import Claims, back, claim, planned, state
from semcache.memory.facts.types import Change
from semcache.text.patterns import Pattern

_IN = Pattern(r"\b(?:in|near|at|around|outside|close to|by|on)\s+(?=(?P<place>.+))")
_TO = Pattern(r"\b(?:to|into)\s+(?=(?P<place>.+))")
_FROM = Pattern(r"\b(?:out of|away from|from)\s+(?=(?P<place>.+?)(?:\s+(?:to|into)\s|$))")
_STREET = Pattern(r"\s*at\s+(?P<address>\d+\w?\s+[A-Z][\w' ]+)")
_NO_MOVE = Pattern(r"\s*(?:on|forward|ahead|past|my|the|it)\b(?! out)")
_WHERE = Pattern(r"\s*(?:(?:up|down|over|back|on (?:holiday|vacation|a trip)|by \w+)\s+)?(?P<to>to\s+)?(?P<where>.+)")
_LASTING = Pattern(
    r"(?:(?:a|an|our|my|the)\s+)?(?:(?!shopping|grocery|movie|film|tv)[\w-]+\s+){0,2}(?:trip|holiday|vacation|wedding"
    r"|marathon|journey|cruise|tour|move|honeymoon|surgery|retirement|expedition|weekend in|week in)\b"
    r"|(?:move|marry|retire|emigrate|study|learn|travel|visit|adopt|renovate|climb|run)\b"
)
_PAPERS = Pattern(r"membership|subscription|insurance|contract|card")
_BOOKED = Pattern(
    r"\s*(?:(?:an?|the|our|my|two|three|four|\d) )?(?=.*[A-Z])(?!(?:it|that|them|on|in|for)\b)", cased=True
)


def _live(said: Said) -> Claims:
    street = _STREET.match(said.rest)
    found = _IN.search(said.rest)
    where = place(found["place"], said.clause, lenient=True) if found else ""
    if street and not said.denied:
        yield from state(said, "address", street["address"])
    elif said.tense != "future":
        yield from state(said, "home", where, since=back(said))
    elif said.since is not None and not said.denied:
        yield from claim(said, "home", where, since=said.since)


def _move(said: Said) -> Claims:
    if said.denied or _NO_MOVE.match(said.rest):
        return
    to, off = _TO.search(said.rest), _FROM.search(said.rest)
    where = place(to["place"], said.clause) if to else ""
    left = place(off["place"], said.clause) if off else ""
    when = said.phrase and resolve(said.phrase, said.at, "past" if said.tense == "past" else "future")
    coming = said.progressive or said.tense == "future" or said.form in ("move", "relocate", "moving")
    if left and not (coming and when is None):
        yield from claim(said, "home", left, change=Change.ENDS, until=when)
    if where and (not coming or when is not None):
        yield from claim(said, "home", where, since=when)
    elif where:
        yield from planned(said, f"move to {where}")


def _grow(said: Said) -> Claims:
    found = re.match(r"\s*(?:up\s+(?:in|near|on|around)|(?:originally\s+)?from)\s+(?P<place>.+)", said.rest)
    yield from claim(said, "origin", place(found["place"], said.clause)) if found and not said.denied else ()


def _born(said: Said) -> Claims:
    year = re.match(r"\s*in\s+(?P<year>(?:19|20)\d\d)\b", said.rest)
    day = re.match(r"\s*on\s+(?:the\s+)?(?P<day>.+)", said.rest)
    found = re.search(r"\bin\s+(?=[^\d\s])(?P<place>.+)", said.rest)
    yield from claim(said, "birth year", year["year"]) if year else ()
    yield from claim(said, "birthday", re.split(r"[,.;]| in ", day["day"])[0].strip()) if day else ()
    yield from claim(said, "origin", place(found["place"], said.clause)) if found else ()


def _travel(said: Said) -> Claims:
    """Journeys to come: "we're flying to Japan in October"; "I went vegan"."""
    if said.verb == "go":
        yield from diet(said)
    future = mentions_future(said.clause, said.at)
    to = _WHERE.match(said.rest)
    where = thing(to["where"]) if to and (to["to"] or said.verb == "visit") else ""
    if said.gone or not (said.progressive or future) or not re.match(r"(?:the\s+)?[A-Z]", where):
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
    if not said.denied and said.tense != "future" and not said.progressive and _BOOKED.match(said.rest):
        yield from planned(said, re.split(r"\s+for\s", thing(said.rest))[0])


def _cancel(said: Said) -> Claims:
    value = thing(said.rest)
    if not said.denied and said.tense == "past" and not re.match(r"(?:order|it|that|everything)\b", value.lower()):
        yield from claim(said, "possession" if _PAPERS.search(value) else "plan", value, change=Change.ENDS)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "live": _live,
    "move": _move,
    "grow": _grow,
    "come": _grow,
    "born": _born,
    "go": _travel,
    "fly": _travel,
    "visit": _travel,
    "plan": _plan,
    "book": _book,
    "cancel": _cancel,
}
