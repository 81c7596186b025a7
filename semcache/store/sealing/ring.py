"""The key ring: AES-256-GCM with a nonce derived from place and text, and HMAC-SHA256 of words.

The nonce is a PRF of place and text (the construction of RFC 5297, SIV): the same text in the same place seals to the
same bytes, so that a replayed event changes nothing, and no two different texts share a nonce but by an accident of
2^-97 a pair. What this shows: that a record was written again with the text it had.
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
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from semcache.errors import SealError
from semcache.store.sealing.protocol import MARK, UNSEALED, is_sealed

KEY_BYTES = 32
_NONCE_BYTES = 12
_CHECK_BYTES = 4
_WORD_BYTES = 8
_ROTATE = "`semcache seal rotate`"


@dataclass(frozen=True, slots=True)
class SealKey:
    """One key of the ring, ready for use. `check`: 8 hex digits that tell it from another of the same id."""

    id: str
    cipher: AESGCM = field(repr=False)
    nonces: bytes = field(repr=False)
    check: str

    @classmethod
    def of(cls, id: str, secret: bytes) -> SealKey:
        return cls(id, AESGCM(_derived(secret, "text")), _derived(secret, "nonce"), _check(secret))


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
        key, said = self._active, text.encode()
        header = f"{MARK}{key.id}:{key.check}{self._words_check}:"
        bound = _bound(header, place)
        nonce = hmac.digest(key.nonces, len(bound).to_bytes(8, "big") + bound + said, "sha256")[:_NONCE_BYTES]
        return header + base64.urlsafe_b64encode(nonce + key.cipher.encrypt(nonce, said, bound)).decode()

    def open(self, stored: str, place: str) -> str:
        if not is_sealed(stored):
            return self._plain(stored, place)
        id, checks, body = self._parts(stored, place)
        key = self._key(id, checks, place)
        try:
            sealed = base64.urlsafe_b64decode(body)
            bound = _bound(stored[: len(stored) - len(body)], place)
            return key.cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound).decode()
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


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"semcache seal 1 {purpose}".encode()).derive(secret)


def _check(secret: bytes) -> str:
    return _derived(secret, "check")[:_CHECK_BYTES].hex()


def _altered(place: str, id: str) -> SealError:
    return SealError(
        f"{place} cannot be opened with the key {id!r}: the stored text was altered, or belongs to another record. "
        "Restore it from a backup or from Kafka's log; nothing is shown of it"
    )
