"""Verbs of work and studies: "I started as ...", "I quit ...", "I run ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.being import calling, employer
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import resolve
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import thing
from semcache.memory.facts.verbs.plans import future
from semcache.memory.facts.verbs.shared import JOB, Claims, back, claim, state
from semcache.memory.facts.verbs.tastes import diet
from semcache.memory.facts.verbs.things import possess


def _work(said: Said) -> Claims:
    if re.match(r"\s*(?:from home|hard|out|on|my|remotely|too|like|with you|together)\b", said.rest, re.IGNORECASE):
        return
    if said.denied and not said.over:
        return
    role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest, re.IGNORECASE)
    if role:
        yield from state(
            said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]), since=back(said)
        )
    if not re.match(r"\s*with\b", said.rest):
        yield from state(said, "work", employer(said.rest, said.whole), since=back(said))


def _teach(said: Said) -> Claims:
    subject = re.match(
        r"\s*(?!(?:you|him|her|them|me|myself|us|on|at|in|there|here|again|every)\b)(?P<what>[\w ]+?)(?=\s+(?:at"
        r"|in|to|on|for)\b|\s*$|[,.])",
        said.rest,
    )
    if subject and not said.denied:
        yield from state(said, "occupation", f"teach {thing(subject['what'])}" if thing(subject["what"]) else "")
        yield from state(said, "work", employer(said.rest, said.whole))


def _run(said: Said) -> Claims:
    business = re.match(
        r"\s*(?P<what>(?:a|an|my|our|the|two|three)\s+(?:[\w'-]+\s+){0,3}?(?:bakery|shop|store|caf[eé]"
        r"|restaurant|business|company|startup|studio|practice|farm|school|agency|hotel"
        r"|bar|pub|salon|gallery|firm|clinic|workshop|bookshop|guesthouse|charity|podcast|blog|kindergarten"
        r"|garage|brewery|winery|vineyard))\b",
        said.rest,
        re.IGNORECASE,
    )
    if business:
        yield from state(said, "occupation", f"{'own' if said.verb == 'own' else 'run'} a {thing(business['what'])}")
        role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest)
        yield from state(said, "occupation", thing(role["role"])) if role else ()
    elif said.verb == "own":
        yield from possess(said)
    else:
        yield from future(said)


def _study(said: Said) -> Claims:
    if not said.denied:
        yield from state(said, "studies", thing(re.split(r"\s+(?:at|in|on)\s+(?=[A-Z]|the\b|uni)", said.rest)[0]))


def _start(said: Said) -> Claims:
    if said.denied:
        return
    role = re.search(r"\bas\s+(?=(?P<role>.+))", said.rest, re.IGNORECASE)
    job = JOB.match(said.rest.strip())
    phrase = said.phrase
    when = phrase and resolve(phrase, said.at, "past" if said.tense == "past" else "future")
    if role:
        yield from claim(said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]), since=when)
        yield from claim(said, "work", employer(role["role"], said.whole), since=when)
    elif job:
        following = re.match(r"[^,]*,\s*(?P<role>.+)", said.rest)
        called = calling(following["role"]) if following else ""
        yield from claim(said, "occupation", called, since=when)
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:at|in)\s+[A-Z]|\s*at\s", said.rest):
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:my|our)\s+own\s", said.rest):
        yield from claim(said, "occupation", thing(said.rest), since=when)
    elif re.match(r"\s*[\w-]+ (?:training|school|studies|degree|course|apprenticeship|university)\b", said.rest):
        yield from claim(
            said, "plan" if said.tense == "future" or (when or 0) > said.at else "studies", thing(said.rest)
        )
    elif re.match(r"\s*(?:to\s+)?(?:learn|play)\w*\s", said.rest):
        yield from claim(said, "hobby", thing(re.sub(r"^\s*(?:to\s+)?(?:learn|play)\w*\s", "", said.rest)))


def _leave(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None):
        return
    job = JOB.match(said.rest.strip())
    habit = re.match(
        r"\s*(?:smoking|drinking|vaping|gambling|sugar|alcohol|caffeine|coffee)\b", said.rest, re.IGNORECASE
    )
    if job:
        where = employer(said.rest, said.whole)
        yield from claim(said, "work", where or "job", change=Change.ENDS, until=said.since)
    elif habit and said.verb == "quit":
        yield from claim(said, "hobby", habit[0].strip(), change=Change.ENDS)
    elif (
        said.form in ("left", "quit", "leaving")
        and re.match(r"\s*(?:the company )?[A-Z][\w&.]+", said.rest)
        and "home" not in said.rest[:6]
    ):
        yield from claim(
            said, "work", thing(re.split(r"\s+(?:to|for|at)\s", said.rest)[0]), change=Change.ENDS, until=back(said)
        )


def _retire(said: Said) -> Claims:
    if not said.denied and (said.tense == "past" or said.since is not None):
        yield from claim(said, "occupation", "retired", since=said.since)


def _become(said: Said) -> Claims:
    yield from diet(said)
    to = re.sub(r"^\s*to\s+(?:be\s+)?", "", said.rest)
    role = calling(to) or (thing(to) if said.form == "promoted" else "")
    if not said.denied and role and said.tense != "future":
        yield from claim(said, "occupation", role, since=back(said))


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "work": _work,
    "teach": _teach,
    "run": _run,
    "own": _run,
    "study": _study,
    "start": _start,
    "leave": _leave,
    "quit": _leave,
    "retire": _retire,
    "become": _become,
}
