"""Verbs of tastes and pastimes: "I hate ...", "I play ...", "I gave up ..."."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from semcache.memory.facts.lexicon import LANGUAGES
from semcache.memory.facts.nouns import employer
from semcache.memory.facts.patterns import Pattern
from semcache.memory.facts.reading import Said
from semcache.memory.facts.types import Change
from semcache.memory.facts.values import thing, whole_list
from semcache.memory.facts.verbs.shared import Claims, back, claim, state

_RATHER_THAN = Pattern(r"\s+(?:to|over|than|more than|rather than)\s+.*")
_INSTRUMENT = Pattern(
    r"(?:the\s+)?(?P<what>(?:(?:acoustic|electric|bass|video|board|table|five-a-side)\s+)?[A-Za-zÀ-ÿ-]+\b)"
    r"(?=\s*(?:$|[,.;!(]|and\b|in\b|at\b|with\b|every\b|on\b|for\b|since\b|twice\b|once\b|but\b))"
)
_NO_PASTIME = frozenset(
    "with around along it a music back no dead hard together professionally some another something for here there"
    " in at on this that them my our".split()
)
_HABIT = frozenset("smoking vaping running climbing gambling dancing drinking".split())


def _likes(said: Said, *, likes: bool) -> Claims:
    if not said.named or said.tense != "present" or said.progressive:
        return  # a film, a meal, an evening; "loving it"
    rest = _RATHER_THAN.sub("", said.rest) if said.verb == "prefer" else said.rest
    yield from liked(said, re.sub(r"^\s*(?:rather|to)\s+", "", rest), likes=likes)


def liked(said: Said, what: str, *, likes: bool) -> Claims:
    """Preferences as a whole or not at all: part of a sentence is no taste."""
    for value in whole_list(what):
        if said.over:
            yield from claim(said, "preference", value, change=Change.ENDS)
        else:
            yield from claim(said, "preference", value, holds=likes != said.denied)


def _like(said: Said) -> Claims:
    return _likes(replace(said, tense="present") if said.over else said, likes=True)


def _hate(said: Said) -> Claims:
    return _likes(said, likes=False)


def _stand(said: Said) -> Claims:
    return _likes(replace(said, denied=False, named=True), likes=False) if said.denied else iter(())


def _stop(said: Said) -> Claims:
    """ "I stopped smoking", "I quit being vegan", "I gave up chess"."""
    found = re.match(r"\s*(?:up\s+)?(?P<verb>\w+ing)\b\s*(?P<object>.*)", said.rest)
    if said.denied or said.tense == "future":
        return
    if not found:
        yield from _given_up(said)
        return
    verb, what = found["verb"].lower(), found["object"]
    if verb == "being":
        yield from (claim(said, "diet", thing(what), change=Change.ENDS))
    elif verb == "working":
        yield from claim(said, "work", employer(what, said.whole) or "job", change=Change.ENDS, until=back(said))
    elif verb == "eating" and thing(what).lower() in ("meat", "fish", "dairy", "sugar", "gluten", "pork"):
        yield from claim(said, "diet", f"no {thing(what).lower()}", since=back(said))
    elif verb in _HABIT and not thing(what):
        yield from claim(said, "hobby", verb, change=Change.ENDS, until=back(said))
    elif verb in ("playing", "doing", "collecting"):
        yield from claim(said, "hobby", thing(what), change=Change.ENDS, until=back(said))
    elif verb in ("drinking", "eating"):
        yield from claim(said, "preference", thing(what) or verb, change=Change.ENDS)


def _given_up(said: Said) -> Claims:
    habit = re.match(r"\s*(?P<up>up\s+)?(?P<what>[\w-]+)\W*(?:$|\b(?:in|last|for|after|on|since|years?)\b)", said.rest)
    if habit and habit["up"]:
        yield from claim(said, "hobby", thing(habit["what"]), change=Change.ENDS, until=back(said))


def _play(said: Said) -> Claims:
    found = _INSTRUMENT.match(said.rest.strip())
    if found and found["what"].lower() not in _NO_PASTIME and not said.progressive:
        yield from state(said, "hobby", found["what"], confidence=0.75) if said.over or not said.denied else ()


def _collect(said: Said) -> Claims:
    values = whole_list(said.rest) if said.tense == "present" and said.named and not said.denied else ()
    for value in values:
        yield from state(said, "hobby", f"collect {value}" if said.verb == "collect" else value, confidence=0.75)


def _speak(said: Said) -> Claims:
    if not re.match(r"\s*(?:to|with|about)\b", said.rest):
        for word in _languages(said.rest):
            yield from state(said, "language", word)


def _languages(text: str) -> Iterator[str]:
    return (word for word in re.findall(r"[A-Za-z]+", text) if word.lower() in LANGUAGES)


HANDLERS: dict[str, Callable[[Said], Claims]] = {
    "like": _like,
    "prefer": _like,
    "hate": _hate,
    "stand": _stand,
    "stop": _stop,
    "play": _play,
    "practise": _play,
    "collect": _collect,
    "speak": _speak,
}
