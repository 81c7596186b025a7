"""Names in a text, and of what: persons, places, organisations, products (pure rules and lists)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semcache.memory.entities.types import Kind, Mention
from semcache.memory.facts.rules.lexicon import LANGUAGES, NATIONALITIES, NO_NAMES, PETS, RELATIONS
from semcache.text.characters import lowered
from semcache.text.entities import known_names
from semcache.text.figures.dates import MONTHS, WEEKDAYS
from semcache.text.patterns import Pattern, either
from semcache.text.tokens import STOP_WORDS, stem

_NAME = re.compile(
    r"[A-ZÀ-ÖØ-Þ](?<![\w'’].)[\w&]*(?:['’-][A-Za-zÀ-ÿ]\w+)*(?:\s+(?:(?:of|de|da|van|von|der|la"
    r"|le|al)\s+)*(?:[A-ZÀ-ÖØ-Þ][\w&]*(?:['’-][A-Z]\w+)*|\d{1,3}\b))*"
)
_SMALL = re.compile(r"\b[a-z][a-z'-]+\b")
_TITLE = re.compile(r"(?:mr|mrs|ms|dr|prof|uncle|aunt|sir|miss)\.?\s+$", re.IGNORECASE)
_SPOKEN_TO = re.compile(
    r"(?:^|[.!?,]\s*)(?:hi|hey|hello|thanks|thank you|bye|wow|yeah|yes|no|sure|ok|congrats|sorry"
    r"|dear|morning)[,!]?\s+$",
    re.IGNORECASE,
)
_KIN_BEFORE = Pattern(
    rf"\b(?:{either(RELATIONS)}|{either(PETS)}|named|called|i'm|i am|my name is|this is|it's)\s*,?\s+(?:is\s+"
    rf"|called\s+|named\s+)?$"
)
_DOES = Pattern(
    r"^(?:'s\s+(?:birthday|house|place|mother|sister|brother)|\s+(?:said|says|told|thinks?|likes?"
    r"|loves?|hates?|wants?|asked|lives?|works?|moved"
    r"|married|died|called|wrote|visits?|visited|came|helped|and i\b|is (?:my|his|her|\d)))"
)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|near|from|to|at|around|outside|towards|via|through|visit(?:ed|ing)?|live[sd]?|moved)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ORGANISATION_BEFORE = re.compile(
    r"\b(?:work(?:s|ed|ing)? (?:at|for|with)|join(?:ed|ing)?|employer|company|founded|hired by"
    r"|job at|left|quit)\s+(?:is\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"\b(?:Inc|Ltd|GmbH|LLC|Corp|AG|University|College|School|Hospital|Bank|Institute|Foundation"
    r"|Museum|Council|Church|Club|Company|Agency|Association)\b"
)
_PRODUCT = re.compile(r"\b(?:[A-Z]\w*\s)?[A-Z]*\d\w*$|\d$")
_STARTS = frozenset(
    "the a an this that these those my your our his her their it i we you he she they there"
    " here what when where who why how".split()
)
_CALENDAR = frozenset(MONTHS) | frozenset(WEEKDAYS)
_COMMON = STOP_WORDS | NO_NAMES | LANGUAGES | NATIONALITIES | _CALENDAR | _STARTS | frozenset(
    "hi hey hello thanks thank wow yeah yep bye please maybe perhaps since if then next last"
        " every each some any many most let let's "
    "hope nice cool awesome amazing sounds looks have has had do does did can could would should"
        " will may might christmas easter ok "
    "yo aw aww ah oh ooh whoa woah man dude bro buddy guys cheers ugh hm hmm huh ha alright"
        " right true agreed great good ask "
    "lol haha btw omg fyi asap sent dear best regards absolutely definitely totally exactly"
        " indeed actually finally first second "
    "today tomorrow yesterday tonight day week month year one two three congrats congratulations"
        " glad keep take gonna been being "
    "sold bought moved got call name".split()
)  # fmt: skip
_KINDS = {"place": Kind.PLACE, "company": Kind.ORGANISATION, "software": Kind.PRODUCT, "medicine": Kind.PRODUCT}


# The last letters of what these patterns match: most names follow another word, and are looked at no further.
_LETTERS = re.compile(r"[^\W\d_]+")
_TITLES = tuple("mr mrs ms dr prof uncle aunt sir miss".split())
_PERSON_ENDS = frozenset(
    [
        *(_LETTERS.findall(word)[-1] for word in RELATIONS | PETS),
        *"named called m am is s".split(),
        *"hi hey hello thanks you bye wow yeah yes no sure ok congrats sorry dear morning".split(),
    ]
)
_ORGANISATION_ENDS = frozenset("at for with join joined joining employer company founded by left quit is the".split())
_PLACE_ENDS = frozenset(
    "in near from to at around outside towards via through visit visited visiting live lived lives moved the".split()
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mention as its text alone shows it. `sure`: its kind is known from itself; `start`: it starts a sentence,
    where any word is written like a name."""

    mention: Mention
    sure: bool
    start: bool


def ordinary_words(text: str) -> tuple[str, ...]:
    """The words of a text that are written small and are not too common to be taken for a name."""
    return tuple(word for word in _SMALL.findall(text) if word not in _COMMON)


def named(text: str) -> Iterator[Candidate]:
    """The names in a text."""
    for found in _NAME.finditer(text):
        start, words = found.start(), found[0].split(" ")
        while words and words[0].split("'")[0].lower() in _COMMON:
            start += len(words[0]) + 1
            words = words[1:]
        name = " ".join(words).strip()
        if not name or (len(name) < 2 and not name.isdigit()) or name.isdigit() or _shouted(name, text):
            continue
        first_in_sentence = not text[:start].strip() or text[:start].rstrip()[-1:] in ".!?:"
        sure = _kind_of_name(name)
        kind = sure or _kind(name, text[max(0, start - 40) : start], text[start + len(name) : start + len(name) + 24])
        mention = Mention(kind, name, name.lower(), start, start + len(name))
        yield Candidate(mention, sure is not None, first_in_sentence and len(words) == 1)


def _shouted(name: str, text: str) -> bool:
    return name.isupper() and len(name) > 3 and (text.isupper() or " " in name)


def _kind_of_name(name: str) -> Kind | None:
    """The kind of what is known by name; None if that says nothing."""
    if _ORGANISATION.search(name):
        return Kind.ORGANISATION
    return _KINDS.get(known_names().get(stem(name.lower().replace(" ", "_")), ""))


def _kind(name: str, before: str, after: str) -> Kind:
    """The kind of what stands between these words."""
    last = _last_word(before)
    if last.endswith(_TITLES) and _TITLE.search(before):
        return Kind.PERSON
    if last in _PERSON_ENDS and (_KIN_BEFORE.search(before) or _SPOKEN_TO.search(before)):
        return Kind.PERSON
    if last in _ORGANISATION_ENDS and _ORGANISATION_BEFORE.search(before):
        return Kind.ORGANISATION
    if _DOES.match(after):
        return Kind.PERSON
    if _PRODUCT.search(name):
        return Kind.PRODUCT
    return Kind.PLACE if last in _PLACE_ENDS and _PLACE_BEFORE.search(before) else Kind.NAME


def _last_word(before: str) -> str:
    """The last letters of what stands before a name, in lower case; '' if no white space follows them."""
    letters = _LETTERS.findall(lowered(before)) if before[-1:].isspace() else ()
    return letters[-1] if letters else ""
