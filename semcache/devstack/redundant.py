"""Several embedded Redis servers on this machine: a cluster with replicas, or a primary watched by sentinels."""

from __future__ import annotations

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
from semcache.errors import RedisUnavailable
from semcache.store.connect import connect, guarded

READY_TIMEOUT_S = 60.0
SLOTS = 16_384
SERVICE = "mymaster"
_AT_ONCE = {"repl-diskless-sync-delay": "0"}


@dataclass(slots=True)
class Node:
    """One server of several: where it is, and its process once it runs."""

    server: RedisServer
    process: ServerProcess | None = None

    def start(self, *, tied: bool) -> None:
        """Starts it, also again after it was killed: what it knew of the others is in its folder."""
        self.process = self.server.start(tied=tied)

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

    def start(self, *, tied: bool = False) -> None:
        """Starts all of them and forms the cluster; returns when every slot is served and every replica follows.

        Raises:
            RedisUnavailable: they are not ready in time.
        """
        count = self.primaries * (1 + self.replicas)
        self.nodes = [Node(self._server(number)) for number in range(count)]
        _start(self.nodes, tied=tied)
        self._share_slots()
        self._meet()
        self._follow()
        _until(self.whole, "the cluster is not whole")

    def whole(self) -> bool:
        """Every node serves and every replica follows, whichever node is primary now."""
        if not all(map(self._knows_all, self.nodes)):
            return False
        following = [node for node in self.nodes if node.info("replication")["role"] == "slave"]
        return len(following) == len(self.nodes) - self.primaries and all(map(_follows, following))

    def stop(self) -> None:
        """Stops all of them, in order."""
        _stop(self.nodes)

    def _server(self, number: int) -> RedisServer:
        lines = {
            "cluster-enabled": "yes",
            "cluster-port": str(ports.free_port()),
            "cluster-node-timeout": str(round(self.node_timeout_s * 1000)),
            "cluster-require-full-coverage": "no",
            "cluster-allow-replica-migration": "no",
        }
        return RedisServer(self.folder / str(number), ports.free_port(), {**_AT_ONCE, **lines, **self.extra})

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

    def start(self, *, tied: bool = False) -> None:
        """Starts all of them; returns when the replicas follow and the sentinels know of each other.

        Raises:
            RedisUnavailable: they are not ready in time.
        """
        lines = {**_AT_ONCE, **self.extra}
        first = Node(RedisServer(self.folder / "0", ports.free_port(), lines))
        following = {**lines, "replicaof": f"{ports.LOOPBACK} {first.server.port}"}
        others = [
            Node(RedisServer(self.folder / str(number + 1), ports.free_port(), following))
            for number in range(self.replicas)
        ]
        self.nodes = [first, *others]
        _start(self.nodes, tied=tied)
        _until(lambda: all(map(_follows, others)), "the replicas do not follow")
        self.watching = [self._sentinel(number, tied=tied) for number in range(self.sentinels)]
        _until(self.whole, "the sentinels do not find each other")

    def whole(self) -> bool:
        """Every sentinel knows the replicas and the other sentinels."""
        return all(map(self._knows_all, self.watching))

    def stop(self) -> None:
        for _, sentinel in self.watching:
            sentinel.stop()
        _stop(self.nodes)

    def _sentinel(self, number: int, *, tied: bool) -> tuple[int, ServerProcess]:
        folder, port = self.folder / f"sentinel-{number}", ports.free_port()
        folder.mkdir(parents=True, exist_ok=True)
        conf = folder / "sentinel.conf"
        conf.write_text(
            f"bind {ports.LOOPBACK}\nport {port}\ndir {folder}\n"
            f"sentinel monitor {SERVICE} {ports.LOOPBACK} {self.nodes[0].server.port} {self.sentinels // 2 + 1}\n"
            f"sentinel down-after-milliseconds {SERVICE} {round(self.down_after_s * 1000)}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        started = process.start([find_redis().path, conf, "--sentinel"], log=folder / "redis.log", tied=tied)
        return port, started

    def _knows_all(self, sentinel: tuple[int, ServerProcess]) -> bool:
        try:
            with redis.Redis(port=sentinel[0], protocol=2, socket_timeout=2.0) as client:
                told: Any = client.sentinel_master(SERVICE)
        except redis.RedisError:
            return False
        return bool(told["num-slaves"] == self.replicas and told["num-other-sentinels"] == self.sentinels - 1)


def _start(nodes: Sequence[Node], *, tied: bool) -> None:
    for node in nodes:
        node.start(tied=tied)
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
