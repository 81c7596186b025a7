"""Utterances that take back what was said just before: `No wait, ...`, `Sorry, I meant ...` (pure)."""

from __future__ import annotations

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


def corrects(text: str) -> bool:
    """Whether an utterance corrects the one before it."""
    return _CORRECTS.match(text.strip().replace("’", "'")) is not None
