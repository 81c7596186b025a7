"""Noun phrases: what names a calling, an employer, an ailment, a relative or an animal (pure rules)."""

from __future__ import annotations

import re

from semcache.memory.dates.phrases import find_time
from semcache.memory.facts.rules.lexicon import AILMENTS, CALLING_ENDINGS, CALLINGS, KIN, NO_CALLINGS, PETS
from semcache.memory.facts.rules.values import cut, several, thing
from semcache.text.patterns import Pattern, either

_CALLING_ENDS = Pattern(
    r"\s+(?:at|for|with|from|near|on|in (?=[A-Z]|the\b|an?\b|my\b)|by|based|living|working|who|currently)\b\s*"
)
_NO_CALLING = Pattern(
    r"\b(?:fan|lover|customer|user|member|beginner|bit|mess|person|winner|loser|believer|sucker|big|idiot|newcomer"
    r"|stranger|friend|killer|legend|genius|wimp|fool|hero|monster|pirate|knight|king|queen|millionaire|zombie|robot"
    r"|god|wizard|vampire|superhero|princess|burden|caller|reader|owner|visitor|regular|parent|mother|father|mum|mom"
    r"|dad|stickler|supporter|contender|grandmother|grandfather|widow|widower|bachelor|morning|night owl|early)\b"
)
_CALLED = Pattern(
    r"(?:freelance|professional|certified)[\s-]\S|head\b|(?:[\w-]+\s+){0,2}[\w-]{2,}(?:er|or|ant|man|woman)"
    r"\s+for\s+(?-i:[A-Z]|the\s|an?\s)"
)
_AILMENT_ENDS = Pattern(r"(?!\w*gnosis|hypn|osm)\w+(?:itis|osis|algia|opathy|a?emia)$")
_ORG = Pattern(r"\b(?:at|for)\s+(?=(?P<org>.+))")
_OTHER_CLAUSE = Pattern(
    r",?\s+(?:but|because|while|whereas|and (?=(?-i:[A-Z])[\w'-]+ \w|my\b|our\b|he\b|she\b|they\b|the\b))\s*"
)
_ORG_ENDS = Pattern(r"\s+(?:as|on|every|since|until|from|to|because)\s+")
_NO_ORG = Pattern(
    r"(?:\d|(?:home|nights?|days?|least|last|first|work|that|this|it|you|them|him|her|me|us|moment|weekends?|once|all"
    r"|present|people|time|living|years|months|weeks|hours|minutes|free|money|fun|peanuts|myself|ourselves|now|an?|the"
    r")\b|(?:\w+\s+){1,3}(?:years?|months?|weeks?|decades?|ages)\b)"  # "for twenty years"
)
_MEDICAL = Pattern(
    r"\s*(?:(?:an?|any|severe|mild|bad|really|no|the|serious|strong)\s+)*"
    r"(?P<what>(?:[\w-]+\s+){0,2}?)(?:allerg(?:y|ies|ic)|intoleran(?:ce|t))\b(?:\s+to\s+(?P<to>.+))?"
)
_NOT_REAL = Pattern(
    r"\b(?:this|that|these|those|stuffed|toy|plush|virtual|hot|wild|stray|street|of|for|with|to|in|no|problem|\w+'s)\b"
)
_SHARING_HOME = ("flatmate", "roommate", "housemate")
_NEAR = Pattern(
    r"\s*(?:(?:an?|the|my|our|another|some)\s+)?"
    r"(?:(?P<count>\d+|one|two|three|four|five|six|seven|eight|nine|ten|twin|several)\s+)?(?P<adj>(?:[\w-]+\s+){0,3}?)"
    rf"(?P<head>{either(KIN | PETS | {*_SHARING_HOME, 'friend'})})\b"
    r"(?!\s+(?:food|house|flap|toy|seat|bed|hair|owner|lover|person|park|phobia|shelter|video|of mine))"
)
_COLOURING = frozenset("new little old small big cute lovely beautiful rescue".split())
_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who(?:'s| is)?|which is|and|she's|he's|they're|whose name is|whose names are)\s+)?"
    r"(?:is\s+|are\s+)?(?:called|named|whose names? (?:is|are))\s+|\s*[,:(]\s*|\s+)"
    r"(?P<names>[A-ZÀ-Þ][\w'-]+(?:\s+[A-Z][\w'-]+)?(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)[A-ZÀ-Þ][\w'-]+)*)",
    cased=True,
)
_LOWER_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who is|whose name is)\s+)?(?:called|named)\s+)"
    r"(?P<names>[a-z]\w+(?:(?:\s*,\s*|\s+and\s+)[a-z]\w+)*)",
    cased=True,
)
_BETWEEN_NAMES = Pattern(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*")
_NO_NAMES_HERE = frozenset(
    "i i'm i've my we our us you and but she he it they the this that in on so now is are then".split()
)


def calling(text: str) -> str:
    """The occupation that a noun phrase names: "a night nurse at ..." -> "night nurse"; empty if it names none."""
    value = thing(_CALLING_ENDS.split(text)[0])
    head = re.split(r"\s+of\s+", value)[0]
    last = head.split(" ")[-1].lower().rstrip("s'") if head else ""
    if not last or _NO_CALLING.search(head) or last in NO_CALLINGS:
        return ""
    known = last in CALLINGS or (last.endswith(CALLING_ENDINGS) and len(last) > 5) or last.endswith(("eer", "tician"))
    return value if known or _CALLED.match(head) or _CALLED.match(re.sub(r"^\s*(?:an?|the)\s+", "", text)) else ""


def employer(text: str, whole: str) -> str:
    """The organisation in "... at Siemens", "... for the council"; empty if there is none."""
    text = _OTHER_CLAUSE.split(text)[0]
    found = _ORG.search(text)
    while found:
        rest = found["org"]
        value = thing(_ORG_ENDS.split(cut(rest))[0])
        if value and not _NO_ORG.match(value) and not find_time(rest[: len(value) + 1]):
            return value
        found = _ORG.search(text, found.end())
    return ""


def condition(text: str) -> list[tuple[str, str]]:
    """What ails somebody who has it: ("health", "asthma"), ("allergy", "nut")."""
    medical = _MEDICAL.match(cut(text, most_words=7, keep_lists=True))
    if medical and medical["to"]:
        return [("allergy", value) for value in several(medical["to"])]
    if medical:
        return [("allergy", thing(medical["what"]) or "any")]
    found: list[tuple[str, str]] = []
    for value in several(text, most_words=6):
        words = value.lower().split()
        named = AILMENTS.intersection(words[:5]) or any(map(_AILMENT_ENDS.match, words[:5]))
        if named or " ".join(words[-2:]) in AILMENTS or " ".join(words[:3]) in AILMENTS:
            found.append(("health", value))
        elif not found:
            break
    return found


def pet_or_kin(text: str) -> list[tuple[str, str]]:
    """A relative or an animal with its name: ("pet", "dog Biscuit"), ("family", "three kids Ann and Bob")."""
    found = _NEAR.match(text)
    if not found or _NOT_REAL.search(found["adj"]):
        return []
    head, names = found["head"], names_after(text[found.end() :])
    if head.lower() in PETS:
        described = f"{found['count'] or ''} {found['adj']} {head}".split()
        return [("pet", " ".join([*(word for word in described if word.lower() not in _COLOURING), names]).strip())]
    attribute = "family" if head.lower() in KIN else "acquaintance" if head.lower() in _SHARING_HOME else ""
    return [(attribute, " ".join(filter(None, [found["count"], head, names])))] if attribute else []


def names_after(text: str) -> str:
    """The names that follow a noun: ": Ann, Bob and Cy" -> "Ann, Bob and Cy"."""
    found = _NAMED.match(text) or _LOWER_NAMED.match(text)
    kept: list[str] = []
    for name in _BETWEEN_NAMES.split(found["names"]) if found else ():
        if name.split(" ")[0].lower() in _NO_NAMES_HERE:
            break
        kept.append(name.removesuffix("'s"))
    return " and ".join([", ".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)
