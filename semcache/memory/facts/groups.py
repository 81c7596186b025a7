"""Attributes: which belong together, and which have one value at a time (pure)."""

from __future__ import annotations

from semcache.memory.facts.types import USER

_GROUPS = {
    "name": "name",
    "home": "home",
    "origin": "home",
    "work": "work",
    "occupation": "work",
    "studies": "work",
    "family": "family",
    "acquaintance": "family",
    "marital status": "family",
    "pet": "pets",
    "preference": "preferences",
    "hobby": "preferences",
    "language": "preferences",
    "plan": "plans",
    "possession": "possessions",
    "allergy": "health",
    "health": "health",
    "diet": "health",
    "email": "contact",
    "phone": "contact",
    "address": "contact",
    "age": "dates and figures",
    "birthday": "dates and figures",
    "birth year": "dates and figures",
    "height": "dates and figures",
    "weight": "dates and figures",
    "size": "dates and figures",
    "shoe size": "dates and figures",
    "blood type": "dates and figures",
    "*": "corrections",
}
_SEVERAL = frozenset(
    {"family", "acquaintance", "pet", "preference", "hobby", "language", "plan", "possession", "allergy", "health"}
)


def group_of(attribute: str, subject: str = USER) -> str:
    """The group an attribute is counted in; what is told of others is "family"."""
    if subject != USER:
        return "family"
    if attribute.startswith("favourite "):
        return "preferences"
    return _GROUPS.get(attribute, "dates and figures")


def has_several(attribute: str) -> bool:
    """Whether an attribute collects values, as preferences do; otherwise a new value replaces the former."""
    return attribute in _SEVERAL


def merges_parts(attribute: str) -> bool:
    """Whether "dog" and "dog Biscuit" are one value told twice."""
    return attribute in ("family", "acquaintance", "pet", "possession")
