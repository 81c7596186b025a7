"""Verbs of age, body and health: "I broke my ...", "I take ..."."""

from __future__ import annotations

import re
from collections.abc import Callable

from semcache.memory.facts.lexicon import BODY
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.values import several
from semcache.memory.facts.verbs.family import split
from semcache.memory.facts.verbs.shared import Claims, back, claim, state
from semcache.memory.facts.verbs.tastes import diet

_MEDICINE = Pattern(
    r"\b(?:metformin|insulin|ibuprofen|aspirin|sertraline|prozac|zoloft|lexapro|adderall|ritalin"
    r"|warfarin|prednisone|levothyroxine|statins?|lisinopril|omeprazole|antidepressants"
    r"|blood thinners|beta[- ]blockers|[a-z]+(?:pril|statin|olol|azole|cillin|xaban|oxetine|sartan))\b"
)


def _turn(said: Said) -> Claims:
    yield from diet(said)
    age = re.match(r"\s*(?P<age>\d{1,3})\b(?!\s*(?:%|km|degrees))", said.rest)
    if age and not said.denied:
        yield from claim(said, "age", age["age"], since=said.since)


def _weigh(said: Said) -> Claims:
    amount = re.match(
        r"\s*(?P<amount>[\d.,]+\s*(?:kg|kilos?|kilograms?|lbs?|pounds|stone)\b)", said.rest, re.IGNORECASE
    )
    yield from claim(said, "weight", amount["amount"]) if amount and not said.denied else ()


def _take(said: Said) -> Claims:
    size = re.match(r"\s*(?:a\s+)?size\s+(?P<size>\S+)", said.rest, re.IGNORECASE) or re.match(
        r"\s*(?P<size>XXS|XS|S|M|L|XL|XXL)\b", said.rest
    )
    medicine = _MEDICINE.search(said.rest)
    if size and not said.denied:
        yield from claim(said, "size", size["size"].strip(".,"))
    elif medicine:
        yield from state(said, "health", f"takes {medicine[0]}")


def _break(said: Said) -> Claims:
    part = re.match(
        rf"\s*(?:my|our)\s+(?P<part>(?:(?:left|right|lower|upper|big)\s+)?(?:{BODY})s?)\b", said.rest, re.IGNORECASE
    )
    if part and not said.denied and said.tense != "future":
        yield from claim(
            said, "health", f"{'broke' if said.form == 'broken' else said.form} {part['part']}", since=back(said)
        )
    elif re.match(r"\s*up\b", said.rest) and not said.denied:
        yield from split(said)


def _suffer(said: Said) -> Claims:
    found = re.match(r"\s*(?:from|with)\s+(?P<what>.+)", said.rest)
    if found:
        for value in several(found["what"]):
            yield from state(said, "health", value)


def _diagnosed(said: Said) -> Claims:
    """What a doctor found stays, though it was found in the past."""
    found = re.match(r"\s*(?:as\s+|with\s+)(?P<what>.+)", said.rest)
    if found and said.tense != "future" and not said.denied:
        for value in several(found["what"]):
            yield from claim(said, "health", value, since=back(said))


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "turn": _turn,
    "weigh": _weigh,
    "take": _take,
    "wear": _take,
    "break": _break,
    "hurt": _break,
    "suffer": _suffer,
    "recover": _suffer,
    "suffered": _diagnosed,
}
