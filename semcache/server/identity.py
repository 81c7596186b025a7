"""Who sends a request: keys, the tenants they stand for, and what is allowed without keys."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from semcache.errors import ConfigurationError
from semcache.settings.section import content_of
from semcache.settings.server import ServerSettings

LOCAL = "local"
"""Tenant and user of whoever needs no key."""
_RELOAD_S = 1.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose request it is. `tenant` is a wall of every cache; `user` names the memory."""

    tenant: str
    user: str


caller: ContextVar[Identity] = ContextVar("caller")
"""The identity of the request that is being answered."""


class Keys:
    """The keys that are known, by their SHA-256; those of the file are read again when it changes. Thread-safe.

    Without keys at all everybody is let in: a key that is sent then belongs to an upstream, and whoever sends another
    one is another tenant.
    """

    def __init__(self, settings: ServerSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._given = dict(settings.keys)
        self._file = settings.keys_file
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = -_RELOAD_S
        self._version: tuple[int, int] | None = None
        self._known = self._given
        self.required = bool(self._given) or self._file is not None
        self._reload(strict=True)

    def identify(self, token: str) -> Identity | None:
        """Whose key it is; None if nobody's. Takes equally long for every wrong key."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        if not self.required:
            return _unregistered(digest if token else "")
        self._reload()
        found = None
        for known, owner in self._known.items():
            if hmac.compare_digest(known, digest):
                found = owner
        return _owner(found) if found is not None else None

    def _reload(self, *, strict: bool = False) -> None:
        with self._lock:
            if self._file is None or self._clock() - self._read_at < _RELOAD_S:
                return
            self._read_at = self._clock()
            try:
                status = self._file.stat()
                if (version := (status.st_mtime_ns, status.st_size)) != self._version:
                    self._known = {**self._given, **_keys_of(self._file)}
                    self._version = version
            except (OSError, ConfigurationError) as error:
                if strict:
                    raise ConfigurationError(f"server.keys_file: {self._file} cannot be read: {error}") from error


def _unregistered(digest: str) -> Identity:
    name = f"{LOCAL}-{digest[:16]}" if digest else LOCAL
    return Identity(name, name)


def _owner(owner: str) -> Identity:
    tenant, _, user = owner.partition("/")
    return Identity(tenant, f"{tenant}/{user}" if user else tenant)


def _keys_of(path: Path) -> Mapping[str, str]:
    found = {}
    for number, line in enumerate(content_of(str(path), "server.keys_file").splitlines(), 1):
        digest, _, owner = line.partition("#")[0].strip().partition(" ")
        if digest:
            if len(digest) != 64 or not owner.strip():
                raise ConfigurationError(f"line {number} is not `SHA-256 tenant`")
            found[digest.lower()] = owner.strip()
    return found


def digest_of_key(option: str) -> tuple[str, str]:
    """`KEY=TENANT` of the command line as an item of `server.keys`.

    Raises:
        ConfigurationError: it has no key or no tenant.
    """
    key, _, owner = option.rpartition("=")
    if not key or not owner.strip("/"):
        raise ConfigurationError("--key is KEY=TENANT or KEY=TENANT/USER")
    return hashlib.sha256(key.encode()).hexdigest(), owner


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_closed(settings: ServerSettings) -> None:
    """Nothing that other machines reach is served to whoever asks.

    Raises:
        ConfigurationError: the address is not of this machine alone, and there are no keys.
    """
    if not is_loopback(settings.host) and not settings.keys and settings.keys_file is None:
        raise ConfigurationError(
            f"{settings.host} is reached by other machines: give keys (`--key KEY=TENANT`, server.keys_file), or bind "
            "to 127.0.0.1"
        )
