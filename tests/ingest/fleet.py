"""Servers and workers that a test may kill, each as a process of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.process import ServerProcess
from semcache.devstack.redis import RedisServer
from semcache.devstack.redundant import EmbeddedCluster, Node
from semcache.settings import Settings, load_settings
from tests.waiting import wait_until

READY_TIMEOUT_S = 300.0
"""A JVM takes minutes where everything else that runs takes the processors too; that is no fault of the ingestor."""


class Fleet:
    """One Redis (append-only file) or a cluster, one Kafka, workers; all can die and come back on its port and data.

    Of a cluster, "redis" is the primary that was chosen last: by chance, with each `kill` and `pid`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        namespace: str,
        model: str,
        redis_conf: Mapping[str, str] | None = None,
        session_timeout_s: int = 45,
        protocol: str = "consumer",
        cluster: random.Random | None = None,
    ) -> None:
        """`session_timeout_s`: after that long without a heartbeat Kafka gives a worker's partitions to another.

        `protocol`: that of the consumer group. `cluster`: Redis is one, and this chooses its primaries.
        """
        self._folder = folder
        self.session_timeout_s = session_timeout_s
        self._redis = RedisServer(folder / "redis", free_port(), extra=dict(redis_conf or {}))
        self._cluster = EmbeddedCluster(folder / "redis", extra=dict(redis_conf or {})) if cluster else None
        self._chance = cluster or random.Random()
        self._chosen: Node | None = None
        self._kafka = KafkaServer(folder / "kafka", free_port(), extra=_impatient(session_timeout_s))
        self._processes: dict[str, ServerProcess] = {}
        consumer = {"session.timeout.ms": str(session_timeout_s * 1000)} if protocol == "classic" else {}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "SEMCACHE_REDIS_URL": self._redis.address,
            "SEMCACHE_KAFKA_BOOTSTRAP_SERVERS": self._kafka.address,
            "SEMCACHE_KAFKA_CONVERSATIONS_TOPIC": "talk",
            "SEMCACHE_KAFKA_KNOWLEDGE_TOPIC": "documents",
            "SEMCACHE_NAMESPACE": namespace,
            "SEMCACHE_EMBED_MODEL": model,
            "SEMCACHE_KAFKA_GROUP_PROTOCOL": protocol,
            "SEMCACHE_KAFKA_CONSUMER": json.dumps(consumer),
            "SEMCACHE_KAFKA_PRODUCER": json.dumps({"delivery.timeout.ms": "5000"}),  # chats notice soon
            "SEMCACHE_EMBED_THREADS": "1",
            "SEMCACHE_DATA_DIR": str(folder / "none"),
        }

    @property
    def settings(self) -> Settings:
        return load_settings(
            redis_url=self.environment["SEMCACHE_REDIS_URL"],
            kafka_bootstrap_servers=self._kafka.address,
            kafka_conversations_topic="talk",
            kafka_knowledge_topic="documents",
            namespace=self.environment["SEMCACHE_NAMESPACE"],
            embed_model=self.environment["SEMCACHE_EMBED_MODEL"],
            data_dir=self._folder / "none",
        )

    @property
    def clustered(self) -> bool:
        return self._cluster is not None

    def start(self, name: str) -> None:
        """Starts `redis` or `kafka`, anew or on the data it left."""
        if name == "redis" and self._cluster:
            self._start_in(self._cluster)
            return
        server = self._redis if name == "redis" else self._kafka
        process = self._processes[name] = server.start(tied=True)
        server.wait_ready(process, timeout_s=READY_TIMEOUT_S)

    def _start_in(self, cluster: EmbeddedCluster) -> None:
        if not cluster.nodes:
            cluster.start(tied=True)
            self.environment["SEMCACHE_REDIS_URL"] = cluster.address
        elif self._chosen:
            self._chosen.start(tied=True)
            assert self._chosen.process
            self._chosen.server.wait_ready(self._chosen.process)
            wait_until("the cluster is whole", cluster.whole, timeout_s=60)

    def kill(self, name: str) -> None:
        """kill -9."""
        (self._choose() if name == "redis" and self._cluster else self._processes[name]).kill()

    def await_failover(self) -> None:
        """Until a replica has taken the place of the primary that was killed."""
        assert self._cluster
        alive = [node for node in self._cluster.nodes if node is not self._chosen]

        def taken_over() -> bool:
            return sum(node.info("replication")["role"] == "master" for node in alive) == len(alive) // 2 + 1

        wait_until("a replica has taken over", taken_over, timeout_s=60)

    def append_only_files(self) -> list[Path]:
        """The files that Redis appends its writes to; the last one is the newest."""
        folder = self._chosen.server.folder if self._chosen else self._folder / "redis"
        return sorted((folder / "data" / "appendonlydir").glob("*.incr.aof"))

    def pid(self, name: str) -> int:
        if name == "redis" and self._cluster:
            chosen = self._choose().process
            assert chosen
            return chosen.pid
        return self._processes[name].pid

    def _choose(self) -> Node:
        """One of the primaries."""
        assert self._cluster
        self._chosen = self._chance.choice(
            [node for node in self._cluster.nodes if node.info("replication")["role"] == "master"]
        )
        return self._chosen

    def settle(self) -> None:
        """Every server is there again, and in its place."""
        if self._cluster:
            wait_until("the cluster is whole", self._cluster.whole, timeout_s=60)

    def add_worker(self, *command: str) -> subprocess.Popen[bytes]:
        """A process of `semcache-ingest`: `run` unless another command is given."""
        log = (self._folder / f"worker-{len(self.workers)}.log").open("wb")
        worker = subprocess.Popen(
            [sys.executable, "-m", "semcache_ingest.cli", *(command or ("run",))],
            env=os.environ | self.environment,
            stdout=log,
            stderr=log,
        )
        self.workers.append(worker)
        return worker

    def add_talker(self, seed: int, *, pause_s: float) -> subprocess.Popen[str]:
        """A process that chats; it says on its standard output what was kept."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.chaos.talker", str(seed), str(pause_s)],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=(self._folder / f"talker-{seed}.log").open("wb"),
            text=True,
        )

    def logs(self) -> str:
        """The ends of the workers' logs, for the message of a failure."""
        return "\n".join(f"--- {p.name}\n{p.read_text()[-3000:]}" for p in sorted(self._folder.glob("worker-*.log")))

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for process in self._processes.values():
            process.kill()
        for node in self._cluster.nodes if self._cluster else ():
            node.kill()


def _impatient(session_timeout_s: int) -> dict[str, str]:
    """server.properties of a broker that waits so long for a member of a consumer group."""
    session, heartbeat = str(session_timeout_s * 1000), str(session_timeout_s * 100)
    return {
        "group.consumer.min.session.timeout.ms": session,
        "group.consumer.session.timeout.ms": session,
        "group.consumer.min.heartbeat.interval.ms": heartbeat,
        "group.consumer.heartbeat.interval.ms": heartbeat,
    }


@contextmanager
def fleet(folder: Path, **options: object) -> Iterator[Fleet]:
    """A fleet with its servers running."""
    made = Fleet(folder, **options)  # type: ignore[arg-type]
    try:
        made.start("redis")
        made.start("kafka")
        yield made
    finally:
        made.close()
