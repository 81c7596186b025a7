"""Verbs of what is to come: journeys, bookings, intentions."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import mentions_future
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import cut, thing
from semcache.memory.facts.verbs.shared import Claims, planned
from semcache.memory.facts.verbs.tastes import FEELING_OBJECT, diet

_NEAR = Pattern(
    r"^\s*(?:to (?:bed|sleep|try|be honest|the (?:toilet|shop|bathroom|point))|back|home|out"
    r"|through|with|ahead|on|for it|there|and|nuts|crazy|mad|well)\b"
)


_NO_PLANS = Pattern(
    r"\s*(?:need|have|want|see|be|try|call|ask|tell|send|wait|use|check|say|let|look|reply|write|complain|contact)\b"
    r"|\s*\w+\s+(?:you|it|this|that|them|him|her|back|again|up)\b"
)


def _travel(said: Said) -> Claims:
    """Journeys to come: "we're flying to Japan in October"."""
    if said.verb == "go":
        yield from diet(said)
    coming = (
        said.progressive
        or said.tense == "future"
        or (said.tense == "present" and mentions_future(said.clause, said.at))
    )
    if not coming or said.form in ("went", "flew", "gone", "visited", "travelled") or _NEAR.match(said.rest):
        return
    to = re.match(
        r"\s*(?:(?:up|down|over|on (?:holiday|vacation|a trip)|all the way|by \w+)\s+)?(?:to\s+)?(?P<where>.+)",
        said.rest,
    )
    where = thing(to["where"]) if to else ""
    named = bool(re.match(r"(?:the\s+)?[A-Z]", where)) or mentions_future(said.clause, said.at)
    if (
        not where
        or not named
        or (
            said.verb == "go"
            and not re.match(r"\s*(?:\w+\s+){0,3}?to\s", said.rest)
            and not mentions_future(said.clause, said.at)
        )
    ):
        return
    if said.denied or said.over:
        yield from planned(said, where, change=Change.ENDS)
    else:
        yield from planned(
            said,
            f"{said.verb} to {where}" if said.verb in ("go", "fly", "travel") else f"{said.verb} {where}",
        )


def _plan(said: Said) -> Claims:
    to = re.match(r"\s*(?:(?:to|on)\s+)?(?P<what>.+)", said.rest)
    if to and re.match(r"\s*(?:to|on|a|an|our|my)\s", said.rest) and not said.denied and said.tense != "past":
        value = cut(to["what"], most_words=8)
        yield from planned(said, re.sub(r"^(?:a|an|our|my)\s+", "", value))


def _book(said: Said) -> Claims:
    if (
        said.denied
        or said.tense == "future"
        or re.match(r"\s*(?:it|that|them|the (?:mechanic|slot))\b|\s*(?:on|in|for)\s", said.rest)
        or said.progressive
    ):
        return
    if re.match(r"\s*(?:a|an|the|two|three|four|our|my|\d|flights|tickets|[A-Z])", said.rest):
        yield from planned(said, thing(said.rest))


def _expect(said: Said) -> Claims:
    if re.search(r"\b(?:baby|child|twins|boy|girl|first|second)\b", said.rest) and not said.denied:
        yield from planned(said, "expecting a baby" if "twins" not in said.rest else "expecting twins")


def future(said: Said) -> Claims:
    """Anything to come with a time: "next week I'm running a marathon"."""
    if (said.progressive or said.tense == "future") and not said.denied and mentions_future(said.clause, said.at):
        value = cut(said.rest, most_words=6)
        yield from planned(said, f"{said.form} {value}") if value and not FEELING_OBJECT.match(value) else ()


def _intended(said: Said) -> Claims:
    """Plans of any verb: "we're going to renovate the bathroom next spring"; "I'll send it tomorrow" is none."""
    going = re.search(r"\b(?:going to|gonna)\b", said.clause)
    if going and not said.denied and mentions_future(said.clause, said.at) and not _NO_PLANS.match(said.rest):
        value = cut(said.rest.strip(), most_words=6)
        yield from planned(said, value) if value else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "go": _travel,
    "fly": _travel,
    "travel": _travel,
    "visit": _travel,
    "plan": _plan,
    "book": _book,
    "expect": _expect,
    "attend": future,
    "learn": future,
    "": _intended,
}
