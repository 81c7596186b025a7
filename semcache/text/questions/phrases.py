"""Noun phrases of a question, found without a parser: determiner, adjectives, noun (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from semcache.text.questions.followups import AUX, DETERMINERS, PREPOSITIONS, WH

VERBS = frozenset(
    "cost costs include includes take takes work works have has come comes need needs ship support supports last "
    "arrive open close start end cover covers charge expire weigh contain offer fit use run get go make mean look "
    "apply deliver allow accept stand differ happen happens require become begin change stay sell sold made "
    "written called "
    "return cancel reset buy order pay bring book send find reach contact park rent see set know live eat play read "
    "write die win grow ripen bloom belong provide show refund exchange track activate install update delete".split()
)
_NO_PART = (
    AUX
    | WH
    | PREPOSITIONS
    | VERBS
    | frozenset(
        "i you we it they he she there and or but if when because not n't please also still to that this".split()
    )
)
_TOKEN = re.compile(r"[\w'€$%-]+|[,;:]")
_NAME = re.compile(r"\b(?:[A-Z][\w-]*|\w*\d[\w-]*)")
_AFTER_NAME = re.compile(r"\s+[a-z]+(?:ed|t|of|ble|k)$")  # `the X200 waterproof`, `the Eiffel Tower built`
_AUXILIARY = re.compile(
    rf"^(?:[\w']+\s+){{0,3}}?(?:{'|'.join(sorted(AUX))}|what's|who's|where's)\s+(?=\S)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase and where it stands in its text."""

    text: str
    start: int
    end: int

    @property
    def head(self) -> str:
        return self.text.rsplit(maxsplit=1)[-1]

    @property
    def determined(self) -> bool:
        return is_determiner(self.text.split(maxsplit=1)[0])


def is_determiner(word: str) -> bool:
    """Whether a noun phrase begins with such a word."""
    return word.lower() in DETERMINERS


def is_name(words: str) -> bool:
    """Whether it begins like a name, or holds a digit: `Pro plan`, `the C2`."""
    bare = words.split(maxsplit=1)[-1] if is_determiner(words.split(maxsplit=1)[0]) else words
    return bare[0].isupper() or any(character.isdigit() for character in bare)


def phrases(text: str) -> list[Phrase]:
    """Runs of words that are no function words or common verbs, with their determiner."""
    found: list[Phrase] = []
    start, end = -1, -1
    for token in _TOKEN.finditer(text):
        word = token[0].lower()
        ends = word in _NO_PART or not word[0].isalnum()
        if start >= 0 and (ends or is_determiner(word)):
            found.append(Phrase(text[start:end], start, end))
            start = -1
        if not ends:
            start, end = (token.start() if start < 0 else start), token.end()
    if start >= 0:
        found.append(Phrase(text[start:end], start, end))
    return [_up_to_name(phrase) for phrase in found if not is_determiner(phrase.head)]


def _up_to_name(phrase: Phrase) -> Phrase:
    """A name ends with its last capital or digit; a participle or adjective after it is not part of it."""
    names = list(_NAME.finditer(phrase.text))
    if not names or not _AFTER_NAME.match(phrase.text[names[-1].end() :]):
        return phrase
    return Phrase(phrase.text[: names[-1].end()], phrase.start, phrase.start + names[-1].end())


def subject_of(text: str) -> Phrase | None:
    """What follows the auxiliary, else the first phrase after it, else the last one with a determiner."""
    found = phrases(text)
    auxiliary = _AUXILIARY.match(text)
    after = [phrase for phrase in found if auxiliary and phrase.start >= auxiliary.end()]
    if after:
        return after[0]
    determined = [phrase for phrase in found if phrase.determined]
    return determined[-1] if determined else next(iter(found), None)
