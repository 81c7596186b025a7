"""Redaction: card numbers, IBANs, e-mail addresses, phone numbers and secrets leave the text before it is stored.

Libraries decide what is one: python-stdnum checks the digits of cards and IBANs, phonenumbers knows each country's
numbers. A pattern alone would take order numbers for cards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from semcache.settings import Settings
from semcache_ingest.events import DocumentUpserted, Event, MessageEvent

Span = tuple[int, int, str]
"""Start, end, and what stands there."""

_DIGIT_RUN = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){11,18}(?![\w]|[.,]\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{2,4}){3,8}\b", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),  # JSON Web Token
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),  # Amazon
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}\b|\bgithub_pat_\w{30,}\b"),  # GitHub
    re.compile(r"\bxox[abprs]-[\w-]{10,}"),  # Slack
    re.compile(r"\bAIza[\w-]{35}\b"),  # Google
    re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b"),  # Stripe
    re.compile(r"\bsk-[A-Za-z0-9_-]{20,}\b"),  # OpenAI and others
    re.compile(r"(?<=://)[^\s/:@]{1,256}:[^\s/@]{1,256}(?=@)"),  # user:password in a URL
)
_NAMED_SECRET = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?token|pin)\b"
    r"(?:\s*[:=]\s*|\s+is\s+(?=\S*\d))['\"]?(?P<secret>[^\s'\",;]{4,})",
    re.IGNORECASE,
)


class Redact:
    """The processor `redact`: `[card]`, `[iban]`, `[email]`, `[phone]` and `[secret]` take the place of what they name.

    Texts and titles are redacted; ids are not, for they are what events are ordered and erased by.
    `region`: the country whose national phone numbers are known; others are recognised with their +.
    """

    def __init__(self, settings: Settings) -> None:
        self._region = settings.ingest.phone_region or None

    def __call__(self, event: Event) -> Event:
        if isinstance(event, MessageEvent):
            return event.model_copy(update={"text": redacted(event.text, region=self._region)})
        if isinstance(event, DocumentUpserted):
            title = redacted(event.title, region=self._region) if event.title else event.title
            return event.model_copy(update={"text": redacted(event.text, region=self._region), "title": title})
        return event


def redacted(text: str, *, region: str | None = None) -> str:
    """The text with what is private replaced by its kind in brackets. Applied twice it changes nothing more."""
    pieces: list[str] = []
    position = 0
    for start, end, kind in _without_overlaps(_found(text, region)):
        pieces += [text[position:start], f"[{kind}]"]
        position = end
    return "".join([*pieces, text[position:]])


def _found(text: str, region: str | None) -> Iterator[Span]:
    """Everything private; of two that overlap, the first of this order wins."""
    for pattern in _SECRETS:
        yield from ((m.start(), m.end(), "secret") for m in pattern.finditer(text))
    for m in _NAMED_SECRET.finditer(text):
        if not re.fullmatch(r"\[\w+\]\S?", m["secret"]):
            yield m.start("secret"), m.end("secret"), "secret"
    yield from ((m.start(), m.end(), "email") for m in _EMAIL.finditer(text))
    yield from _ibans(text)
    yield from ((m.start(), m.end(), "card") for m in _DIGIT_RUN.finditer(text) if _is_card(m[0]))
    yield from _phones(text, region)


def _is_card(digits: str) -> bool:
    from stdnum import luhn

    bare = re.sub(r"\D", "", digits)
    return 12 < len(bare) < 20 and len(set(bare)) > 1 and _issued(bare) and bool(luhn.is_valid(bare))


def _issued(digits: str) -> bool:
    """Whether a card network issues numbers that begin so and are that long."""
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    return (
        (digits[0] == "4" and length in (13, 16, 19))  # Visa
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)  # Mastercard
        or (two in (34, 37) and length == 15)  # American Express
        or ((two in (60, 64, 65) or four == 6011) and 16 <= length <= 19)  # Discover, RuPay
        or (two in (30, 36, 38, 39) and 14 <= length <= 19)  # Diners Club
        or (two == 35 and 16 <= length <= 19)  # JCB
        or (two == 62 and 16 <= length <= 19)  # UnionPay
        or (two in (50, 56, 57, 58, 63, 67) and 12 <= length <= 19)  # Maestro
    )


def _ibans(text: str) -> Iterator[Span]:
    """IBANs whose check digits are right; words that follow one are given back."""
    from stdnum import iban

    for m in _IBAN.finditer(text):
        end = m.end()
        while end > m.start():
            if iban.is_valid(text[m.start() : end]):
                yield m.start(), end, "iban"
                break
            end = text.rfind(" ", m.start(), end)


def _phones(text: str, region: str | None) -> Iterator[Span]:
    import phonenumbers

    if sum(map(str.isdigit, text)) < 7:
        return
    matches: Any = phonenumbers.PhoneNumberMatcher(text, region or "ZZ")
    yield from ((m.start, m.end, "phone") for m in matches)


def _without_overlaps(spans: Iterator[Span]) -> list[Span]:
    kept: list[Span] = []
    for start, end, kind in spans:
        if all(end <= s or start >= e for s, e, _ in kept):
            kept.append((start, end, kind))
    return sorted(kept)
