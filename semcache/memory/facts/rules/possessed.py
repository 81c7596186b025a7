"""What "my ... is ..." tells: names, relatives, animals, things, favourites (pure rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.dates.phrases import find_time
from semcache.memory.facts.rules.lexicon import AILMENTS, BODY, KIN, PETS, RELATIONS, THINGS
from semcache.memory.facts.rules.nouns import calling, condition, employer, names_after
from semcache.memory.facts.rules.reading import Possessed
from semcache.memory.facts.rules.values import name, place, several, thing
from semcache.memory.facts.types import USER, Change, Claim
from semcache.text.patterns import Pattern, either

_BE = r"(?:\s*(?:'s|'re)|\s+(?:is|are|was|were|will be|has become|became))"
_RELATION = Pattern(
    r"(?P<adj>(?:(?:older|younger|little|big|elder|eldest|youngest|oldest|late|new|dear|best|twin|only|middle|ex[- ]"
    r"|baby|own|grown[- ]up|two|three|four|five|both|of)\s*)*)"
    rf"(?P<head>{either(RELATIONS)})\b(?P<rest>.*)",
    dotall=True,
)
_PET = Pattern(
    rf"(?P<adj>(?:(?!name\b)[\w-]+\s+){{0,2}}?)(?P<head>{either(PETS)})\b(?!\s*(?:food|toy|park|sitter|walker|seat)\b)"
    r"(?P<rest>.*)",
    dotall=True,
)
_NAME = Pattern(
    rf"(?:full |first |last |sur|nick|real |new |given |family )?name{_BE}\s+(?:now\s+)?"
    r"(?!(?:not|still|on|in|spelled|spelt|wrong|missing|also|the|being|a|written|misspelled)\b)(?P<value>.+)"
)
_FAVOURITE = Pattern(
    rf"(?:all[- ]time\s+)?fav(?:ou?rites?|e|s)?\s+(?P<what>(?!one)[\w -]{{2,30}}?){_BE}"
    r"\s+(?:(?:probably|definitely|still|now)\s+)*(?P<value>.+)"
)
_DAY = Pattern(
    rf"(?P<what>birthday|b-?day|anniversary|wedding|due date){_BE}\s+(?:on\s+|in\s+)?(?:the\s+)?"
    r"(?P<value>(?:\w+\W+){0,3}?\w+)(?=[,.;!]|\s+(?:and|because|so)\b|\s*$)"
)
_SIZE = Pattern(
    rf"(?P<what>shoe size|size|height|weight|blood type){_BE}\s+(?P<value>[\w.,+-]+(?:\s*(?:m|cm|kg|kilos?|ft))?)"
)
_JOB = Pattern(
    rf"(?:new\s+|current\s+|day\s+)?(?:job|profession|occupation|role|position){_BE}\s+(?:as\s+)?(?P<value>.+)"
)
_EMPLOYER = Pattern(
    r"(?i:(?:new\s+|current\s+)?(?:employer|company|workplace)\s+is)\s+(?!\w+ing\b)(?P<value>[A-Z].+)", cased=True
)
_ALLERGIES = Pattern(r"(?:food\s+)?allerg(?:y|ies)\s*(?::|are|is|include|to)\s*(?:to\s+)?(?P<value>.+)")
_OVER = Pattern(
    r"(?P<what>[\w -]{2,30}?)\s+(?:allergy|intolerance)\s+(?:is|has|'s)\s+(?:\w+\s+){0,2}?(?:gone|over|disappeared"
    r"|vanished|cured)\b"
)
_AILS = Pattern(
    r"(?P<what>(?:(?:severe|mild|chronic|seasonal|bad|terrible|type \d|bloody|stupid)\s+)*"
    rf"(?:{either(AILMENTS)}))(?!\w|'s|-|\s+(?:test|research|class|project))"
    r"(?P<over>\s+(?:is|has been)\s+(?:finally\s+|now\s+)?(?:gone|cured|healed))?"
)
_HEALED = Pattern(
    rf"(?P<what>(?:(?:left|right|broken)\s+)?(?:{BODY})s?|cast|plaster){_BE}\s+(?:fine|ok|okay|healed|better|good"
    r"|all good|off)\b(?! enough)"
)
_THING = Pattern(
    rf"(?P<what>(?:new\s+|current\s+|old\s+)?(?:work\s+|company\s+)?(?:{either(THINGS)})){_BE}\s+"
    r"(?:an?\s+)(?P<value>(?=\S*\s*\S*[A-Z0-9]).+)"
)
_DIED = Pattern(
    r"\s*(?:has\s+|just\s+|sadly\s+)*(?:died|passed away|passed|ran away|was put down|had to be put down|is dead)\b"
)
_AGED = Pattern(
    r"(?:\s*(?:'s|'re)|\s+(?:is|are|turned|just turned)|,)\s+(?:now\s+|already\s+|almost\s+|only\s+)*(?P<age>\d{1,3}"
    r"|one|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"(?!\s*(?:%|km|kg|kilos?|cm|m\b|euros?|of|minutes|hours|days|times|[ap]m))"
)
_NUMBERS = {word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine ten".split())}
_LIVES = Pattern(
    r"\s+(?:(?:now|still|both|all|just|recently|has|have|also|currently)\s+)*"
    r"(?:lives?|living|moved|is based|are based)\s+(?:back\s+)?(?:in|near|to|at)\s+(?P<place>.+)"
)
_WORKS = Pattern(r"\s+(?:now\s+|still\s+)?(?:works?|is working)\s+(?P<rest>.+)")
_HAS = Pattern(r"\s+(?:also\s+)?(?:has|have|got|suffers from|'s got)\s+(?P<rest>.+)")
_IS = Pattern(r"(?:\s*'s|\s+is)\s+(?P<rest>.+)")
_ALLERGIC = Pattern(r"(?:\w+\s+)?allergic to\s+(?P<to>.+)")
_CALLED = Pattern(
    r"(?:\s*(?:'s|s')?\s*names?(?:\s*'s|\s+is|\s+are)|(?:\s*(?:'s|'re)|\s+(?:is|are|was|were))\s+(?:called"
    r"|named))\s+(?P<names>.+)"
)
_SMALL_NAMES = re.compile(
    r"(?!(?:not|still|on|very|so|too|being|a|the|my)\b)([a-z][\w'-]+(?:\s+and\s+[a-z][\w'-]+)?)"
    r"(?=\s*(?:$|[,.!;(]|and\b|btw|by the way|he|she|they|haha|lol|now))"
)
_SAYS = re.compile(
    r"\s+(?:says?|said|thinks?|told|asks?|always says|wants?|would|might|could|can|will (?:ask|say|kill))\b"
    r"|\s*'s\s+(?!name\b|called\b|named\b|a\b|an\b|\d|got\b)\w+"
)
_STOLEN = Pattern(
    r"(?P<what>[\w' -]{2,30}?)\s+(?:was|got|has been)\s+(?:stolen|totalled|wrecked|destroyed)\b",
)


def possessed(clause: Possessed) -> Iterator[Claim]:
    """Claims of a clause that starts with "my"."""
    return (claim for claim in _possessed(clause) if claim.value)


def _claim(clause: Possessed, attribute: str, value: str, *, subject: str = USER, ends: bool = False) -> Claim:
    change = Change.ENDS if ends else Change.ASSERTS
    return Claim(attribute, value, subject, True, change, confidence=0.85, start=clause.start, end=clause.end)


def _possessed(clause: Possessed) -> Iterator[Claim]:
    text = clause.rest
    if found := _NAME.match(text):
        yield _claim(clause, "name", name(found["value"], sure=True))
    elif found := _FAVOURITE.match(text):
        what = re.sub(r"\s+(?:in the world|of all time|ever)$", "", found["what"].strip().lower())
        yield _claim(clause, f"favourite {what}", thing(found["value"]))
    elif (found := _DAY.match(text)) and find_time(f"on {found['value']}"):
        what = "birthday" if found["what"].lower().startswith("b") else found["what"].lower()
        yield _claim(clause, what if what in ("birthday", "due date") else f"{what} date", found["value"])
    elif found := _SIZE.match(text):
        yield _claim(clause, found["what"].lower().removeprefix("shoe "), found["value"].strip(".,"))
    elif found := _ALLERGIES.match(text):
        yield from (_claim(clause, "allergy", value) for value in several(found["value"]))
    elif found := _OVER.match(text):
        yield _claim(clause, "allergy", thing(found["what"]), ends=True)
    elif (found := _AILS.match(text)) and (told := condition(found["what"])):
        yield from (_claim(clause, attribute, value, ends=found["over"] is not None) for attribute, value in told)
    elif found := _HEALED.match(text):
        yield _claim(clause, "health", thing(found["what"]), ends=True)
    elif found := _EMPLOYER.match(text):
        yield _claim(clause, "work", thing(found["value"]))
    elif found := _JOB.match(text):
        yield _claim(clause, "occupation", calling(found["value"]))
    elif found := _THING.match(text):
        made = re.split(r"\s+(?:running|with|from|in|and|on|that)\s", thing(found["value"]))[0]
        yield _claim(clause, "possession", made)
    elif found := _PET.match(text):
        yield from _pet(clause, found)
    elif found := _RELATION.match(text):
        yield from _relation(clause, found)
    elif found := _STOLEN.match(text):
        yield _claim(clause, "possession", thing(found["what"]), ends=True)


def _pet(clause: Possessed, found: re.Match[str]) -> Iterator[Claim]:
    rest, kind = found["rest"], f"{found['adj']}{found['head']}".strip().lower()
    kind = re.sub(r"^(?:little|old|new|lovely|big|two|three|dear|own|first)\s+(?!cats|dogs)", "", kind)
    names = _names(rest)
    after = rest[rest.find(names.split(" ")[-1]) + len(names.split(" ")[-1]) :] if names else rest
    if _DIED.match(after):
        yield _claim(clause, "pet", names or kind, ends=True)
    elif names:
        yield _claim(clause, "pet", f"{kind} {names}")


def _names(rest: str) -> str:
    """The names that follow a relative or an animal; in lower case where "called" says that they are names."""
    called = _CALLED.match(rest)
    if not called:
        return names_after(rest)
    small = _SMALL_NAMES.match(called["names"])
    return names_after(" " + called["names"]) or (small[1] if small else "")


def _relation(clause: Possessed, found: re.Match[str]) -> Iterator[Claim]:
    head, rest = found["head"].lower(), found["rest"]
    if _SAYS.match(rest):
        return
    count = re.search(r"\b(two|three|four|five)\b", found["adj"] or "")
    names, kin = _names(rest), head.split("-")[0] in KIN
    if names and (kin or _CALLED.match(rest)):
        value = " ".join(filter(None, [count[1] if count else "", head, names]))
        yield _claim(clause, "family" if kin else "acquaintance", value)
    last = names.split(" ")[-1] if names else ""
    tail = rest[rest.find(last) + len(last) :] if last else rest
    if kin:
        yield from _about(clause, head, re.sub(r"^\s*\([^)]*\)", "", tail), statement=not _CALLED.match(rest))


def _about(clause: Possessed, subject: str, tail: str, *, statement: bool) -> Iterator[Claim]:
    """Where a relative lives and works, how old they are, what ails them."""
    if age := _AGED.match(tail):
        yield _claim(clause, "age", _NUMBERS.get(age["age"].lower(), age["age"]), subject=subject)
    elif lives := _LIVES.match(tail):
        yield _claim(clause, "home", place(lives["place"], clause.whole), subject=subject)
        works = re.search(r"\band(?P<rest>\s+works?\s.+)", tail)
        yield from _about(clause, subject, works["rest"], statement=statement) if works else ()
    elif works := _WORKS.match(tail):
        role = re.match(r"\s*as\s+(?P<role>.+)", works["rest"])
        yield _claim(clause, "occupation", calling(role["role"]) if role else "", subject=subject)
        yield _claim(clause, "work", employer(works["rest"], clause.whole), subject=subject)
    elif has := _HAS.match(tail):
        yield from (_claim(clause, what, value, subject=subject) for what, value in condition(has["rest"]))
    elif (is_ := _IS.match(tail)) and statement:
        allergic = _ALLERGIC.match(is_["rest"])
        for value in several(allergic["to"]) if allergic else ():
            yield _claim(clause, "allergy", value, subject=subject)
        if re.match(r"an?\s|the\s", is_["rest"]):
            yield _claim(clause, "occupation", calling(is_["rest"]), subject=subject)
