"""Verbs of homes and origins: "I moved to ...", "I grew up in ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import resolve
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import place
from semcache.memory.facts.verbs.shared import Claims, back, claim, planned, state

_IN = Pattern(r"\b(?:in|near|at|around|outside|close to|by|on)\s+(?=(?P<place>.+))")
_TO = Pattern(r"\b(?:to|into)\s+(?=(?P<place>.+))")
_FROM = Pattern(r"\b(?:out of|away from|from)\s+(?=(?P<place>.+?)(?:\s+(?:to|into)\s|$))")
_STREET = Pattern(r"\s*at\s+(?P<address>\d+\w?\s+[A-Z][\w' ]+)")
_FOR_A_WHILE = Pattern(r"\b(?:each|every|for (?:the|a|two|three))\b")
_NO_MOVE = Pattern(r"\s*(?:on|forward|ahead|past|my|the|it)\b(?! out)")


def _live(said: Said) -> Claims:
    street = _STREET.match(said.rest)
    if street and not said.denied and not said.gone:
        yield from state(said, "address", street["address"])
        return
    found = _IN.search(said.rest)
    where = place(found["place"], said.clause, lenient=True) if found else ""
    if not where or (said.verb == "rent" and (said.denied or _FOR_A_WHILE.search(said.rest))):
        return
    if said.tense == "future":
        yield from claim(said, "home", where, since=said.since) if said.since is not None and not said.denied else ()
    else:
        yield from state(said, "home", where, since=back(said))


def _move(said: Said) -> Claims:
    if said.denied or _NO_MOVE.match(said.rest) or said.form in ("change", "changed"):
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
    found = re.match(r"\s*up\s+(?:in|near|on|around)\s+(?P<place>.+)", said.rest)
    yield from claim(said, "origin", place(found["place"], said.clause)) if found and not said.denied else ()


def _come(said: Said) -> Claims:
    found = re.match(r"\s*(?:originally\s+)?from\s+(?P<place>.+)", said.rest)
    if found and said.form == "come" and not said.denied:
        yield from claim(said, "origin", place(found["place"], said.clause))


def _born(said: Said) -> Claims:
    year = re.match(r"\s*in\s+(?P<year>(?:19|20)\d\d)\b", said.rest)
    day = re.match(r"\s*on\s+(?:the\s+)?(?P<day>.+)", said.rest)
    if year:
        yield from claim(said, "birth year", year["year"])
    elif day:
        yield from claim(said, "birthday", re.split(r"[,.;]| in ", day["day"])[0].strip())
    found = re.search(r"\bin\s+(?=[^\d\s])(?P<place>.+)", said.rest)
    yield from claim(said, "origin", place(found["place"], said.clause)) if found else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "live": _live,
    "settle": _live,
    "rent": _live,
    "move": _move,
    "grow": _grow,
    "come": _come,
    "born": _born,
}
