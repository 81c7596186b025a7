"""Mentions that libraries can prove: e-mail addresses, telephone numbers, numbers with check digits, dates, amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semcache.memory.dates.phrases import find_dates
from semcache.memory.entities.types import Kind, Mention
from semcache.memory.facts.rules.contact import EMAIL

_AMOUNT = re.compile(
    r"(?<![\w.])(?:[€$£¥]\s?\d[\d.,]*\d|[€$£¥]\s?\d|\d[\d.,]*\s?(?:[€$£¥]|(?:eur|usd|gbp|chf"
    r"|jpy|euros?|dollars?|pounds?|francs?|yen)\b)"
    r"|\d[\d.,]*\s?(?:%|percent\b|km\b|kg\b|kilos?\b|miles?\b|cm\b|metres?\b|meters?\b|litres?\b"
    r"|gb\b|tb\b|mb\b))(?:k\b)?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"(?<![\w@.])\+?\(?\d[\d ()/.-]{6,24}\d(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{2,4}){3,8}\b")
_ISBN = re.compile(r"\b(?:ISBN[ :-]*)?((?:97[89][- ]?)?\d{1,5}[- ]?\d{1,7}[- ]?\d{1,7}[- ]?[\dX])\b")
_REGION = "GB"  # for numbers without a country code


def exact_mentions(text: str) -> Iterator[Mention]:
    """What has a form that can be checked."""
    for found in EMAIL.finditer(text) if "@" in text else ():
        yield Mention(Kind.EMAIL, found[0], found[0].lower(), *found.span())
    if _DIGIT.search(text):
        yield from _numbers(text)
        for found in _AMOUNT.finditer(text):
            yield Mention(Kind.AMOUNT, found[0], re.sub(r"\s+", "", found[0].lower()), *found.span())
    for found in find_dates(text):
        yield Mention(Kind.DATE, found[0].strip(), " ".join(found[0].lower().split()), *found.span())


def _numbers(text: str) -> Iterator[Mention]:
    for found in _IBAN.finditer(text):
        if _is_iban(found[0]):
            yield Mention(Kind.NUMBER, found[0], found[0].replace(" ", ""), *found.span())
    if _DIGITS.search(text):
        for found in _ISBN.finditer(text):
            if _is_isbn(found[1]):
                yield Mention(Kind.NUMBER, found[1], re.sub(r"[ -]", "", found[1]), *found.span(1))
        yield from _cards(text)
        yield from _phones(text)


def _cards(text: str) -> Iterator[Mention]:
    from stdnum import luhn

    for found in _DIGITS.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if 13 <= len(digits) <= 19 and luhn.is_valid(digits):
            yield Mention(Kind.NUMBER, found[0], digits, *found.span())


def _phones(text: str) -> Iterator[Mention]:
    import phonenumbers

    for match in phonenumbers.PhoneNumberMatcher(text, _REGION):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Mention(Kind.PHONE, match.raw_string, number, match.start, match.end)


def _is_iban(text: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(text))


def _is_isbn(text: str) -> bool:
    from stdnum import isbn

    return len(re.sub(r"\D", "", text)) in (10, 13) and bool(isbn.is_valid(text))
