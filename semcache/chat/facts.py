"""Which facts a question asks for, and how a fact is said to its user (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semcache.memory.facts.rules.lexicon import PETS, RELATIONS
from semcache.memory.facts.rules.values import words
from semcache.memory.facts.types import USER, Fact
from semcache.text.patterns import Pattern, either

_MOST = 4
_PAST = Pattern(
    r"\b(?:before|used to|previous(?:ly)?|former(?:ly)?|earlier|originally|at first|back then|in the past|formerly"
    r"|last (?:year|month)|did|was|were|old (?:job|home|address|flat|number)|ex)\b"
)
_CUES = {
    attribute: Pattern(rf"\b(?:{cue})\b")
    for attribute, cue in {
        "home": r"liv(?:e|es|ing)|home|city|town|reside|based|moved?|country|neighbou?rhood",
        "origin": r"from|grew up|born|nationality|origin",
        "name": r"my (?:full |last |first )?name|who am i|am i called",
        "work": r"works?|working|job|employer|company|employed",
        "occupation": r"jobs?|work as|occupation|profession|for a living|what (?:do|does) (?:i|my \w+) do|career|role",
        "studies": r"stud(?:y|ies|ying)|degree|university|course",
        "age": r"how old|age",
        "birthday": r"birthday|born",
        "birth year": r"born|birth",
        "marital status": r"married|single|divorced|engaged|relationship",
        "family": r"family|relatives|siblings",
        "pet": r"pets?|animals?",
        "preference": r"likes?|loves?|enjoy|prefer\w*|hates?|dislikes?|favou?rites?|fond|taste",
        "hobby": r"hobb(?:y|ies)|plays?|instruments?|sports?|free time",
        "language": r"languages?|speak",
        "allergy": r"allerg\w+|intoleran\w+|eat|food",
        "diet": r"diet|eat|vegetarian|vegan|food|meat",
        "health": r"health|conditions?|illness|ill|medic\w+|injur\w+|broke",
        "plan": r"plans?|planning|going|trips?|holidays?|vacation|flying|travel\w*",
        "possession": r"own|drive|have",
        "email": r"e-?mail",
        "phone": r"phone|number|mobile",
        "address": r"address",
        "height": r"tall|height",
        "weight": r"weigh\w*|weight",
        "size": r"size",
    }.items()
}
_OTHERS = Pattern(rf"\b(?:my|our)\s+(?:[\w-]+\s+)?(?P<who>{either(RELATIONS)})\b")
_ANIMAL = Pattern(rf"\b(?:my|our)\s+(?:[\w-]+\s+)?(?P<who>{either(PETS)})\b")
_NAMED = re.compile(r"^(?P<who>[^A-ZÀ-Þ]+?)\s+(?P<names>[A-ZÀ-Þ].*)$")
_SENTENCES = {
    "home": ("You live in {}.", "Your {} lives in {}."),
    "origin": ("You are from {}.", "Your {} is from {}."),
    "work": ("You work at {}.", "Your {} works at {}."),
    "occupation": ("What you do: {}.", "What your {} does: {}."),
    "age": ("You are {} years old.", "Your {} is {} years old."),
    "marital status": ("You are {}.", "Your {} is {}."),
    "allergy": ("You are allergic to {}.", "Your {} is allergic to {}."),
    "preference": ("You like {}.", "Your {} likes {}."),
    "possession": ("You have: {}.", "Your {} has: {}."),
    "plan": ("You plan: {}.", "Your {} plans: {}."),
    "language": ("You speak {}.", "Your {} speaks {}."),
}
_DENIED = {
    "preference": "You do not like {}.",
    "possession": "You do not have: {}.",
    "allergy": "You are not allergic to {}.",
    "home": "You do not live in {}.",
}


_FORMERLY = {
    "home": "You used to live in {}.",
    "work": "You used to work at {}.",
    "marital status": "You used to be {}.",
    "possession": "You used to have this: {}.",
    "pet": "You used to have {}.",
    "preference": "You used to like {}.",
    "age": "You were {} years old.",
}


def asks_of_the_past(question: str) -> bool:
    """Whether a question asks how something was, not how it is."""
    return _PAST.search(question) is not None


def asked_for(question: str, facts: Sequence[Fact]) -> list[Fact]:
    """The facts that a question asks for, best first, at most four."""
    other, animal = _OTHERS.search(question), _ANIMAL.search(question)
    who = other["who"].lower() if other else animal["who"].lower() if animal else ""
    told = words(question)
    scored = [(_score(fact, question, told, who), -place) for place, fact in enumerate(reversed(facts))]
    best = sorted((pair for pair in scored if pair[0] > 0), reverse=True)[:_MOST]
    latest_first = list(reversed(facts))
    return [latest_first[-place] for _, place in best]


def _score(fact: Fact, question: str, told: frozenset[str], who: str) -> int:
    """0: not asked for; more: nearer to what is asked."""
    named = bool(words(fact.value) & told)
    if who:
        mentioned = who in words(fact.value) or who.rstrip("s") in words(fact.value)
        if fact.attribute in ("family", "pet", "acquaintance"):
            return 2 if mentioned else 0
        return 3 if fact.subject.startswith(who) and _cued(fact, question) else 0
    if fact.subject != USER:
        return 0
    return (2 + named) * _cued(fact, question)


def _cued(fact: Fact, question: str) -> bool:
    if fact.attribute.startswith("favourite "):
        return fact.attribute.removeprefix("favourite ") in question.lower()
    cue = _CUES.get(fact.attribute)
    return cue.search(question) is not None if cue else fact.attribute in question.lower()


def sentence(fact: Fact) -> str:
    """A fact as a sentence to its user: "You live in Porto." """
    if not fact.holds:
        return _DENIED.get(fact.attribute, f"It is not so: {fact.attribute} {{}}.").format(fact.value)
    named = _NAMED.match(fact.value) if fact.attribute in ("family", "pet", "acquaintance") else None
    if named:
        several = (named["who"].split(" ")[-1].endswith("s") and "," in named["names"]) or " and " in named["names"]
        return f"Your {named['who']} {'are' if several else 'is'} called {named['names']}."
    if fact.attribute in ("family", "pet", "acquaintance"):
        return f"You have {fact.value}."
    own, others = _SENTENCES.get(
        fact.attribute, (f"Your {fact.attribute} is {{}}.", f"The {fact.attribute} of your {{}} is {{}}.")
    )
    return own.format(fact.value) if fact.subject == USER else others.format(fact.subject, fact.value)


def former_sentence(fact: Fact) -> str:
    """What held once, as a sentence to its user: "You used to live in Porto." """
    if fact.subject == USER and fact.attribute in _FORMERLY:
        return _FORMERLY[fact.attribute].format(fact.value)
    whose = "your {}" if fact.subject == USER else f"the {{}} of your {fact.subject}"
    return f"Before, {whose.format(fact.attribute)} was {fact.value}."
