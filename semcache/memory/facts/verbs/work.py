"""Verbs of work and studies: "I started as ...", "I quit ...", "I run ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.nouns import calling, employer
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import resolve
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import cut, thing
from semcache.memory.facts.verbs.body import diet
from semcache.memory.facts.verbs.likes import HANDLERS as LIKES
from semcache.memory.facts.verbs.plans import intended
from semcache.memory.facts.verbs.shared import JOB, Claims, back, claim, state
from semcache.memory.facts.verbs.things import possess

_NO_EMPLOYER = Pattern(r"\s*(?:from home|hard|out|on|my|remotely|too|like|with you|together)\b")
_ROLE = Pattern(r"\bas\s+(?=(?P<role>.+))")
_SUBJECT = Pattern(r"\s*(?P<what>[\w ]+?)(?=\s+(?:at|in|to|on|for)\b|\s*$|[,.])")
_NOT_TAUGHT = Pattern(r"\s*(?:you|him|her|them|me|myself|us|on|at|in|there|here|again|every|others|people|my|the)\b")
_BUSINESS = Pattern(
    r"\s*(?P<what>(?:a|an|my|our|the|two|three)\s+(?:[\w'-]+\s+){0,3}?(?:bakery|shop|store|caf[eé]"
    r"|restaurant|business|company|startup|studio|practice|farm|school|agency|hotel"
    r"|bar|pub|salon|gallery|firm|clinic|workshop|bookshop|guesthouse|charity|podcast|blog|kindergarten"
    r"|garage|brewery|winery|vineyard))\b(?!\s+(?:race|run|event))"
)
_FIELD_ENDS = Pattern(r"\s+(?:at|in|on)\s+(?=[A-Z]|the\b|uni)")
_NO_FIELD = frozenset("hard for with all every more a at in abroad late together".split())
_DEGREE = Pattern(
    r"\s*(?:(?:an?|my|the)\s+)?(?:[\w-]+\s+){0,2}(?:master'?s|bachelor'?s|phd|doctorate|degree|apprenticeship|mba"
    r"|traineeship)\b"
)
_HABIT = Pattern(r"\s*(?:smoking|drinking|vaping|gambling)\b")


def _role(text: str) -> str:
    found = _ROLE.search(text)
    return thing(re.split(r"\s+(?:at|for|with|in)\s+", found["role"])[0]) if found else ""


def _work(said: Said) -> Claims:
    if _NO_EMPLOYER.match(said.rest) or (said.denied and not said.over):
        return
    yield from state(said, "occupation", _role(said.rest), since=back(said))
    if not re.match(r"\s*with\b", said.rest):
        yield from state(said, "work", employer(said.rest, said.whole), since=back(said))


def _teach(said: Said) -> Claims:
    subject = None if _NOT_TAUGHT.match(said.rest) else _SUBJECT.match(said.rest)
    what = thing(subject["what"]) if subject else ""
    if what and len(what.split()) < 4 and not said.denied:
        yield from state(said, "occupation", f"teach {what}")
        yield from state(said, "work", employer(said.rest, said.whole))


def _run(said: Said) -> Claims:
    business = _BUSINESS.match(said.rest)
    if business and said.tense == "present" and not said.denied:
        yield from state(said, "occupation", f"{said.verb} a {thing(business['what']).removeprefix('own ')}")
        yield from state(said, "occupation", _role(said.rest))
    elif said.verb == "own":
        yield from possess(said)
    else:
        yield from intended(said)


def _study(said: Said) -> Claims:
    field = thing(_FIELD_ENDS.split(said.rest)[0])
    if not said.denied and field and field.split()[0].lower() not in _NO_FIELD and len(field.split()) < 5:
        yield from state(said, "studies", field)


def _do(said: Said) -> Claims:
    """ "I'm doing a master's in ..." """
    if said.progressive and not said.denied and _DEGREE.match(said.rest):
        yield from state(said, "studies", cut(re.sub(r"^(?:an?|my|the)\s+", "", said.rest).split(" at ")[0]))


def _start(said: Said) -> Claims:
    if said.denied:
        return
    role, job = _ROLE.search(said.rest), JOB.match(said.rest.strip())
    when = said.phrase and resolve(said.phrase, said.at, "past" if said.tense == "past" else "future")
    if role:
        yield from claim(said, "occupation", calling(role["role"]), since=when)
        yield from claim(said, "work", employer(role["role"], said.whole), since=when)
    elif job:
        following = re.match(r"[^,]*,\s*(?P<role>.+)", said.rest)
        yield from claim(said, "occupation", calling(following["role"]) if following else "", since=when)
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:at|in)\s+[A-Z]|\s*at\s", said.rest):
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif said.form == "joined" and re.match(r"\s*[A-Z]", said.rest):
        yield from claim(said, "work", thing(said.rest), since=when)
    elif re.match(r"\s*[\w-]+ (?:training|school|studies|degree|apprenticeship|university)\b", said.rest):
        coming = said.tense == "future" or (when or 0) > said.at
        yield from claim(said, "plan" if coming else "studies", thing(said.rest))


def _leave(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None):
        return
    if JOB.match(said.rest.strip()):
        where = employer(said.rest, said.whole)
        yield from claim(said, "work", where or "job", change=Change.ENDS, until=said.since)
    elif said.verb == "quit" and (habit := _HABIT.match(said.rest)):
        yield from claim(said, "hobby", habit[0].strip(), change=Change.ENDS)
    elif said.verb == "quit" and re.match(r"\s*(?:being|playing|doing|eating|working)\b", said.rest):
        yield from LIKES["stop"](said)
    elif re.match(r"\s*(?:the company )?[A-Z][\w&.]+", said.rest):
        where = thing(re.split(r"\s+(?:to|for|at)\s", said.rest)[0])
        yield from claim(said, "work", where, change=Change.ENDS, until=back(said), confidence=0.6)


def _retire(said: Said) -> Claims:
    if not said.denied and (said.tense == "past" or said.since is not None):
        yield from claim(said, "occupation", "retired", since=said.since)


def _become(said: Said) -> Claims:
    yield from diet(said)
    to = re.sub(r"^\s*to\s+(?:be\s+)?", "", said.rest)
    role = calling(to) or (thing(to) if said.form == "promoted" else "")
    if not said.denied and said.tense != "future":
        yield from claim(said, "occupation", role, since=back(said))


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "work": _work,
    "teach": _teach,
    "run": _run,
    "own": _run,
    "study": _study,
    "do": _do,
    "start": _start,
    "leave": _leave,
    "quit": _leave,
    "retire": _retire,
    "become": _become,
}
