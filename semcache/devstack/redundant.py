"""Several embedded Redis servers on this machine: a cluster with replicas, or a primary watched by sentinels.

Their ports are kept in their folder: started again they are the same servers, with what they knew of each other.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from semcache.devstack import ports, process
from semcache.devstack.process import ServerProcess
from semcache.devstack.redis import RedisServer, find_redis
from semcache.errors import ConfigurationError, RedisUnavailable
from semcache.store.connect import connect, guarded

READY_TIMEOUT_S = 60.0
SLOTS = 16_384
SERVICE = "mymaster"
_PORTS = "ports.json"
_AT_ONCE = {"repl-diskless-sync-delay": "0"}


@dataclass(slots=True)
class Node:
    """One server of several: where it is, and its process once it runs."""

    server: RedisServer
    process: ServerProcess | None = None

    def start(self, *, tied: bool, keep_open: tuple[int, ...] = ()) -> None:
        """Starts it, also again after it was killed: what it knew of the others is in its folder."""
        self.process = self.server.start(tied=tied, keep_open=keep_open)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process:
            self.process.kill()

    def client(self) -> redis.Redis:
        return connect(self.server.address, timeout_s=5.0)

    def ask(self, *command: Any) -> Any:
        with self.client() as client, guarded():
            return client.execute_command(*command)

    def info(self, section: str) -> Mapping[str, Any]:
        with self.client() as client, guarded():
            return dict(client.info(section))


@dataclass(slots=True)
class EmbeddedCluster:
    """`primaries` servers that share the slots evenly, and `replicas` of each; `node_timeout_s` decides a failover."""

    folder: Path
    primaries: int = 3
    replicas: int = 1
    node_timeout_s: float = 2.0
    extra: Mapping[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    @property
    def address(self) -> str:
        return "redis+cluster://" + ",".join(f"{ports.LOOPBACK}:{node.server.port}" for node in self.nodes)

    def start(self, *, tied: bool = False, keep_open: tuple[int, ...] = (), first_port: int | None = None) -> None:
        """Starts all of them and forms the cluster; returns when every slot is served and every replica follows.

        Raises:
            RedisUnavailable: they are not ready in time.
            ConfigurationError: one of the ports that they had before is taken.
        """
        count = self.primaries * (1 + self.replicas)
        formed = (self.folder / _PORTS).exists()
        taken = _ports(self.folder, 2 * count, first_port)
        self.nodes = [Node(self._server(number, taken[number], taken[count + number])) for number in range(count)]
        _start(self.nodes, tied=tied, keep_open=keep_open)
        if not formed:
            self._share_slots()
            self._meet()
            self._follow()
        _until(self.whole, "the cluster is not whole")
        _keep_ports(self.folder, taken)

    def whole(self) -> bool:
        """Every node serves, every replica follows, and all know it, whichever node is primary now."""
        if not all(self._knows_all(node) and self._knows_replicas(node) for node in self.nodes):
            return False
        following = [node for node in self.nodes if node.info("replication")["role"] == "slave"]
        return len(following) == len(self.nodes) - self.primaries and all(map(_follows, following))

    def stop(self) -> None:
        """Stops all of them, in order."""
        _stop(self.nodes)

    def _server(self, number: int, port: int, bus: int) -> RedisServer:
        lines = {
            "cluster-enabled": "yes",
            "cluster-port": str(bus),
            "cluster-node-timeout": str(round(self.node_timeout_s * 1000)),
            "cluster-require-full-coverage": "no",
            "cluster-allow-replica-migration": "no",
        }
        return RedisServer(self.folder / str(number), port, {**_AT_ONCE, **lines, **self.extra})

    def _share_slots(self) -> None:
        for number in range(self.primaries):
            first, after = number * SLOTS // self.primaries, (number + 1) * SLOTS // self.primaries
            self.nodes[number].ask("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
            self.nodes[number].ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)

    def _meet(self) -> None:
        for node in self.nodes[1:]:
            bus = node.server.extra["cluster-port"]
            self.nodes[0].ask("CLUSTER", "MEET", ports.LOOPBACK, node.server.port, bus)
        _until(lambda: all(map(self._knows_all, self.nodes)), "the nodes do not find each other")

    def _knows_all(self, node: Node) -> bool:
        told: Any = node.ask("CLUSTER", "INFO")
        facts = told if isinstance(told, dict) else dict(line.split(":") for line in told.decode().split())
        return facts["cluster_state"] == "ok" and int(facts["cluster_known_nodes"]) == len(self.nodes)

    def _knows_replicas(self, node: Node) -> bool:
        lines = node.ask("CLUSTER", "NODES").decode().splitlines()
        return sum("slave" in line.split()[2] for line in lines) == len(self.nodes) - self.primaries

    def _follow(self) -> None:
        for number, node in enumerate(self.nodes[self.primaries :]):
            node.ask("CLUSTER", "REPLICATE", self.nodes[number % self.primaries].ask("CLUSTER", "MYID"))


@dataclass(slots=True)
class EmbeddedSentinel:
    """A primary, `replicas` and `sentinels` that promote one of them when the primary is silent for `down_after_s`."""

    folder: Path
    replicas: int = 2
    sentinels: int = 3
    down_after_s: float = 2.0
    extra: Mapping[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    watching: list[tuple[int, ServerProcess]] = field(default_factory=list)

    @property
    def address(self) -> str:
        hosts = ",".join(f"{ports.LOOPBACK}:{port}" for port, _ in self.watching)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    def start(self, *, tied: bool = False, keep_open: tuple[int, ...] = (), first_port: int | None = None) -> None:
        """Starts all of them; returns when the replicas follow and the sentinels know of each other.

        Raises:
            RedisUnavailable: they are not ready in time.
            ConfigurationError: one of the ports that they had before is taken.
        """
        taken = _ports(self.folder, 1 + self.replicas + self.sentinels, first_port)
        data, watching = taken[: 1 + self.replicas], taken[1 + self.replicas :]
        primary = self._promoted() or data[0]
        self.nodes = [Node(self._server(number, port, primary)) for number, port in enumerate(data)]
        _start(self.nodes, tied=tied, keep_open=keep_open)
        others = [node for node in self.nodes if node.server.port != primary]
        _until(lambda: all(map(_follows, others)), "the replicas do not follow")
        self.watching = [
            self._sentinel(*known, primary, tied=tied, keep_open=keep_open) for known in enumerate(watching)
        ]
        _until(self.whole, "the sentinels do not find each other")
        _keep_ports(self.folder, taken)

    def whole(self) -> bool:
        """Every sentinel knows the replicas and the other sentinels."""
        return all(map(self._knows_all, self.watching))

    def stop(self) -> None:
        for _, sentinel in self.watching:
            sentinel.stop()
        _stop(self.nodes)

    def _server(self, number: int, port: int, primary: int) -> RedisServer:
        following = {} if port == primary else {"replicaof": f"{ports.LOOPBACK} {primary}"}
        return RedisServer(self.folder / str(number), port, {**_AT_ONCE, **self.extra, **following})

    def _promoted(self) -> int | None:
        """Whom the sentinels took for the primary when they ended."""
        conf = self.folder / "sentinel-0" / "sentinel.conf"
        found = re.search(rf"^sentinel monitor {SERVICE} \S+ (\d+)", conf.read_text(), re.M) if conf.exists() else None
        return int(found[1]) if found else None

    def _sentinel(
        self, number: int, port: int, primary: int, *, tied: bool, keep_open: tuple[int, ...]
    ) -> tuple[int, ServerProcess]:
        folder = self.folder / f"sentinel-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        conf = folder / "sentinel.conf"
        if not conf.exists():  # afterwards it is the sentinel's, which writes there what it knows
            conf.write_text(
                f"bind {ports.LOOPBACK}\nport {port}\ndir {folder}\n"
                f"sentinel monitor {SERVICE} {ports.LOOPBACK} {primary} {self.sentinels // 2 + 1}\n"
                f"sentinel down-after-milliseconds {SERVICE} {round(self.down_after_s * 1000)}\n"
                f"sentinel failover-timeout {SERVICE} 5000\n"
            )
        command: list[str | Path] = [find_redis().path, conf, "--sentinel"]
        return port, process.start(command, log=folder / "redis.log", tied=tied, keep_open=keep_open)

    def _knows_all(self, sentinel: tuple[int, ServerProcess]) -> bool:
        try:
            with redis.Redis(port=sentinel[0], protocol=2, socket_timeout=2.0) as client:
                told: Any = client.sentinel_master(SERVICE)
        except redis.RedisError:
            return False
        return bool(told["num-slaves"] == self.replicas and told["num-other-sentinels"] == self.sentinels - 1)


def known_ports(folder: Path) -> list[int]:
    """The ports of servers that were started in this folder before: data, then cluster buses or sentinels."""
    try:
        return [int(port) for port in json.loads((folder / _PORTS).read_text())]
    except (OSError, ValueError):
        return []


def _ports(folder: Path, count: int, first: int | None) -> list[int]:
    """As before, or free ones, the first of them as given."""
    if known := known_ports(folder):
        if first not in (None, known[0]):
            raise ConfigurationError(f"these servers have had port {known[0]} since they were made: leave the port out")
        for port in known:
            if not ports.wait_free(port, timeout_s=1.0):
                raise ConfigurationError(f"port {port} of a server in {folder} is taken: end the program that has it")
        return known
    chosen: list[int] = [first] if first else []
    while len(chosen) < count:
        if (port := ports.free_port()) not in chosen:
            chosen.append(port)
    return chosen


def _keep_ports(folder: Path, taken: Sequence[int]) -> None:
    (folder / _PORTS).write_text(json.dumps(list(taken)) + "\n")


def _start(nodes: Sequence[Node], *, tied: bool, keep_open: tuple[int, ...] = ()) -> None:
    for node in nodes:
        node.start(tied=tied, keep_open=keep_open)
    for node in nodes:
        assert node.process
        node.server.wait_ready(node.process)


def _stop(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.process:
            node.process.stop(grace_s=5.0)


def _follows(node: Node) -> bool:
    return node.info("replication").get("master_link_status") == "up"


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline, pause = time.monotonic() + READY_TIMEOUT_S, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise RedisUnavailable(f"{what} after {READY_TIMEOUT_S:g} s")
        pause.wait(0.05)
