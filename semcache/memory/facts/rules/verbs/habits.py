"""Verbs of tastes, pastimes, diet and health: "I hate ...", "I play ...", "I broke my ...", "I don't eat ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.rules.lexicon import BODY, DIETS, FOODS, LANGUAGES
from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.values import several, thing, whole_list
from semcache.memory.facts.rules.verbs.shared import Claims, back, claim, job_left, of_a_moment, state
from semcache.memory.facts.types import Change
from semcache.text.patterns import Pattern

_RATHER_THAN = Pattern(r"\s+(?:to|over|than|more than|rather than)\s+.*")
_PASTIME = Pattern(
    r"\s*(?:the\s+)?(?P<what>(?!(?:with|around|along|it|a|music|back|no|dead|hard|together|professionally|some|another"
    r"|something|for|here|there|in|at|on|this|that|them|my|our)\b)"
    r"(?:(?:acoustic|electric|bass|video|board|table|five-a-side)\s+)?[A-Za-zÀ-ÿ-]+\b)"
    r"(?=\s*(?:$|[,.;!(]|(?:and|in|at|with|every|on|for|since|twice|once|but)\b))"
)
_DIET = Pattern(rf"\s*(?:an?\s+|fully\s+|completely\s+|mostly\s+)?(?P<diet>{DIETS})\b")
_FOOD = Pattern(rf"\s*(?:any\s+)?(?P<food>(?:{FOODS})\b(?:\s*(?:,|and|or)\s*(?:{FOODS})\b)*)")
_CANNOT = Pattern(r"\b(?:can't|cannot|cant|can not)\s+(?:\w+\s+)?(?:eat|have|drink)\b")
_LEFT_OUT = frozenset("meat pork beef fish dairy sugar alcohol gluten".split())
_PART = Pattern(rf"\s*(?:my|our)\s+(?P<part>(?:(?:left|right|lower|upper|big)\s+)?(?:{BODY})s?)\b")
_MEDICINE = Pattern(
    r"\b(?:metformin|insulin|sertraline|warfarin|prednisone|levothyroxine|antidepressants|blood thinners"
    r"|beta[- ]blockers|[a-z]+(?:pril|statins?|olol|azole|xaban|oxetine|sartan))\b"
)


def _like(said: Said, *, likes: bool = True) -> Claims:
    """Preferences as a whole or not at all: part of a sentence is no taste; nor is a film, a meal, an evening."""
    if not said.named or (said.tense != "present" and not said.over) or said.progressive:
        return
    rest = _RATHER_THAN.sub("", said.rest) if said.verb == "prefer" else said.rest
    for value in whole_list(re.sub(r"^\s*(?:rather|to)\s+", "", rest)):
        if said.over:
            yield from claim(said, "preference", value, change=Change.ENDS)
        else:
            yield from claim(said, "preference", value, holds=likes != said.denied)


def _hate(said: Said) -> Claims:
    return _like(said, likes=False)


def _stand(said: Said) -> Claims:
    for value in whole_list(said.rest) if said.denied else ():
        yield from claim(said, "preference", value, holds=False)


def stop(said: Said) -> Claims:
    """ "I stopped smoking", "I quit being vegan", "I gave up chess"."""
    found = re.match(r"\s*(?:up\s+)?(?:(?P<verb>\w+ing)\b\s*)?(?P<object>.*)", said.rest)
    if not found or said.denied or said.tense == "future" or of_a_moment(said):
        return
    verb, what = (found["verb"] or "").lower(), thing(found["object"])
    if not verb:
        given_up = what if said.verb == "give" and len(what.split()) == 1 else ""
        yield from claim(said, "hobby", given_up, change=Change.ENDS, until=back(said))
    elif verb == "being":
        yield from claim(said, "diet", what, change=Change.ENDS)
    elif verb == "working":
        yield from job_left(said, found["object"])
    elif verb == "eating" and what.lower() in _LEFT_OUT:
        yield from claim(said, "diet", f"no {what.lower()}", since=back(said))
    elif verb in ("playing", "doing", "collecting") or not what:
        yield from claim(said, "hobby", what or verb, change=Change.ENDS, until=back(said))
    elif verb in ("drinking", "eating"):
        yield from claim(said, "preference", what, change=Change.ENDS)


def _play(said: Said) -> Claims:
    found = _PASTIME.match(said.rest)
    if found and not said.progressive and (said.over or not said.denied):
        yield from state(said, "hobby", found["what"], confidence=0.75)


def _speak(said: Said) -> Claims:
    spoken = "" if re.match(r"\s*(?:to|with|about)\b", said.rest) else said.rest
    for word in re.findall(r"[A-Za-z]+", spoken):
        yield from state(said, "language", word) if word.lower() in LANGUAGES else ()


def diet(said: Said) -> Claims:
    """ "I went vegan", "I've turned vegetarian"."""
    found = _DIET.match(said.rest)
    if found and not said.denied and said.tense != "future" and said.form not in ("go", "going", "turning"):
        yield from claim(said, "diet", found["diet"].lower(), since=back(said))


def _turn(said: Said) -> Claims:
    yield from diet(said)
    age = re.match(r"\s*(?P<age>\d{1,3})\b(?!\s*(?:%|km|degrees|into|around))", said.rest)
    if age and not said.denied and said.form == "turned":
        yield from claim(said, "age", age["age"], since=said.since)


def _take(said: Said) -> Claims:
    medicine = _MEDICINE.search(said.rest)
    yield from state(said, "health", f"takes {medicine[0]}") if medicine else ()


def _break(said: Said) -> Claims:
    part = _PART.match(said.rest)
    if part and not said.denied and said.tense != "future":
        form = "broke" if said.form == "broken" else said.form
        yield from claim(said, "health", f"{form} {part['part']}", since=back(said))


_REMARKED = Pattern(r",\s+(?=(?:\w+s\b(?!\s*(?:,|and\b|$))|which|that|it|so|but)\b)")  # ", explains a lot"


def _diagnosed(said: Said) -> Claims:
    """What a doctor found stays, though it was found in the past."""
    found = re.match(r"\s*(?:as\s+|with\s+)(?P<what>.+)", said.rest)
    what = _REMARKED.split(found["what"])[0] if found and said.tense != "future" and not said.denied else ""
    for value in several(what):
        yield from claim(said, "health", value, since=back(said))


def _eat(said: Said) -> Claims:
    food = _FOOD.match(said.rest)
    if not food or not (said.denied or said.over) or said.tense != "present":
        return
    for value in several(food["food"]):
        if said.denied and _CANNOT.search(said.clause):
            yield from claim(said, "allergy", value)
        elif value.lower() in _LEFT_OUT:
            yield from claim(said, "diet", f"no {value.lower()}")
        else:
            yield from claim(said, "preference", value, holds=False)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "like": _like,
    "prefer": _like,
    "hate": _hate,
    "stand": _stand,
    "stop": stop,
    "play": _play,
    "speak": _speak,
    "turn": _turn,
    "take": _take,
    "break": _break,
    "diagnose": _diagnosed,
    "eat": _eat,
}
