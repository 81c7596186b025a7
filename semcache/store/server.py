"""What a Redis server must offer: its version, vector sets, and a VREM that is safe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from redis.exceptions import ResponseError

from semcache.errors import ConfigurationError
from semcache.store.connect import MINIMUM_REDIS, dotted, guarded

# First patch release of each minor version in which VREM during a threaded VSIM no longer frees memory in use.
_VREM_MENDED = {(8, 2): 9, (8, 4): 6, (8, 6): 6, (8, 8): 2}

_FORKS = {"valkey": "Valkey", "dragonfly": "Dragonfly", "keydb": "KeyDB", "kvrocks": "Kvrocks", "garnet": "Garnet"}


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is. `version` is (major, minor, patch), of Redis or of what speaks its protocol (`product`)."""

    version: tuple[int, int, int]
    vector_sets: bool
    vrem_unsafe: bool
    product: str = "Redis"

    @property
    def usable(self) -> bool:
        return self.vector_sets and self.version[:2] >= MINIMUM_REDIS

    @property
    def unfit(self) -> str:
        """Why it cannot be used, and what to use; empty if it can."""
        if self.usable:
            return ""
        needed = f"semcache needs Redis {dotted(MINIMUM_REDIS)} or newer with vector sets"
        if self.product != "Redis":
            return (
                f"this is {self.product} {dotted(self.version)}, which has no vector sets: {needed}, and no fork or "
                "service that speaks Redis' protocol has them; docs/operations.md lists who hosts Redis 8"
            )
        missing = "has no vector sets" if self.version[:2] >= MINIMUM_REDIS else "is too old"
        return f"Redis {dotted(self.version)} {missing}: {needed}; `semcache up` starts one"


@guarded()
def inspect_server(client: redis.Redis) -> Server:
    """Version, whether vector sets are there, and whether VREM beside a threaded VSIM is unsafe; three commands."""
    product, version = product_of(client.info("server"))
    known = client.execute_command("COMMAND", "INFO", "VSIM")
    return Server(version, bool(known and _present(known)), _vrem_unsafe(client, version), product)


def check_server(client: redis.Redis) -> Server:
    """`inspect_server`, or an error that says what to install.

    Raises:
        ConfigurationError: the server is older than 8.0 or has no vector sets.
        RedisUnavailable: it does not answer.
    """
    server = inspect_server(client)
    if not server.usable:
        raise ConfigurationError(server.unfit)
    return server


def product_of(info: Mapping[str, Any]) -> tuple[str, tuple[int, int, int]]:
    """What INFO says the server is, and which version of it: forks call themselves a Redis of some version besides."""
    named = str(info.get("server_name") or "redis")
    own = next((name for name in _FORKS if name == named or f"{name}_version" in info), "")
    version = info.get(f"{own}_version") or info["redis_version"]
    return _FORKS.get(own, "Redis"), _version(str(version))


def _present(known: object) -> bool:
    return any(known.values()) if isinstance(known, dict) else any(known) if isinstance(known, list) else False


def _version(text: str) -> tuple[int, int, int]:
    numbers = [int(n) for n in re.findall(r"\d+", text)[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _vrem_unsafe(client: redis.Redis, version: tuple[int, int, int]) -> bool:
    mended = _VREM_MENDED.get(version[:2])
    if version[:2] > max(_VREM_MENDED) or (mended is not None and version[2] >= mended):
        return False
    try:
        setting = client.config_get("vset-force-single-threaded-execution")
    except ResponseError:
        return True
    return not any(value in ("yes", b"yes") for value in setting.values())
