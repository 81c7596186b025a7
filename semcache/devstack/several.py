"""Several embedded Redis servers as one server of the stack: `semcache up --cluster`, `semcache up --sentinel`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from semcache.devstack import ports, process
from semcache.devstack.process import ServerProcess
from semcache.devstack.progress import Progress, Silent
from semcache.devstack.redis import find_redis, pings
from semcache.devstack.redundant import READY_TIMEOUT_S, SERVICE, EmbeddedCluster, EmbeddedSentinel, known_ports
from semcache.devstack.state import Form
from semcache.errors import RedisUnavailable
from semcache.store.connect import dotted

_PRIMARIES, _REPLICAS, _SENTINELS = 3, 1, 3
_WHAT = {
    "cluster": f"{_PRIMARIES} primaries and {_PRIMARIES * _REPLICAS} replicas of a cluster",
    "sentinel": f"a primary, 2 replicas and {_SENTINELS} sentinels",
}


@dataclass(frozen=True, slots=True)
class SeveralRedis:
    """A cluster, or a primary under Sentinel, in a folder of its own below `folder`. `port`: the first server's."""

    folder: Path
    port: int
    form: Form

    name: ClassVar[Literal["redis"]] = "redis"

    @property
    def home(self) -> Path:
        return self.folder / self.form

    @property
    def address(self) -> str:
        known = known_ports(self.home)
        if self.form == "cluster":
            return "redis+cluster://" + _hosts(known[: len(known) // 2])
        return f"redis+sentinel://{_hosts(known[-_SENTINELS:])}/{SERVICE}/0"

    @property
    def log(self) -> Path:
        return self.home / "0" / "redis.log"

    @property
    def version(self) -> str:
        return dotted(find_redis().version)

    def start(self, *, progress: Progress | None = None, keep_open: tuple[int, ...] = ()) -> ServerProcess:
        """Starts all of them; returns the first one's process when they serve. All hold the lock `keep_open`.

        Raises:
            ConfigurationError: no redis-server >= 8 is installed, or a port is taken.
            RedisUnavailable: they are not ready in time.
        """
        (progress or Silent()).step(f"starting Redis {self.version}, {_WHAT[self.form]}")
        servers: EmbeddedCluster | EmbeddedSentinel
        if self.form == "cluster":
            servers = EmbeddedCluster(self.home, _PRIMARIES, _REPLICAS)
        else:
            servers = EmbeddedSentinel(self.home, sentinels=_SENTINELS)
        servers.start(keep_open=keep_open, first_port=self.port)
        first = servers.nodes[0].process
        assert first
        return first

    def wait_ready(self, server: ServerProcess) -> None:
        """Waits until they serve.

        Raises:
            RedisUnavailable: the first one ended, or they do not serve in time.
        """
        process.wait_ready(
            server,
            lambda: self.ready(server),
            what="Redis",
            log=self.log,
            timeout_s=READY_TIMEOUT_S,
            error=RedisUnavailable,
        )

    def ready(self, server: ServerProcess) -> bool:
        """True if clients are served, be it by the first server or by whoever took its place."""
        return pings(self.address)


def _hosts(taken: list[int]) -> str:
    return ",".join(f"{ports.LOOPBACK}:{port}" for port in taken)
