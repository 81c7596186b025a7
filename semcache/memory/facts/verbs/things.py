"""Verbs of having, getting and losing: "I bought ...", "we sold ...", "I have ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from semcache.memory.facts.lexicon import THINGS
from semcache.memory.facts.nouns import condition, employer, pet_or_kin
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import mentions_future
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import thing
from semcache.memory.facts.verbs.likes import HANDLERS as LIKES
from semcache.memory.facts.verbs.shared import JOB, Claims, back, claim, planned, state

_BEFORE = 24  # characters before a clause where its time may stand: "Next Friday, I have ..."
_OWNABLE = Pattern(r"\s*(?:a|an|the|my|our|another|two|three|four|some|one|both|any|no|\d)\s*")
_ENDS_THING = Pattern(
    r"\s+(?:from|for|off|at|on|as|to|instead|via|through|after|with|by|called|named|because|online|and|of"
    r"|in (?!(?:(?-i:[A-Z])\w+$)))\s*"
)
_DATED = Pattern(
    r"\s*(?:a|an|my|the|our|another)\s+(?P<what>(?:[\w-]+\s+){0,2}?(?:appointment|interview"
    r"|exam|flight|surgery|operation|check-?up|wedding|concert|recital|rehearsal|conference|viva"
    r"|defen[cs]e|hearing)\b(?:\s+(?:at|with|to|in)\s+(?:the\s+)?[\w' ]+?(?=\s+(?:on"
    r"|at|next|this|in)\b|$|[,.]))?)"
)
_PAPERS = Pattern(r"membership|subscription|insurance|contract|netflix|spotify|card")


def owned(text: str) -> str:
    """A thing that one keeps ("Honda Civic", "red bike"); empty for what is bought and used up, or is no thing."""
    value = _ENDS_THING.split(thing(text))[0]
    words = [word.strip(".,").lower() for word in value.split()]
    product = re.match(
        r"(?:(?:new|used|old|second-hand|[a-z]+"
        r"|\d{4}) )?[A-Z][\w-]*[a-z0-9]\b(?: [A-Z0-9][\w.+-]*)*$",
        value,
    )
    head = re.split(r"\s+in\s+", value)[0].lower().split(" ")[-1].strip(".,")
    known = head in THINGS or head.removesuffix("s") in THINGS
    model = not THINGS.isdisjoint(words) and re.search(r"\d", value)
    return value if len(words) <= 5 and (known or product or model) else ""


def _have(said: Said) -> Claims:
    rest = re.sub(r"^\s*got\b\s*", "", said.rest)
    no = re.match(r"\s*(?:no|any|never)\s+(?=\S)", rest)
    denied = said.denied or bool(re.match(r"\s*no\s", rest))
    if not re.match(r"\s*(?:no idea|to\b|been\b)", said.rest):
        yield from _object(replace(said, rest=rest[no.end() :] if no else rest, denied=denied))


def _object(said: Said) -> Claims:
    """What somebody has: a condition, a relative, an animal, an appointment or a thing."""
    if said.denied and re.match(r"\s*(?:allerg\w+|pets|animals|children|siblings)\b", said.rest):
        yield from state(said, "allergy", "any") if "allerg" in said.rest.lower() else ()
        return
    found = condition(said.rest) or pet_or_kin(said.rest)
    for attribute, value in found:
        yield from state(said, attribute, value, since=said.since if attribute == "pet" else None)
    dated = None if found else _DATED.match(said.rest)
    before = said.whole[max(said.start - _BEFORE, 0) : said.start]
    if dated and mentions_future(f"{before} {said.clause}", said.at) and not said.denied:
        yield from planned(said, thing(dated["what"]))
    elif not found and not dated and (_OWNABLE.match(said.rest) or said.denied):
        yield from state(said, "possession", owned(said.rest))


def possess(said: Said) -> Claims:
    """ "I bought ..." """
    if (said.denied and said.verb != "own") or said.tense == "future" or said.progressive:
        return
    got = replace(said, perfect=True)  # what was bought is there
    found = pet_or_kin(said.rest) if said.verb in ("buy", "adopt", "get", "own") else []
    for attribute, value in found:
        yield from state(got, attribute, value, since=back(said)) if attribute == "pet" else ()
    if not found and _OWNABLE.match(said.rest):
        value = owned(said.rest) or (_ENDS_THING.split(thing(said.rest))[0] if said.verb == "own" else "")
        yield from state(got, "possession", value, since=back(said))


def _get(said: Said) -> Claims:
    rest = said.rest.strip()
    low = rest.lower()
    state_of = re.match(
        r"(?:married|engaged|divorced)(?= (?:to|in|last|on|this|two|\w+ (?:years?|months?) ago)|\W|$)", low
    )
    if state_of and (said.tense == "future" or said.progressive):
        yield from planned(said, f"getting {state_of[0]}") if not said.denied else ()
    elif said.denied or said.tense == "future":
        return
    elif state_of:
        yield from claim(said, "marital status", state_of[0], since=back(said))
        if state_of[0] == "divorced":
            yield from claim(said, "family", "spouse", change=Change.ENDS, until=back(said), confidence=0.6)
    elif re.match(r"(?:promoted|hired)\b", low):
        role = re.search(r"\b(?:to|as)\s+(?=(?P<role>.+))", rest)
        yield from claim(said, "occupation", thing(role["role"])) if role else ()
    elif re.match(r"(?:laid off|fired|sacked|made redundant|let go)\b", low):
        yield from claim(said, "work", _dismissed_by(rest) or "job", change=Change.ENDS, until=back(said))
    elif low.startswith("rid of"):
        yield from claim(said, "possession", owned(rest[6:]), change=Change.ENDS)
    elif JOB.match(rest):
        role = re.search(r"\bas\s+(?=(?P<role>.+))", rest)
        yield from claim(
            said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]) if role else ""
        )
        yield from claim(said, "work", employer(rest, said.whole), since=said.since)
    elif said.form == "got" and not said.progressive and re.match(r"(?:a|an|my|our|another|two|three|new)\s", low):
        yield from possess(said)


def _dismissed_by(rest: str) -> str:
    """The employer in "laid off from Wayfair in August"."""
    found = re.search(r"\b(?:from|by|at)\s+(?=(?P<who>.+))", rest)
    where = re.split(r"\s+(?:in|on|last|this|after|because)\s+", thing(found["who"]))[0] if found else ""
    return "" if re.match(r"(?:work|my|the job|once)\b", where.lower()) else where


def _lose(said: Said) -> Claims:
    what = re.match(r"\s*(?:(?:away|off|in)\s+)?(?P<what>(?:my|our|the|both|all|a|an|\d|[A-Z]).*)", said.rest)
    if not what or said.denied or (said.tense == "future" and said.since is None) or said.progressive:
        return
    if said.verb == "lose" and not re.match(r"\s*(?:my|our)\s", said.rest):
        return
    if thing(what["what"]).lower().startswith("job"):
        yield from claim(said, "work", "job", change=Change.ENDS, until=back(said))
        return
    yield from claim(said, "possession", owned(what["what"]), change=Change.ENDS, until=back(said))
    bought = re.search(r"\bfor\s+(?=(?:a|an|my|our)\s+(?P<new>.+))", said.rest)
    if said.verb == "trade" and bought:
        yield from claim(said, "possession", owned(bought["new"]), since=back(said))


def _give(said: Said) -> Claims:
    return LIKES["stop"](said) if re.match(r"\s*up\s", said.rest) else _lose(said)


def _cancel(said: Said) -> Claims:
    value = thing(said.rest)
    if not value or said.denied or said.tense != "past" or re.match(r"(?:order|it|that|everything)\b", value.lower()):
        return
    yield from claim(said, "possession" if _PAPERS.search(value) else "plan", value, change=Change.ENDS)


def _switch(said: Said) -> Claims:
    named = re.match(
        r"\s*my (?:last |sur|first )?name(?:\s+(?:from .+? )?to\s+(?P<new>[A-Z]\S+(?:\s+[A-Z]\S+)*))?", said.rest
    )
    both = re.match(r"\s*from\s+(?P<old>[\w' -]{2,40}?)\s+to\s+(?P<new>.+)", said.rest) or re.match(
        r"\s*(?:my|our)\s+(?P<old>[\w' -]{2,40}?)\s+for\s+(?P<new>.+)", said.rest
    )
    if said.denied or said.tense == "future":
        return
    if named:
        yield from claim(said, "name", named["new"] or "")
    elif both and said.form not in ("change", "changed"):
        yield from claim(said, "possession", owned(both["old"]), change=Change.ENDS)
        yield from claim(said, "possession", owned(both["new"]))


def _adopt(said: Said) -> Claims:
    return possess(said) if pet_or_kin(said.rest) else iter(())


def _drive(said: Said) -> Claims:
    if re.match(r"\s*(?:an?|my|our)\s", said.rest) and said.tense == "present" and not said.progressive:
        yield from state(said, "possession", owned(said.rest)) if not said.denied else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "have": _have,
    "get": _get,
    "buy": possess,
    "order": possess,
    "sell": _lose,
    "lose": _lose,
    "trade": _lose,
    "give": _give,
    "donate": _lose,
    "return": _lose,
    "cancel": _cancel,
    "switch": _switch,
    "adopt": _adopt,
    "drive": _drive,
    "ride": _drive,
}
