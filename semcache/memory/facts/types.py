"""The records of facts: what a turn claims, and what is known from all claims of a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

USER = "user"
ANY = "*"  # a correction that names a value and leaves open of what


class Change(StrEnum):
    """What a claim does to what was known before."""

    ASSERTS = "asserts"
    ENDS = "ends"
    CORRECTS = "corrects"  # `replaced` was never right


@dataclass(frozen=True, slots=True)
class Claim:
    """What one turn says about its user, or about somebody near.

    `subject`: "user", or what the person is to the user ("sister"). `holds`: False for "I don't like ...".
    `since`: from when on it holds, seconds since the epoch; None: from the time of the turn. `until`: it was over then.
    `replaced`: the value that a correction takes back. `start`, `end`: where in the turn's text it was read.
    """

    attribute: str
    value: str
    subject: str = USER
    holds: bool = True
    change: Change = Change.ASSERTS
    since: float | None = None
    until: float | None = None
    replaced: str = ""
    confidence: float = 0.8
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A claim with the turn it was read in. `at`: the turn's time, s; `number`: its place among the turn's claims."""

    claim: Claim
    turn: str
    at: float
    number: int = 0

    @property
    def since(self) -> float:
        """From when on the claim holds."""
        return self.at if self.claim.since is None else self.claim.since


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known: `attribute` of `subject` is `value` from `valid_from` until `valid_to` (s; None: still).

    `valid_from` is None for what was over when it was first told of.
    `holds` is False for what is known not to be so. `supersedes`: id of the fact that it replaced; `turns`: ids of the
    turns that say so, the first one first; `told_at`: when it was last said.
    """

    id: str
    subject: str
    attribute: str
    value: str
    holds: bool
    valid_from: float | None
    valid_to: float | None
    confidence: float
    told_at: float
    turns: tuple[str, ...] = field(default=())
    supersedes: str = ""

    def in_words(self, moment: Callable[[float], object]) -> str:
        """A line for people: `home: Lyon, until 12 Mar 2026`; `moment` says a time, s."""
        whose = "" if self.subject == USER else f"{self.subject}, "
        until = "" if self.valid_to is None else f", until {moment(self.valid_to)}"
        return f"{whose}{self.attribute}: {'' if self.holds else 'not '}{self.value}{until}"

    def current(self, at: float) -> bool:
        """Whether it holds at a time."""
        return self.valid_from is not None and self.valid_from <= at and (self.valid_to is None or at < self.valid_to)
