"""What the rules of all verbs share: how claims, states and plans are made of what was said."""

from __future__ import annotations

from collections.abc import Iterator

from semcache.memory.dates.phrases import resolve
from semcache.memory.facts.rules.nouns import employer
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.types import Change, Claim
from semcache.text.patterns import Pattern

Claims = Iterator[Claim]
JOB = Pattern(
    r"^(?:(?:a|an|my|the|this|that|your)\s+)?(?:(?:new|old|current|dream|first|full[- ]time|part[- ]time"
    r"|summer|day|awful|boring)\s+)*(?:job|position|role|work|contract|gig|post)\b"
)
_MOMENT = Pattern(
    r"\b(?:early|late|with|without|by (?:bus|train|car|bike|taxi)|on foot|tonight|last night|this (?:morning|afternoon"
    r"|evening)|at (?:\d|noon|midnight|lunch|dawn|night|half|quarter|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve)|for (?:lunch|home|the (?:day|night)|a (?:minute|moment|second|while|bit|break|walk)"
    r"|(?:an?|one|two|\d+) (?:minutes?|hours?)))\b"
)


def claim(
    said: Said,
    attribute: str,
    value: str,
    *,
    change: Change = Change.ASSERTS,
    holds: bool = True,
    since: float | None = None,
    until: float | None = None,
    confidence: float = 0.8,
) -> Claims:
    if value:
        yield Claim(attribute, value, "user", holds, change, since, until, "", confidence, said.start, said.end)


def state(said: Said, attribute: str, value: str, *, since: float | None = None, confidence: float = 0.8) -> Claims:
    """A value that holds, or is denied, or is over because words say so; what is told of the past alone is neither."""
    if said.over:
        yield from claim(said, attribute, value, change=Change.ENDS, confidence=confidence)
    elif said.denied:
        yield from claim(said, attribute, value, holds=False, confidence=confidence)
    elif not said.gone:
        yield from claim(said, attribute, value, since=since, confidence=confidence)


def back(said: Said) -> float | None:
    """The time named, where it lies in the past: "since 2019", "for three years"."""
    phrase = said.phrase
    since = resolve(phrase, said.at, "past") if phrase and said.tense != "future" else said.since
    return since if since is None or said.tense == "future" or since <= said.at else None


def planned(said: Said, value: str, *, change: Change = Change.ASSERTS) -> Claims:
    """A plan: known from when it is told, and over a month after the time it is for, if that is named."""
    when = resolve(said.phrase, said.at, "future") if said.phrase else None
    over = None if when is None or change is Change.ENDS else max(when, said.at) + 31 * 86_400
    yield from claim(said, "plan", value, change=change, until=over)


def of_a_moment(said: Said) -> bool:
    """Whether what is left or stopped is so for a moment: "I left Tesla at six", "stopped playing to listen"."""
    return _MOMENT.search(said.clause) is not None


def job_left(said: Said, text: str) -> Claims:
    """The end of a job: of the employer that is named, or of whichever there is."""
    named = employer(text, said.whole)
    where = "" if named.lower() in ("once", "work") else named
    yield from claim(said, "work", where or "job", change=Change.ENDS, until=back(said))
