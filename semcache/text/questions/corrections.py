"""Utterances that take back what was said just before: `No wait, ...`, `Sorry, I meant ...` (pure)."""

from __future__ import annotations

import re

from semcache.text.patterns import any_of

_CORRECTS = any_of(
    r"(?:(?:oh|ah|um|hm+|ok(?:ay)?|but|well|and)[,.! …]+)*"
    r"(?:(?:no|nope|wait|hang on|hold on|oops|whoops|sorry|apologies|my (?:mistake|bad)|actually|correction"
    r"|scratch that|strike that|forget that|never ?mind that|on second thoughts?)[\s,.:;!…–—-]+)+"
    r"(?:(?:i (?:mean|meant)|make (?:it|that)|it(?:'s| is| was| should be)|that(?:'s| is| was| should be)|not)\b"
    r"|(?:\w+[ ,]+){0,3}?(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b)",
    r"(?:no[,.!]? wait|scratch that|strike that|correction:|i meant\b|i mean[,:]"
    r"|make (?:it|that) (?!\w+ sense|work|up)\S)",
    start=True,
)

_MARK = r"(?:oh|ah|no|nope|sorry|oops|whoops|wait|actually|rather|my (?:mistake|bad))"
_THING = r"(?:(?:the|an?) )?[\w'+-]+(?: [\w'+-]+){0,3}?"
_SAYS = re.compile(rf"(?:{_MARK}[,.! ]+)*i (?:meant|mean|was asking about)\s+(?P<meant>.+)", re.IGNORECASE)
_NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:{_MARK}[,.! ]+)+(?:not {_THING}[,;]? (?:but )?)?(?P<meant>{_THING})",
        rf"(?P<meant>{_THING})[,.]? (?:sorry|(?:is what )?i (?:meant|mean|was asking about))",
        rf"not {_THING}(?:[,;] (?:but )?| but )(?P<meant>{_THING})",
    )
)
_IS_NAME = re.compile(r"(?:the|an?) [\w' +-]+|(?:\w+ )*(?-i:[A-Z]|\w*\d)[\w'+-]*(?: [\w'+-]+)*", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|could|will|would|should|have|has|i|you|we|it|that|this|them|not|what|which"
    r"|who|when|where|why|how|thanks|thank|idea|problem|other|first|second|third|last)\b",
    re.IGNORECASE,
)


def meant(text: str) -> str:
    """What a text says was meant instead: `No, I meant the C3`, `sorry, the C3`, `not the C2, the C3`; else empty."""
    said = text.strip().replace("’", "'").rstrip("?!. ")
    if found := _SAYS.fullmatch(said):
        return found["meant"]
    named = next((found["meant"] for pattern in _NAMES if (found := pattern.fullmatch(said))), "")
    return named if _IS_NAME.fullmatch(named) and not _NO_NAME.search(named) else ""


def corrects(text: str) -> bool:
    """Whether an utterance corrects the one before it."""
    return _CORRECTS.match(text.strip().replace("’", "'")) is not None
