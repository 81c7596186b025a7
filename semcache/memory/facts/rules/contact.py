"""E-mail addresses and telephone numbers that a user gives as the user's own (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.facts.types import Claim
from semcache.text.patterns import Hint, Pattern

EMAIL = Pattern(r"\b[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b", cased=True)
_OWN_EMAIL = Pattern(r"\b(?:my|our|me|reach|i|i'm|new|write to|contact|e-?mail|address)\b[^?]{0,60}$")
_OTHERS = Pattern(
    r"\b(?:his|her|their|your|its)\b[^.]{0,40}$|\bis (?:this|that) your\b|\b(?:from|by|to) (?:support"
    r"|info|sales|help)\b"
)
_DIGITS = Hint(r"\d[\d\s()./-]{5,18}\d")
_OWN_PHONE = Pattern(
    r"\b(?:(?:my|our|new)(?:\s+\w+)?\s+(?:number|phone|mobile|cell|tel(?:ephone)?|handy|whatsapp)(?:\s+number)?"
    r"|call me(?: at| on)?|text me(?: at| on)?|reach me (?:at|on|under)|ring me (?:at|on))"
    r"[^\d+?]{0,30}(?P<number>\+?\(?\d[\d\s()./-]{5,18}\d)"
)


def contacts(text: str) -> Iterator[Claim]:
    """The user's own addresses and numbers."""
    if "@" in text:
        for found in EMAIL.finditer(text):
            before = text[max(0, found.start() - 80) : found.start()]
            sentence = re.split(r"[.!?]\s", before)[-1]
            asks = re.match(r"[^.!\n]*\?", text[found.end() :])
            if _OWN_EMAIL.search(sentence) and not _OTHERS.search(sentence) and not asks:
                yield Claim("email", found[0], confidence=0.85, start=found.start(), end=found.end())
    for found in _OWN_PHONE.finditer(text) if _DIGITS.within(text) else ():
        if not re.search(
            r"\b(?:order|case|ticket|invoice|card|account|old)\s+(?:number|phone)", found[0], re.IGNORECASE
        ):
            yield Claim(
                "phone", found["number"].strip(), confidence=0.85, start=found.start("number"), end=found.end("number")
            )
