"""Servers and workers that a test may kill, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.process import ServerProcess
from semcache.devstack.redis import RedisServer
from semcache.settings import Settings, load_settings


class Fleet:
    """One Redis (append-only file), one Kafka, and workers; everything can die and come back on its port and data."""

    def __init__(
        self,
        folder: Path,
        *,
        namespace: str,
        model: str,
        redis_conf: Mapping[str, str] | None = None,
        session_timeout_s: int = 45,
        protocol: str = "consumer",
    ) -> None:
        """`session_timeout_s`: after that long without a heartbeat Kafka gives a worker's partitions to another.

        `protocol`: that of the consumer group.
        """
        self._folder = folder
        self.session_timeout_s = session_timeout_s
        self._redis = RedisServer(folder / "redis", free_port(), extra=dict(redis_conf or {}))
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
            redis_url=self._redis.address,
            kafka_bootstrap_servers=self._kafka.address,
            kafka_conversations_topic="talk",
            kafka_knowledge_topic="documents",
            namespace=self.environment["SEMCACHE_NAMESPACE"],
            embed_model=self.environment["SEMCACHE_EMBED_MODEL"],
            data_dir=self._folder / "none",
        )

    def start(self, name: str) -> None:
        """Starts `redis` or `kafka`, anew or on the data it left."""
        server = self._redis if name == "redis" else self._kafka
        process = self._processes[name] = server.start(tied=True)
        server.wait_ready(process)

    def kill(self, name: str) -> None:
        """kill -9."""
        self._processes[name].kill()

    def append_only_files(self) -> list[Path]:
        """The files that Redis appends its writes to; the last one is the newest."""
        return sorted((self._folder / "redis" / "data" / "appendonlydir").glob("*.incr.aof"))

    def pid(self, name: str) -> int:
        return self._processes[name].pid

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
