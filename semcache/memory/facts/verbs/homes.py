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


def _live(said: Said) -> Claims:
    found = _IN.search(said.rest)
    where = place(found["place"], said.clause, lenient=True) if found else ""
    if not where or (
        said.verb == "rent" and (said.denied or re.search(r"\b(?:each|every|for (?:the|a|two|three))\b", said.rest))
    ):
        return
    if said.tense == "future" or (said.denied and not said.over):
        since = said.since
        if said.denied:
            yield from claim(said, "home", where, holds=False)
        elif since is not None:
            yield from claim(said, "home", where, since=since)
        return
    yield from state(said, "home", where, since=back(said))


def _move(said: Said) -> Claims:
    if (
        said.denied
        or re.match(r"\s*(?:on|forward|ahead|past|my|the|it)\b(?! out)", said.rest, re.IGNORECASE)
        or said.form in ("change", "changed")
    ):
        return
    to, off = _TO.search(said.rest), _FROM.search(said.rest)
    phrase = said.phrase
    where = place(to["place"], said.clause) if to else ""
    when = phrase and resolve(phrase, said.at, "past" if said.tense == "past" else "future")
    coming = said.progressive or said.tense == "future" or said.form in ("move", "relocate", "moving")
    if off:
        left = place(off["place"], said.clause)
        yield from (
            claim(said, "home", left, change=Change.ENDS, until=when) if left and not (coming and when is None) else ()
        )
    if where and (not coming or when is not None):
        yield from claim(said, "home", where, since=when)
    elif where:
        yield from planned(said, f"move to {where}")


def _commute(said: Said) -> Claims:
    found = re.search(r"\bfrom\s+(?P<place>.+?)(?=\s+(?:to|into)\s|$)", said.rest)
    yield from state(said, "home", place(found["place"], said.clause), confidence=0.7) if found else ()


def _grow(said: Said) -> Claims:
    found = re.match(r"\s*up\s+(?:in|near|on|around)\s+(?P<place>.+)", said.rest)
    yield from claim(said, "origin", place(found["place"], said.clause)) if found and not said.denied else ()


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
    "born": _born,
    "commute": _commute,
}
