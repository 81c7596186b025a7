"""The records of entities: what a text mentions, what was read in a turn, and what all mentions come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from semcache.memory.facts.types import Claim


class Kind(StrEnum):
    """What is mentioned."""

    PERSON = "person"
    PLACE = "place"
    ORGANISATION = "organisation"
    PRODUCT = "product"
    NAME = "name"  # written like a name; of what, the text does not say
    DATE = "date"
    AMOUNT = "amount"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"  # an identifier with a check digit: IBAN, ISBN, card


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in a text. `key`: what mentions of the same thing share, whatever they look like."""

    kind: Kind
    text: str
    key: str
    start: int
    end: int


class Named(NamedTuple):  # a tuple, as it is kept: a memory has tens of thousands
    """What a turn mentions. `kind`: a Kind, or its value; `sure`: it is known from the text itself; `start`: the
    mention starts a sentence."""

    kind: str
    text: str
    key: str
    sure: bool = True
    start: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a turn. `named`: rows as Named; `words`: what is written small in it, with a space between each
    two, by which ordinary words are told from names."""

    turn: str
    at: float
    speaker: str
    named: Sequence[Named]
    words: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Entity:
    """What was mentioned, how often, and where. `aliases`: other ways it was written ("Mel" for "Melanie").

    `turns`, `facts`: ids of the turns that mention it, in order of time, and of the facts whose value names it.
    """

    kind: Kind
    name: str
    mentions: int
    turns: tuple[str, ...]
    facts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
