"""Verbs of tastes and habits: "I hate ...", "I gave up ...", "I play ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from semcache.memory.facts.being import employer
from semcache.memory.facts.lexicon import DIETS, FOODS, LANGUAGES
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import several, thing
from semcache.memory.facts.verbs.shared import Claims, back, claim, state

FEELING_OBJECT = Pattern(
    r"^(?:it|this|that|these|those|you|your|them|him|her|his|how|what|when|where|why|if|the (?:idea"
    r"|way|fact|look|sound|new|suggestion|answer|one)|both|each|my (?:order|bike)|being|to (?:know"
    r"|hear|ask|see"
    r"|say|thank|return|order|cancel|get|have|buy|find|be|change|be|use|go back)|that|a (?:lot"
    r"|bit|little)|and|but|not|so|very|as|here|there|too|all of|everything|everyone|mondays?)\b"
)


def _feel(said: Said, *, likes: bool) -> Claims:
    if FEELING_OBJECT.match(said.rest.strip()) or said.tense == "future" or not said.rest.strip():
        return
    if said.form in ("loved", "liked", "enjoyed", "hated") and not said.over:
        return  # a film, a meal, an evening
    rest = re.sub(r"\s+(?:to|over|than|more than)\s+.*", "", said.rest) if said.verb == "prefer" else said.rest
    for value in several(re.sub(r"^\s*(?:rather|to)\s+", "", rest)):
        if said.over:
            yield from claim(said, "preference", value, change=Change.ENDS)
        else:
            yield from claim(said, "preference", value, holds=likes != said.denied)


def _like(said: Said) -> Claims:
    return _feel(said, likes=True)


def _hate(said: Said) -> Claims:
    return _feel(said, likes=False)


def _stand(said: Said) -> Claims:
    return _feel(replace(said, denied=False), likes=False) if said.denied else iter(())


def _eat(said: Said) -> Claims:
    if said.tense == "future" or said.progressive or said.form in ("ate", "drank"):
        return
    food = re.match(
        rf"\s*(?:any\s+)?(?P<food>(?:{FOODS})\b(?:\s*(?:,|and|or)\s*(?:{FOODS})\b)*)", said.rest, re.IGNORECASE
    )
    cannot = re.search(
        r"\b(?:can't|cannot|cant|can not)\s+(?:\w+\s+)?$",
        said.whole[: said.whole.lower().find(said.form)] if said.form in said.whole.lower() else "",
        re.IGNORECASE,
    )
    if food and cannot and said.denied:
        for value in several(food["food"]):
            yield from claim(said, "allergy", value)
    elif (
        food
        and (said.denied or said.over)
        and food["food"].lower() in ("meat", "pork", "beef", "fish", "dairy", "sugar", "alcohol")
    ):
        yield from claim(said, "diet", f"no {food['food'].lower()}")
    else:
        for value in several(re.sub(r"^\s*only\s+", "", said.rest)):
            if said.over:
                yield from claim(said, "preference", value, change=Change.ENDS)
            elif said.denied or said.verb == "drink" or food:
                yield from claim(said, "preference", value, holds=not said.denied, confidence=0.7)


def _stop(said: Said) -> Claims:
    found = re.match(r"\s*(?P<what>(?P<verb>\w+ing)\b\s*(?P<object>.*))", said.rest)
    if not found or said.denied:
        return
    verb = found["verb"].lower()
    if verb == "eating" and re.match(r"meat|fish|dairy|sugar|gluten|pork", found["object"].lower()):
        yield from claim(said, "diet", f"no {thing(found['object'])}", since=back(said))
    elif verb in ("drinking", "eating"):
        yield from claim(said, "preference", thing(found["object"]) or verb, change=Change.ENDS)
    elif verb in ("working",):
        yield from claim(
            said, "work", employer(found["object"], said.whole) or "job", change=Change.ENDS, until=back(said)
        )
    elif verb in ("smoking", "vaping", "running", "climbing", "gambling", "dancing"):
        yield from claim(said, "hobby", verb, change=Change.ENDS, until=back(said))
    elif verb in ("playing", "doing", "collecting"):
        yield from claim(said, "hobby", thing(found["object"]), change=Change.ENDS, until=back(said))


def _play(said: Said) -> Claims:
    if re.match(
        r"\s*(?:with|around|along|it|a (?:role|part|game|song|trick)|music|back|no role|dead)\b", said.rest
    ) or (said.denied and not said.over):
        return
    value = re.split(r"\s+(?:in|at|with|every|on|for|twice|once)\s+", thing(said.rest))[0]
    yield from state(said, "hobby", value, confidence=0.75)


def _speak(said: Said) -> Claims:
    for word in re.findall(r"[A-Za-z]+", said.rest):
        if word.lower() in LANGUAGES and not re.match(r"\s*(?:to|with|about)\b", said.rest):
            yield from state(said, "language", word)


def diet(said: Said) -> Claims:
    """ "I went vegan", "I've gone vegetarian"."""
    found = re.match(rf"\s*(?:an?\s+|fully\s+|completely\s+|mostly\s+)?(?P<diet>{DIETS})\b", said.rest, re.IGNORECASE)
    if found and not said.denied and said.tense != "future" and said.form not in ("go", "going", "turning", "becoming"):
        yield from claim(said, "diet", found["diet"].lower(), since=back(said))


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "like": _like,
    "prefer": _like,
    "hate": _hate,
    "stand": _stand,
    "eat": _eat,
    "drink": _eat,
    "stop": _stop,
    "play": _play,
    "collect": _play,
    "practise": _play,
    "speak": _speak,
}
