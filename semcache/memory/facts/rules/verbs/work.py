"""Verbs of work and studies: "I started as ...", "I quit ...", "I teach ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.dates.phrases import resolve
from semcache.memory.facts.rules.nouns import calling, employer
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.values import thing
from semcache.memory.facts.rules.verbs.habits import stop
from semcache.memory.facts.rules.verbs.shared import JOB, Claims, back, claim, job_left, of_a_moment, state
from semcache.memory.facts.types import Change
from semcache.text.patterns import Pattern

_NO_EMPLOYER = Pattern(r"\s*(?:\w+ly\s+)?(?:from home|hard|out|on|my|remotely|too|like|with|together)\b")
_ROLE = Pattern(r"\bas\s+(?=(?P<role>.+))")
_SUBJECT = Pattern(
    r"\s*(?!(?:you|him|her|them|me|myself|us|on|at|in|there|here|again|every|others|people|my|the)\b)"
    r"(?P<what>[\w ]+?)(?=\s+(?:at|in|to|on|for)\b|\s*$|[,.])"
)
_FIELD = Pattern(r"\s*(?!(?:hard|for|with|all|every|more|a|at|in|abroad|late|together)\b)(?P<what>.+)")
_FIELD_ENDS = Pattern(r"\s+(?:at|in|on)\s+(?=[A-Z]|the\b|uni)")


def _work(said: Said) -> Claims:
    if _NO_EMPLOYER.match(said.rest) or (said.denied and not said.over):
        return
    role = _ROLE.search(said.rest)
    called = thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0]) if role else ""
    yield from state(said, "occupation", called, since=back(said))
    yield from state(said, "work", employer(said.rest, said.whole), since=back(said))


def _teach(said: Said) -> Claims:
    subject = _SUBJECT.match(said.rest)
    what = thing(subject["what"]) if subject else ""
    if what and len(what.split()) < 4 and not said.denied:
        yield from state(said, "occupation", f"teach {what}")
        yield from state(said, "work", employer(said.rest, said.whole))


def _study(said: Said) -> Claims:
    found = _FIELD.match(_FIELD_ENDS.split(said.rest)[0])
    field = thing(found["what"]) if found and not said.denied else ""
    yield from state(said, "studies", field) if len(field.split()) < 5 else ()


def _start(said: Said) -> Claims:
    if said.denied:
        return
    role, job = _ROLE.search(said.rest), JOB.match(said.rest.strip())
    when = said.phrase and resolve(said.phrase, said.at, "past" if said.tense == "past" else "future")
    if role or job:
        behind = re.match(r"[^,]*,\s*(?P<role>.+)", said.rest)  # "a new job, lab technician at ..."
        called = role["role"] if role else behind["role"] if behind else ""
        yield from claim(said, "occupation", calling(called), since=when)
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif re.match(r"\s*(?:at\s|in\s+[A-Z])", said.rest):
        yield from claim(said, "work", employer(said.rest, said.whole), since=when)
    elif said.form == "joined" and re.match(r"\s*[A-Z]", said.rest):
        yield from claim(said, "work", thing(said.rest), since=when)


def _leave(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None):
        return
    if JOB.match(said.rest.strip()):
        yield from job_left(said, said.rest)
    elif said.verb == "quit" and re.match(r"\s*\w+ing\b", said.rest):
        yield from stop(said)
    elif re.match(r"\s*(?:the company )?[A-Z][\w&.]+", said.rest) and not of_a_moment(said):
        where = thing(re.split(r"\s+(?:to|for|at)\s", said.rest)[0])
        yield from claim(said, "work", where, change=Change.ENDS, until=back(said), confidence=0.6)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "work": _work,
    "teach": _teach,
    "study": _study,
    "start": _start,
    "leave": _leave,
    "quit": _leave,
}
