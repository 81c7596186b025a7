"""Noun phrases: what names a calling, an employer, an ailment, a relative or an animal (pure rules)."""

from __future__ import annotations

import re

from semcache.memory.facts.lexicon import AILMENTS, CALLING_ENDINGS, CALLINGS, KIN, NO_CALLINGS, PETS
from semcache.memory.facts.patterns import Pattern, either
from semcache.memory.facts.times import find_time
from semcache.memory.facts.values import cut, several, thing

_CALLING_ENDS = Pattern(
    r"\s+(?:at|for|with|from|near|on|in (?=[A-Z]|the\b|an?\b|my\b)|by|based|living|working|who|currently)\b\s*"
)
_NO_CALLING = Pattern(
    r"\b(?:fan|lover|customer|user|member|beginner|bit|mess|person|winner|loser|believer|sucker"
    r"|big|idiot|newcomer|stranger|friend|killer|legend|genius|wimp|fool|hero|monster"
    r"|pirate|knight|king|queen|millionaire|zombie|robot|god|wizard|vampire|superhero|princess"
    r"|burden|caller|reader|owner|visitor|regular|parent|mother|father|mum|mom|dad"
    r"|grandmother|grandfather|widow|widower|bachelor|morning|night owl|early)\b"
)
_ORG = Pattern(r"\b(?:at|for|with)\s+(?=(?P<org>.+))")
_OTHER_CLAUSE = Pattern(
    r",?\s+(?:but|because|while|whereas|and (?=(?-i:[A-Z])[\w'-]+ \w|my\b|our\b|he\b|she\b|they\b|the\b))\s*"
)
_NO_ORG = frozenset(
    "home night nights day days least last first work that this it you them him her me us the-moment"
    " moment weekends weekend once all present "
    "people time a-living living years months weeks hours minutes free money fun peanuts myself"
    " ourselves now".split()
)
_SPELL = Pattern(r"(?:\w+\s+){1,3}(?:years?|months?|weeks?|decades?|ages)\b")  # "for twenty years"
_MEDICAL = Pattern(r"\b(?P<what>(?:[\w-]+\s+){0,2}?(?:allerg(?:y|ies|ic)|intoleran(?:ce|t))\b)(?:\s+to\s+(?P<to>.+))?")


def calling(text: str) -> str:
    """The occupation that a noun phrase names: "a night nurse at ..." -> "night nurse"; empty if it names none."""
    value = thing(_CALLING_ENDS.split(text)[0], most_words=6)
    head = re.split(r"\s+of\s+", value)[0]
    last = head.split(" ")[-1].lower().rstrip("s'") if head else ""
    if not last or _NO_CALLING.search(head) or last in NO_CALLINGS or len(value.split()) > 7:
        return ""
    known = last in CALLINGS or (last.endswith(CALLING_ENDINGS) and len(last) > 5)
    first = re.split(r"[\s-]", head.lower())[0]
    if not known and last.endswith(("eer", "tician")):
        known = True
    return (
        value
        if known
        or (first in ("freelance", "professional", "certified", "head") and len(head.split()) > (first != "head"))
        else ""
    )


def employer(text: str, whole: str) -> str:
    """The organisation in "... at Siemens", "... for the council"; empty if there is none."""
    text = _OTHER_CLAUSE.split(text)[0]
    found = _ORG.search(text)
    while found:
        rest = found["org"]
        value = thing(re.split(r"\s+(?:as|on|every|since|until|from|to|because)\s+", cut(rest))[0])
        first = value.split(" ")[0].lower() if value else ""
        if (
            value
            and first not in _NO_ORG
            and value.lower() not in ("a", "an", "the")
            and not first.isdecimal()
            and not _SPELL.match(value)
            and not find_time(rest[: len(value) + 1])
        ):
            return value
        found = _ORG.search(text, found.end())
    return ""


