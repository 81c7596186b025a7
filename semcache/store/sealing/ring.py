"""The key ring: AES-256-SIV (RFC 5297) for texts, and HMAC-SHA256 for words.

SIV is deterministic and needs no nonce: the same text in the same place seals to the same bytes, so that a replayed
event changes nothing. What this shows: that a record was written again with the text it had.
Format 1 (AES-256-GCM under a nonce derived from place and text) is still opened; what is sealed again gets format 2.
Keys are derived with HKDF-SHA256 (RFC 5869), each for one purpose. That of the words comes from a secret of its own,
which rotation leaves alone: the postings stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from semcache.errors import SealError
from semcache.store.sealing.protocol import FORMER_MARK, MARK, UNSEALED, is_sealed

KEY_BYTES = 32
_FORMER_NONCE_BYTES = 12
_CHECK_BYTES = 4
_WORD_BYTES = 8
_ROTATE = "`semcache seal rotate`"


@dataclass(frozen=True, slots=True)
class SealKey:
    """One key of the ring, ready for use. `check`: 8 hex digits that tell it from another of the same id."""

    id: str
    cipher: AESSIV = field(repr=False)
    former: AESGCM = field(repr=False)
    check: str

    @classmethod
    def of(cls, id: str, secret: bytes) -> SealKey:
        return cls(id, AESSIV(_derived(secret, "siv", 64)), AESGCM(_derived(secret, "text")), _check(secret))

    def opened(self, stored: str, sealed: bytes, bound: bytes) -> bytes:
        """The text of what a record holds; raises InvalidTag or ValueError."""
        if stored.startswith(FORMER_MARK):
            return self.former.decrypt(sealed[:_FORMER_NONCE_BYTES], sealed[_FORMER_NONCE_BYTES:], bound)
        return self.cipher.decrypt(sealed, [bound])


class KeyRing:
    """Seals under the active key and opens under any. `secrets`: 32 bytes by key id; `words`: 32 bytes.

    `active` '' seals nothing, but opens what is sealed. `accept_plain`: text that was stored before is given out too.
    """

    def __init__(self, secrets: Mapping[str, bytes], *, active: str, words: bytes, accept_plain: bool = False) -> None:
        self._keys = {id: SealKey.of(id, secret) for id, secret in secrets.items()}
        self._active = self._keys[active] if active else None
        self._words = _derived(words, "words")
        self._words_check = _check(words)
        self._accepts_plain = accept_plain or not active

    @property
    def active(self) -> str:
        return self._active.id if self._active else ""

    def seal(self, text: str, place: str) -> str:
        if self._active is None:
            return UNSEALED.seal(text, place)
        key = self._active
        header = f"{MARK}{key.id}:{key.check}{self._words_check}:"
        sealed = key.cipher.encrypt(text.encode(), [_bound(header, place)])
        return header + base64.urlsafe_b64encode(sealed).decode()

    def open(self, stored: str, place: str) -> str:
        if not is_sealed(stored):
            return self._plain(stored, place)
        id, checks, body = self._parts(stored, place)
        key = self._key(id, checks, place)
        try:
            sealed = base64.urlsafe_b64decode(body)
            bound = _bound(stored[: len(stored) - len(body)], place)
            return key.opened(stored, sealed, bound).decode()
        except (InvalidTag, ValueError) as error:
            raise _altered(place, id) from error

    def words(self, stems: Sequence[str], owner: str) -> list[str]:
        if self._active is None:
            return list(stems)
        key = hmac.digest(self._words, owner.encode(), "sha256")
        return [hmac.digest(key, stem.encode(), "sha256")[:_WORD_BYTES].hex() for stem in stems]

    def _plain(self, stored: str, place: str) -> str:
        if not self._accepts_plain:
            raise SealError(
                f"{place} is not sealed, but sealing is on: {_ROTATE} seals what was stored before; "
                "SEMCACHE_SEAL_ACCEPT_PLAIN=true reads it until then"
            )
        return stored

    def _parts(self, stored: str, place: str) -> tuple[str, str, str]:
        try:
            id, checks, body = stored[len(MARK) :].split(":")
        except ValueError as error:
            raise _altered(place, "") from error
        return id, checks, body

    def _key(self, id: str, checks: str, place: str) -> SealKey:
        key = self._keys.get(id)
        if key is None:
            have = ", ".join(self._keys)
            raise SealError(
                f"{place} is sealed under the key {id!r}, and the ring has only {have}: add that key to [seal] keys "
                f"again; it is needed until {_ROTATE} has re-sealed everything"
            )
        if checks[: 2 * _CHECK_BYTES] != key.check:
            raise SealError(
                f"{place} is sealed under the key {id!r}, but the ring has another key of that id: "
                "put the former value back, and give the new key an id of its own"
            )
        if checks[2 * _CHECK_BYTES :] != self._words_check:
            raise SealError(
                f"{place} was sealed with another [seal] words (key {id!r}): put the former value back; "
                "without it nothing is found by its words"
            )
        return key


def parse_secret(name: str, text: str) -> bytes:
    """32 bytes from base64, standard or for URLs.

    Raises:
        SealError: it is something else; the text does not show the value.
    """
    try:
        secret = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise SealError(f"[seal] {name} has to be {KEY_BYTES} random bytes in base64: `semcache seal keygen` makes one")
    return secret


def _bound(header: str, place: str) -> bytes:
    """What is authenticated with a text but not encrypted."""
    return f"{header}{place}".encode()


def _derived(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"semcache seal 1 {purpose}".encode()).derive(secret)


def _check(secret: bytes) -> str:
    return _derived(secret, "check")[:_CHECK_BYTES].hex()


def _altered(place: str, id: str) -> SealError:
    return SealError(
        f"{place} cannot be opened with the key {id!r}: the stored text was altered, or belongs to another record. "
        "Restore it from a backup or from Kafka's log; nothing is shown of it"
    )
