"""What sealing is to those who store text: seal, open, and the words by which sealed text is found.

A sealed text is ASCII: the mark with the format's number, the id of its key, a check of the keys, and the ciphertext
in base64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from semcache.errors import InvalidInput, SealError

_ANY_MARK = "\x02sealed:"
MARK = f"{_ANY_MARK}2:"
FORMER_MARK = f"{_ANY_MARK}1:"
"""What was sealed before; it is opened, and `semcache seal rotate` seals it again."""


class Sealer(Protocol):
    """Seals and opens. `place` names the record and its field in the whole Redis: a text opens in its place only."""

    @property
    def active(self) -> str:
        """Id of the key that seals; '' if nothing is sealed."""

    def seal(self, text: str, place: str) -> str:
        """The form in which a text is stored; the same text in the same place has the same form."""

    def open(self, stored: str, place: str) -> str:
        """The text.

        Raises:
            SealError: the key is missing or another one, or the stored form was altered or belongs to another place.
        """

    def words(self, stems: Sequence[str], owner: str) -> list[str]:
        """The stems as they are stored in the postings of an owner, in the same order."""


class Unsealed:
    """Stores text as it is; refuses to give out what somebody else has sealed."""

    @property
    def active(self) -> str:
        return ""

    def seal(self, text: str, place: str) -> str:
        if text.startswith(_ANY_MARK):
            raise InvalidInput("the text begins like a sealed one: it cannot be stored")
        return text

    def open(self, stored: str, place: str) -> str:
        if is_sealed(stored):
            raise SealError(
                f"{place} is sealed under the key {sealed_under(stored)!r}, and no keys are configured: "
                "give the key ring in [seal] of semcache.toml or in SEMCACHE_SEAL_KEYS and SEMCACHE_SEAL_WORDS"
            )
        return stored

    def words(self, stems: Sequence[str], owner: str) -> list[str]:
        return list(stems)


UNSEALED = Unsealed()


def is_sealed(stored: str) -> bool:
    """Whether a stored form is a sealed one."""
    return stored.startswith((MARK, FORMER_MARK))


def sealed_under(stored: str) -> str | None:
    """Id of the key that a stored form is sealed under; None if it is not sealed."""
    return stored[len(MARK) :].partition(":")[0] if is_sealed(stored) else None