def condition(text: str) -> list[tuple[str, str]]:
    """What ails somebody who has it: ("health", "asthma"), ("allergy", "nut")."""
    head = cut(text, most_words=7, keep_lists=True)
    medical = _MEDICAL.match(
        re.sub(
            r"^(?:(?:a|an|any|severe|mild|bad|really|no|the|serious|strong)\s+)+", "", head.strip(), flags=re.IGNORECASE
        )
    )
    if medical:
        if medical["to"]:
            return [("allergy", value) for value in several(medical["to"])]
        what = re.sub(r"\s*(?:allerg(?:y|ies)|intolerance)$", "", medical["what"], flags=re.IGNORECASE)
        return [("allergy", thing(what) or "any")]
    found = []
    for value in several(text, most_words=6):
        words = value.lower().split()
        if AILMENTS.intersection(words[:5]) or " ".join(words[-2:]) in AILMENTS or " ".join(words[:3]) in AILMENTS:
            found.append(("health", value))
        elif not found:
            break
    return found


_SHARING_HOME = frozenset({"flatmate", "roommate", "housemate"})
_NOT_REAL = Pattern(
    r"\b(?:this|that|these|those|stuffed|toy|plush|virtual|hot|neighbou?r's|friend's|wild|stray|street|\w+'s)\b"
)
_KIN_WORDS = "|".join(
    sorted(map(re.escape, KIN | {"friend", "flatmate", "roommate", "housemate"}), key=len, reverse=True)
)
_PET_WORDS = either(PETS)
_COUNT = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twin|several)"
_NP = Pattern(
    rf"\s*(?:(?P<det>an?|the|my|our|another|some)\s+)?(?:(?P<count>{_COUNT})\s+)?(?P<adj>(?:[\w-]+\s+){{0,3}}?)"
    rf"(?P<head>{_KIN_WORDS}|{_PET_WORDS})\b(?!\s+(?:food|house|flap|toy|seat|bed|hair|owner|lover"
    rf"|person|park|phobia|shelter|video|of mine))"
)
_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who(?:'s| is)?|which is|and|she's|he's|they're|whose name is|whose names"
    r" are)\s+)?(?:is\s+|are\s+)?(?:called|named|whose names? (?:is|are))\s+|\s*[,:(]\s*|\s+)"
    r"(?P<names>[A-ZÀ-Þ][\w'-]+(?:\s+[A-Z][\w'-]+)?(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)[A-ZÀ-Þ][\w'-]+)*)",
    cased=True,
)
_LOWER_NAMED = Pattern(
    r"\s*(?:,?\s*(?:(?:who is|whose name is)\s+)?(?:called|named)\s+)(?P<names>[a-z]\w+(?:(?:\s*,\s*"
    r"|\s+and\s+)[a-z]\w+)*)",
    cased=True,
)
_NO_NAMES_HERE = frozenset("I I'm I've My We Our And But She He It They The This That In On So Now Is Are Then".split())


def pet_or_kin(text: str) -> list[tuple[str, str]]:
    """A relative or an animal with its name: ("pet", "dog Biscuit"), ("family", "three kids Ann Bob")."""
    found = _NP.match(text)
    if not found or (found["adj"] and re.search(r"\b(?:of|for|with|to|in|no|problem)\b", found["adj"])):
        return []
    head = found["head"].lower()
    names = names_after(text[found.end() :])
    pet = head in PETS
    adjective = (found["adj"] or "").strip()
    if _NOT_REAL.search(adjective):
        return []
    if pet:
        described = f"{found['count'] or ''} {adjective} {found['head']}".split()
        value = " ".join(
            [
                word
                for word in described
                if word.lower() not in ("new", "little", "old", "small", "big", "cute", "lovely", "beautiful", "rescue")
            ]
            + ([names] if names else [])
        )
        return [("pet", value)]
    value = " ".join(filter(None, [found["count"], found["head"], names]))
    if head in KIN:
        return [("family", value)]
    return [("acquaintance", value)] if head in _SHARING_HOME else []


def names_after(text: str) -> str:
    """The names that follow a noun: ": Ann, Bob and Cy" -> "Ann, Bob and Cy"."""
    found = _NAMED.match(text) or _LOWER_NAMED.match(text)
    if not found:
        return ""
    names = [n for n in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", found["names"]) if n]
    kept: list[str] = []
    for n in names:
        if n.split(" ")[0] in _NO_NAMES_HERE or n.split(" ")[0].lower() in ("and", "he", "she"):
            break
        kept.append(n.removesuffix("'s"))
    return " and ".join([", ".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)
