"""Verbs of having, getting and losing: "I bought ...", "we sold ...", "I have ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from semcache.memory.facts.being import condition, employer, pet_or_kin
from semcache.memory.facts.lexicon import THINGS
from semcache.memory.facts.reading import Said
from semcache.memory.facts.times import mentions_future
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import thing
from semcache.memory.facts.verbs.shared import JOB, Claims, back, claim, planned, state

_BEFORE = 24  # characters before a clause where its time may stand: "Next Friday, I have ..."
_HOUSEHOLD = frozenset(
    "it them this that some one ones another lot time way money sense point better worse used"
    " lucky rid back home out up there here in on off off-track lost stuck tickets".split()
)


def _have(said: Said) -> Claims:
    rest = re.sub(r"^\s*got\b\s*", "", said.rest)
    no = re.match(r"\s*(?:no|any|never)\s+(?=\S)", rest)
    denied = said.denied or bool(re.match(r"\s*no\s", rest))
    rest = rest[no.end() :] if no else rest
    told = replace(said, rest=rest, denied=denied)
    if re.match(r"\s*(?:no idea|to\b|been\b)", said.rest):
        return
    yield from _object(told)


def _object(said: Said) -> Claims:
    """What somebody has: a condition, a relative, an animal, an appointment or a thing."""
    found = condition(said.rest) or pet_or_kin(said.rest)
    if found:
        for attribute, value in found:
            yield from state(said, attribute, value, since=said.since if attribute == "pet" else None)
        return
    dated = re.match(
        r"\s*(?:a|an|my|the|our|another)\s+(?P<what>(?:[\w-]+\s+){0,2}?(?:appointment|meeting|interview"
        r"|exam|flight|surgery|operation|check-?up|wedding|concert|recital|rehearsal|conference|viva"
        r"|defen[cs]e|hearing|deadline)\b(?:\s+(?:at|with|to|in)\s+(?:the\s+)?[\w' ]+?(?=\s+(?:on"
        r"|at|next|this|in)\b|$|[,.]))?)",
        said.rest,
        re.IGNORECASE,
    )
    before = said.whole[max(said.start - _BEFORE, 0) : said.start]
    if dated and mentions_future(f"{before} {said.clause}", said.at) and not said.denied:
        yield from planned(said, thing(dated["what"]))
        return
    value = thing(said.rest)
    words = [word.strip(".,").lower() for word in re.split(r"\s+", value)]
    head = re.split(r"\s+(?:from|with|for|of|in|at|to|on|called|named|by)\s+", value)[0]
    known = any(word in THINGS for word in words[:5])
    product = bool(re.match(r"[A-Z][\w-]*[a-z0-9](?:\s|$)", head)) and re.search(r"^\s*(?:a|an)\s", said.rest)
    if value and (known or product):
        yield from state(said, "possession", head)


def possess(said: Said) -> Claims:
    """ "I bought ..." """
    rest = said.rest
    if (said.denied and said.verb != "own") or (said.tense == "future") or (said.progressive and said.verb != "drive"):
        return
    if re.match(r"\s*(?:that|it)\b", rest):
        return
    found = pet_or_kin(rest) if said.verb in ("buy", "adopt", "get", "own", "rescue") else []
    if found:
        for attribute, value in found:
            yield from state(said, attribute, value, since=back(said))
        return
    if not re.match(r"\s*(?:a|an|the|my|our|another|two|three|four|new|some|one|both|this|that|\d|[A-Z])", rest):
        return
    value = re.split(
        r"\s+(?:from|for|off|at|on|as|to|instead|via|through|after|with|in (?!(?:[A-Z]\w+$)))\s*", thing(rest)
    )[0]
    words = value.lower().split()
    if value and words[0] not in _HOUSEHOLD and len(words) <= 5:
        yield from state(said, "possession", value, since=back(said))


def _get(said: Said) -> Claims:
    rest = said.rest.strip()
    low = rest.lower()
    if said.denied or said.tense == "future":
        if low.startswith("married"):
            yield from planned(said, "getting married")
        return
    if low.startswith(("married", "engaged", "divorced")):
        word = low.split()[0].strip(",.!")
        if said.progressive and word == "married":
            yield from planned(said, "getting married")
            return
        yield from claim(said, "marital status", word, since=back(said))
        if word == "divorced":
            yield from claim(said, "family", "spouse", change=Change.ENDS, until=back(said))
    elif re.match(r"(?:promoted|hired)\b", low):
        role = re.search(r"\b(?:to|as)\s+(?=(?P<role>.+))", rest)
        yield from claim(said, "occupation", thing(role["role"])) if role else ()
    elif re.match(r"(?:laid off|fired|sacked|made redundant|let go)\b", low):
        yield from claim(said, "work", _dismissed_by(rest) or "job", change=Change.ENDS, until=back(said))
    elif low.startswith("rid of"):
        yield from claim(said, "possession", thing(rest[6:]), change=Change.ENDS)
    elif JOB.match(rest):
        role = re.search(r"\bas\s+(?=(?P<role>.+))", rest)
        yield from (
            claim(said, "occupation", thing(re.split(r"\s+(?:at|for|with|in)\s+", role["role"])[0])) if role else ()
        )
        yield from claim(said, "work", employer(rest, said.whole), since=said.since)
    elif said.form == "got" and not said.progressive and re.match(r"(?:a|an|my|our|the|another|two|three|new)\s", low):
        new = re.match(
            r"(?:a|an|my|our)\s+(?:brand[- ])?new\s+(?!(?:job|text|e-?mail|message|error|problem|question"
            r"|code|letter|idea|one|start)\b)",
            low,
        )
        if pet_or_kin(rest) or (new and not condition(rest)):
            yield from possess(said)
        else:
            yield from _object(said)


def _dismissed_by(rest: str) -> str:
    """The employer in "laid off from Wayfair in August"."""
    found = re.search(r"\b(?:from|by|at)\s+(?=(?P<who>.+))", rest)
    where = re.split(r"\s+(?:in|on|last|this|after|because)\s+", thing(found["who"]))[0] if found else ""
    return "" if re.match(r"(?:work|my|the job|once)\b", where.lower()) else where


def _lose(said: Said) -> Claims:
    if said.denied or (said.tense == "future" and said.since is None) or said.progressive:
        return
    what = re.match(r"\s*(?:(?:up|away|off|in|back|out)\s+)?(?P<what>.+)", said.rest)
    if not what:
        return
    rest = what["what"]
    if re.match(r"(?:away|in|up)\b", said.rest.strip()) and said.verb == "give":
        if re.match(r"\s*up\s", said.rest):
            value = thing(rest)
            yield from (
                claim(said, "hobby", value, change=Change.ENDS, until=back(said))
                if value and value.split()[0].lower() not in ("trying", "on", "hope")
                else ()
            )
            return
    elif said.verb == "give":
        return
    if not re.match(r"(?:my|our|the|both|all|his|her|a|an|\d|[A-Z])", rest):
        return
    first = thing(re.split(r"\s+(?:to|for|at|in|on|with|by|through|after|online)\s+", rest)[0])
    if said.verb == "lose" and not re.match(r"\s*(?:my|our)\s", said.rest):
        return
    if first.lower() in ("job",):
        yield from claim(said, "work", "job", change=Change.ENDS, until=back(said))
        return
    if re.match(
        r"(?:weight|mind|way|patience|temper|password|mother|father|mum|dad|wife|husband|touch|count"
        r"|track|game|match|account|order|request|ticket)\b",
        first.lower(),
    ):
        return
    yield from claim(said, "possession", first, change=Change.ENDS, until=back(said))
    bought = re.search(r"\bfor\s+(?=(?:a|an|my|our)\s+(?P<new>.+))", rest)
    if said.verb == "trade" and bought:
        yield from claim(said, "possession", thing(bought["new"]), since=back(said))


def _cancel(said: Said) -> Claims:
    if said.denied or said.tense == "future" or said.progressive:
        return
    value = thing(said.rest)
    if not value or re.match(r"(?:order|it|that|everything)\b", value.lower()):
        return
    kind = (
        "possession"
        if re.search(r"membership|subscription|plan|insurance|contract|netflix|spotify|card", value.lower())
        else "plan"
    )
    yield from claim(said, kind, value, change=Change.ENDS)


def _switch(said: Said) -> Claims:
    if said.denied or said.tense == "future":
        return
    named = re.match(
        r"\s*my (?:last |sur|first )?name(?:\s+(?:from .+? )?to\s+(?P<new>[A-Z]\S+(?:\s+[A-Z]\S+)*))?", said.rest
    )
    if named:
        yield from claim(said, "name", named["new"] or "")
        return
    both = re.match(r"\s*(?:(?:from\s+)?(?P<old>[\w' -]{2,40}?)\s+)?(?:to|for)\s+(?P<new>.+)", said.rest)
    if both and said.form not in ("change",) and "job" not in (both["old"] or "") and thing(both["new"]):
        old = thing(both["old"] or "")
        new = thing(both["new"])
        diet = re.match(r"(?:vegan|vegetarian|keto)", new, re.IGNORECASE)
        yield from claim(said, "possession", old, change=Change.ENDS)
        yield from claim(said, "diet" if diet else "possession", new, confidence=0.6)


def _adopt(said: Said) -> Claims:
    return possess(said) if pet_or_kin(said.rest) else iter(())


def _drive(said: Said) -> Claims:
    if (
        re.match(r"\s*(?:a|an|my|our|the)\s", said.rest)
        and not said.progressive
        and said.tense == "present"
        and not said.denied
    ):
        value = re.split(r"\s+(?:to|for|from|at|in|on|every|with)\s", thing(said.rest))[0]
        if (value and re.search(r"[A-Z0-9]", value)) or value.split(" ")[-1].lower() in THINGS:
            yield from state(said, "possession", value)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "have": _have,
    "get": _get,
    "buy": possess,
    "order": possess,
    "sell": _lose,
    "lose": _lose,
    "trade": _lose,
    "give": _lose,
    "donate": _lose,
    "return": _lose,
    "cancel": _cancel,
    "switch": _switch,
    "adopt": _adopt,
    "drive": _drive,
    "ride": _drive,
}
