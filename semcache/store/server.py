"""What a Redis server must offer: its version, vector sets, and a VREM that is safe."""

from __future__ import annotations

import re
from dataclasses import dataclass

import redis
from redis.exceptions import ResponseError

from semcache.errors import ConfigurationError
from semcache.store.connect import MINIMUM_REDIS, dotted, guarded

# First patch release of each minor version in which VREM during a threaded VSIM no longer frees memory in use.
_VREM_MENDED = {(8, 2): 9, (8, 4): 6, (8, 6): 6, (8, 8): 2}


@dataclass(frozen=True, slots=True)
class Server:
    """What a Redis server is. `version` is (major, minor, patch)."""

    version: tuple[int, int, int]
    vector_sets: bool
    vrem_unsafe: bool

    @property
    def usable(self) -> bool:
        return self.vector_sets and self.version[:2] >= MINIMUM_REDIS


@guarded()
def inspect_server(client: redis.Redis) -> Server:
    """Version, whether vector sets are there, and whether VREM beside a threaded VSIM is unsafe; three commands."""
    version = _version(client.info("server")["redis_version"])
    known = client.execute_command("COMMAND", "INFO", "VSIM")
    return Server(version, bool(known and _present(known)), _vrem_unsafe(client, version))


def check_server(client: redis.Redis) -> Server:
    """`inspect_server`, or an error that says what to install.

    Raises:
        ConfigurationError: the server is older than 8.0 or has no vector sets.
        RedisUnavailable: it does not answer.
    """
    server = inspect_server(client)
    if not server.usable:
        missing = "has no vector sets" if server.version[:2] >= MINIMUM_REDIS else "is too old"
        raise ConfigurationError(
            f"Redis {dotted(server.version)} {missing}: semcache needs Redis {dotted(MINIMUM_REDIS)} or newer "
            "with vector sets; `semcache up` starts one"
        )
    return server


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
