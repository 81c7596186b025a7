"""Verbs of age, body, diet and health: "I broke my ...", "I take ...", "I don't eat ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.lexicon import BODY, DIETS, FOODS
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.values import several
from semcache.memory.facts.verbs.shared import Claims, back, claim, state

_MEDICINE = Pattern(
    r"\b(?:metformin|insulin|sertraline|warfarin|prednisone|levothyroxine|antidepressants|blood thinners"
    r"|beta[- ]blockers|[a-z]+(?:pril|statins?|olol|azole|xaban|oxetine|sartan))\b"
)
_DIET = Pattern(rf"\s*(?:an?\s+|fully\s+|completely\s+|mostly\s+)?(?P<diet>{DIETS})\b")
_FOOD = Pattern(rf"\s*(?:any\s+)?(?P<food>(?:{FOODS})\b(?:\s*(?:,|and|or)\s*(?:{FOODS})\b)*)")
_CANNOT = Pattern(r"\b(?:can't|cannot|cant|can not)\s+(?:\w+\s+)?(?:eat|have|drink)\b")
_LEFT_OUT = frozenset("meat pork beef fish dairy sugar alcohol".split())
_PART = Pattern(rf"\s*(?:my|our)\s+(?P<part>(?:(?:left|right|lower|upper|big)\s+)?(?:{BODY})s?)\b")


def diet(said: Said) -> Claims:
    """ "I went vegan", "I've gone vegetarian"."""
    found = _DIET.match(said.rest)
    if found and not said.denied and said.tense != "future" and said.form not in ("go", "going", "turning", "becoming"):
        yield from claim(said, "diet", found["diet"].lower(), since=back(said))


def _turn(said: Said) -> Claims:
    yield from diet(said)
    age = re.match(r"\s*(?P<age>\d{1,3})\b(?!\s*(?:%|km|degrees|into|around))", said.rest)
    if age and not said.denied and said.form == "turned":
        yield from claim(said, "age", age["age"], since=said.since)


def _weigh(said: Said) -> Claims:
    amount = re.match(r"\s*(?P<amount>[\d.,]+\s*(?:kg|kilos?|lbs?|pounds|stone)\b)", said.rest, re.IGNORECASE)
    yield from claim(said, "weight", amount["amount"]) if amount and not said.denied else ()


def _take(said: Said) -> Claims:
    size = re.match(r"\s*(?:a\s+)?size\s+(?P<size>\S+)", said.rest, re.IGNORECASE)
    medicine = _MEDICINE.search(said.rest)
    if size and not said.denied:
        yield from claim(said, "size", size["size"].strip(".,"))
    elif medicine:
        yield from state(said, "health", f"takes {medicine[0]}")


def _break(said: Said) -> Claims:
    part = _PART.match(said.rest)
    if part and not said.denied and said.tense != "future":
        form = "broke" if said.form == "broken" else said.form
        yield from claim(said, "health", f"{form} {part['part']}", since=back(said))


def _suffer(said: Said) -> Claims:
    found = re.match(r"\s*(?:from|with)\s+(?P<what>.+)", said.rest)
    for value in several(found["what"]) if found else ():
        yield from state(said, "health", value)


def _diagnosed(said: Said) -> Claims:
    """What a doctor found stays, though it was found in the past."""
    found = re.match(r"\s*(?:as\s+|with\s+)(?P<what>.+)", said.rest)
    if found and said.tense != "future" and not said.denied:
        for value in several(found["what"]):
            yield from claim(said, "health", value, since=back(said))


def _eat(said: Said) -> Claims:
    food = _FOOD.match(said.rest)
    if not food or said.tense == "future":
        return
    if said.denied and _CANNOT.search(said.clause):
        for value in several(food["food"]):
            yield from claim(said, "allergy", value)
    elif (said.denied or said.over) and said.tense == "present":
        for value in several(food["food"]):
            if value.lower() in _LEFT_OUT:
                yield from claim(said, "diet", f"no {value.lower()}")
            else:
                yield from claim(said, "preference", value, holds=False)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "turn": _turn,
    "weigh": _weigh,
    "take": _take,
    "wear": _take,
    "break": _break,
    "hurt": _break,
    "suffer": _suffer,
    "diagnose": _diagnosed,
    "eat": _eat,
    "drink": _eat,
}
