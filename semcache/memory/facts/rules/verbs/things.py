"""Verbs of having, getting and losing: things, animals, relatives, conditions, jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from semcache.memory.dates.phrases import mentions_future
from semcache.memory.facts.rules.lexicon import THINGS
from semcache.memory.facts.rules.nouns import calling, condition, employer, pet_or_kin
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.values import thing
from semcache.memory.facts.rules.verbs.habits import stop
from semcache.memory.facts.rules.verbs.shared import JOB, Claims, back, claim, job_left, planned, state
from semcache.memory.facts.types import Change
from semcache.text.patterns import Pattern

_BEFORE = 24  # characters before a clause where its time may stand: "Next Friday, I have ..."
_OWNABLE = Pattern(r"\s*(?:a|an|the|my|our|another|two|three|four|some|one|both|any|no|\d)\s*")
_ENDS_THING = Pattern(
    r"\s+(?:from|for|off|at|on|as|to|instead|via|through|after|with|by|called|named|because|online|and|of"
    r"|in (?!(?:(?-i:[A-Z])\w+$)))\s*"
)
_DATED = Pattern(
    r"\s*(?:a|an|my|the|our|another)\s+(?P<what>(?:[\w-]+\s+){0,2}?(?:appointment|interview|exam|flight|surgery"
    r"|operation|check-?up|wedding|concert|recital|rehearsal|conference|viva|defen[cs]e|hearing)\b"
    r"(?:\s+(?:at|with|to|in)\s+(?:the\s+)?[\w' ]+?(?=\s+(?:on|at|next|this|in)\b|$|[,.]))?)"
)
_NEXT = Pattern(r"\s+and\s+(?=(?:an?|one|two|three|four|\d)\s)")  # "a dog and two cats"
_PRODUCT = re.compile(
    r"(?:(?:[Nn]ew|[Uu]sed|[Oo]ld|[A-Za-z]+(?:-[A-Za-z]+)?|\d{4}) )?[A-Z][\w-]*[a-z0-9]\b(?: [A-Z0-9][\w.+-]*)*$"
)
_ADOPTED = Pattern(
    r"\s*an?\s+(?P<what>[a-z-]+(?:\s+[a-z-]+){0,2}?)(?=\s+(?:last|this|yesterday|today|recently|from|in|on|and|named"
    r"|called)\b|,)[^.!?\n]{0,30}?\s(?:named|called)\s+(?:him|her|them)\s+"
    r"(?P<name>(?-i:[A-Z])[\w'-]+)"
)
_MARRIED = Pattern(r"(?:married|engaged|divorced)(?= (?:to|in|last|on|this|two|\w+ (?:years?|months?) ago)|\W|$)")
_PROMOTED = Pattern(r"(?:promoted|hired)\s+(?:to|as)\s+(?P<role>.+)")
_DISMISSED = Pattern(r"(?:laid off|fired|sacked|made redundant|let go)\b")


def _owned(text: str) -> str:
    """A thing that one keeps ("Honda Civic", "red bike"); empty for what is bought and used up, or is no thing."""
    value = _ENDS_THING.split(thing(text))[0]
    words = [word.strip(".,").lower() for word in value.split()]
    head = re.split(r"\s+in\s+", value)[0].lower().split(" ")[-1].strip(".,")
    known = head in THINGS or head.removesuffix("s") in THINGS
    model = not THINGS.isdisjoint(words) and re.search(r"\d", value)
    return value if len(words) <= 5 and (known or _PRODUCT.match(value) or model) else ""


def _have(said: Said) -> Claims:
    """What somebody has: a condition, a relative, an animal, an appointment or a thing."""
    rest = re.sub(r"^\s*got\b\s*", "", said.rest)
    no = re.match(r"\s*(?P<no>no|any|never)\s+(?=\S)", rest)
    if re.match(r"\s*(?:no idea|to\b|been\b)", said.rest):
        return
    denied = said.denied or (no is not None and no["no"].lower() == "no")
    said = replace(said, rest=rest[no.end() :] if no else rest, denied=denied)
    if denied and re.match(r"\s*(?:allerg\w+|pets|animals|children|siblings)\b", said.rest):
        yield from state(said, "allergy", "any") if "allerg" in said.rest.lower() else ()
        return
    found = condition(said.rest) or [one for part in _NEXT.split(said.rest) for one in pet_or_kin(part)]
    for attribute, value in found:
        yield from state(said, attribute, value, since=said.since if attribute == "pet" else None)
    dated = None if found else _DATED.match(said.rest)
    before = said.whole[max(said.start - _BEFORE, 0) : said.start]
    if dated and mentions_future(f"{before} {said.clause}", said.at) and not denied:
        yield from planned(said, thing(dated["what"]))
    elif not found and not dated and (_OWNABLE.match(said.rest) or denied):
        yield from state(said, "possession", _owned(said.rest))


def _possess(said: Said) -> Claims:
    """ "I bought ...", "we own ..." """
    if (said.denied and said.verb != "own") or said.tense == "future" or said.progressive:
        return
    got = replace(said, perfect=True)  # what was bought is there
    found = pet_or_kin(said.rest)
    for value in (value for attribute, value in found if attribute == "pet"):
        yield from state(got, "pet", value, since=back(said))
    if not found and _OWNABLE.match(said.rest):
        yield from state(got, "possession", _owned(said.rest), since=back(said))


def _adopt(said: Said) -> Claims:
    """An animal, or what is given a name: "we adopted a tabby and named her Biscuit"."""
    if pet_or_kin(said.rest):
        yield from _possess(said)
    elif (named := _ADOPTED.match(said.whole[said.end - len(said.rest) :])) and not said.denied:
        yield from state(replace(said, perfect=True), "pet", f"{named['what']} {named['name']}", since=back(said))


def _get(said: Said) -> Claims:
    rest = said.rest.strip()
    coming = said.tense == "future" or said.progressive
    if married := _MARRIED.match(rest):
        yield from _married(said, married[0].lower(), coming=coming)
    elif said.denied or said.tense == "future":
        return
    elif _DISMISSED.match(rest):
        yield from job_left(said, re.sub(r"\b(?:from|by) ", "at ", rest))
    elif promoted := _PROMOTED.match(rest):
        yield from claim(said, "occupation", thing(promoted["role"]))
    elif rest.lower().startswith("rid of"):
        yield from claim(said, "possession", _owned(rest[6:]), change=Change.ENDS)
    elif JOB.match(rest):
        role = re.search(r"\bas\s+(?=(?P<role>.+))", rest)
        yield from claim(said, "occupation", calling(role["role"]) if role else "")
        yield from claim(said, "work", employer(rest, said.whole), since=said.since)
    elif said.form == "got" and not coming and re.match(r"(?:a|an|my|our|another|two|three|new)\s", rest.lower()):
        yield from _possess(said)


def _married(said: Said, state_of: str, *, coming: bool) -> Claims:
    if coming:
        yield from planned(said, f"getting {state_of}") if not said.denied else ()
    elif not said.denied:
        yield from claim(said, "marital status", state_of, since=back(said))
        ended = "spouse" if state_of == "divorced" else ""
        yield from claim(said, "family", ended, change=Change.ENDS, until=back(said), confidence=0.6)


def _lose(said: Said) -> Claims:
    what = re.match(r"\s*(?:(?:away|off|in)\s+)?(?P<what>(?:my|our|the|both|all|a|an|\d|[A-Z]).*)", said.rest)
    if not what or said.denied or (said.tense == "future" and said.since is None) or said.progressive:
        return
    if said.verb == "lose" and not re.match(r"\s*(?:my|our)\s", said.rest):
        return
    if thing(what["what"]).lower().startswith("job"):
        yield from claim(said, "work", "job", change=Change.ENDS, until=back(said))
        return
    yield from claim(said, "possession", _owned(what["what"]), change=Change.ENDS, until=back(said))
    bought = re.search(r"\bfor\s+(?=(?:a|an|my|our)\s+(?P<new>.+))", said.rest) if said.verb == "trade" else None
    yield from claim(said, "possession", _owned(bought["new"]), since=back(said)) if bought else ()


def _give(said: Said) -> Claims:
    return stop(said) if re.match(r"\s*up\s", said.rest) else _lose(said)


def _drive(said: Said) -> Claims:
    if re.match(r"\s*(?:an?|my|our)\s", said.rest) and said.tense == "present" and not said.progressive:
        yield from state(said, "possession", _owned(said.rest)) if not said.denied else ()


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "have": _have,
    "get": _get,
    "buy": _possess,
    "own": _possess,
    "adopt": _adopt,
    "sell": _lose,
    "lose": _lose,
    "trade": _lose,
    "give": _give,
    "drive": _drive,
}
