"""The sealer that the settings ask for."""

from __future__ import annotations

import re

from semcache.errors import ConfigurationError
from semcache.settings import SealSettings
from semcache.store.sealing.protocol import UNSEALED, Sealer

KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


def open_sealer(settings: SealSettings) -> Sealer:
    """A key ring, or, without keys, the sealer that seals nothing; no I/O.

    Raises:
        ConfigurationError: the active key is not in the ring, a key id cannot be one, or `words` is missing.
        SealError: a key is not 32 bytes in base64.
    """
    if not settings.keys and not settings.active:
        return UNSEALED
    from semcache.store.sealing.ring import KeyRing, parse_secret  # loads cryptography

    _check(settings)
    return KeyRing(
        {id: parse_secret(f"keys.{id}", secret.get_secret_value()) for id, secret in settings.keys.items()},
        active=settings.active,
        words=parse_secret("words", settings.words.get_secret_value()),
        accept_plain=settings.accept_plain,
    )


def _check(settings: SealSettings) -> None:
    for id in settings.keys:
        if not KEY_ID.fullmatch(id):
            raise ConfigurationError(f"[seal] keys: the id {id!r} may have letters, digits and _.- only, 32 at most")
    if settings.active and settings.active not in settings.keys:
        have = ", ".join(settings.keys) or "no key at all"
        raise ConfigurationError(
            f"[seal] active is {settings.active!r}, but the ring has {have}: add the key to [seal] keys "
            "(`semcache seal keygen` makes one)"
        )
    if not settings.words.get_secret_value():
        raise ConfigurationError("[seal] words is missing: `semcache seal keygen` makes it; it never changes")
