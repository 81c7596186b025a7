"""Facts given as a list: "name: Petra, age: 41", or one to a line (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semcache.memory.facts.rules.own_words import without_code
from semcache.memory.facts.rules.values import several
from semcache.memory.facts.types import Claim
from semcache.text.patterns import Pattern, either

_KEYS = {
    "name": "name|full name|first name",
    "home": "city|location|home|town|residence|lives in|based in|country|current city|place of residence",
    "origin": "hometown|home town|nationality|origin|from|originally from|place of birth|birthplace",
    "age": "age",
    "occupation": "job|occupation|profession|job title|role|position|career",
    "work": "employer|company|workplace|works at|work",
    "studies": "studies|studying|degree|major|field of study",
    "allergy": "allergy|allergies|food allergies|intolerances",
    "diet": "diet|dietary preference",
    "health": "condition|conditions|medical conditions|health conditions|health|illnesses|medication",
    "birthday": "birthday|date of birth|dob|born",
    "email": "email|e-mail|mail|email address",
    "phone": "phone|phone number|mobile|tel|telephone|cell",
    "address": "address|home address",
    "height": "height",
    "weight": "weight",
    "shoe size": "shoe size",
    "size": "size|clothing size",
    "blood type": "blood type",
    "pet": "pet|pets",
    "family": "family|kids|children|partner|spouse|wife|husband|siblings",
    "marital status": "marital status|relationship status|status",
    "hobby": "hobby|hobbies|interests",
    "language": "language|languages|languages spoken",
    "preference": "likes|loves",
    "dislike": "dislikes|hates",
}
_OF = {name: attribute for attribute, names in _KEYS.items() for name in names.split("|")}
_SEVERAL = frozenset("allergy health pet family hobby language preference dislike".split())
_NAMED_BY_KEY = frozenset("kids children partner spouse wife husband".split())
_ITEM = Pattern(
    rf"(?:^|(?<=[\n,;|(]))\s*(?:[-*•]\s*)?[*_]*(?P<key>{either(_OF)}|fav(?:ou?rite) [\w ]{{2,20}})[*_]*\s*(?::|="
    rf"|\s-)[*_]*\s*"
    r"(?P<value>[^\n;|]+?)(?=\s*(?:$|[\n;|)]|,\s*[*_]*(?:"
    + either(_OF)
    + r"|fav(?:ou?rite) [\w ]{2,20})[*_]*\s*(?::|=)))"
)
_OTHERS = Pattern(
    r"\b(?:his|her|their|he|she|they|customer|client|patient|user's|character|sample|example|candidate|employee"
    r"|template|fill in|form|json|csv|record|dummy|fake|fictional|persona|random|friend|brother|sister|mother|father"
    r"|mom|mum|dad|wife|husband|son|daughter|boss|colleague|neighbou?r|contact|hero|npc|d&d|dnd|novel|story|write"
    r"|generate|create a)\b|[{}<>]"
)
_UNSAID = Pattern(r"\s*(?:n/?a|none|no|unknown|-+|\?+|tbd|\.+)\W*$|.*[?{}<>]")
_LEAST = 2  # keys that make a list


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of a list, and where it stands."""

    key: str
    value: str
    start: int
    end: int


def listed(text: str) -> list[Listed]:
    """The items of a list about the user; none if there are fewer than two, or it is somebody else's, or code."""
    if ":" not in text and "=" not in text:
        return []
    text = without_code(text)
    found = [
        Listed(item["key"].strip().lower(), item["value"].strip(" \t*_.,"), item.start("key"), item.end())
        for item in _ITEM.finditer(text)
        if not _UNSAID.match(item["value"])
    ]
    if len({item.key for item in found}) < _LEAST or _is_mail(found):
        return []
    return (
        [] if _OTHERS.search(text[: found[0].start]) or len({i.value for i in found if i.key == "name"}) > 1 else found
    )


def _is_mail(items: list[Listed]) -> bool:
    return items[0].key == "from"


def claims_listed(items: list[Listed]) -> Iterator[Claim]:
    """What the items say of the user."""
    for item in items:
        attribute = _OF.get(item.key, item.key.replace("favorite", "favourite"))
        values = several(item.value) if attribute in _SEVERAL else [item.value]
        for value in values:
            if len(value.split()) > 8:
                continue
            if attribute == "family" and item.key in _NAMED_BY_KEY:
                value = f"{item.key} {value}"
            holds, kept = attribute != "dislike", "preference" if attribute == "dislike" else attribute
            yield Claim(kept, value, holds=holds, confidence=0.85, start=item.start, end=item.end)
