"""Servers of a benchmark's own: embedded ones in a temporary folder, and an ingestor between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.store.connect import connect

_INGEST = Path(sys.executable).with_name("semcache-ingest")


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs; `environment` points semcache's programs at it."""

    redis: Redis
    environment: Mapping[str, str]
    log: Path

    @contextmanager
    def ingestor(self) -> Iterator[None]:
        """`semcache-ingest run`, ended when the block ends."""
        with self.log.open("w") as log:
            worker = subprocess.Popen([_INGEST, "run"], env=dict(self.environment), stdout=log, stderr=log)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(timeout=30)

    def produce(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Sends events through `semcache-ingest produce`."""
        lines = "".join(json.dumps(event) + "\n" for event in events)
        subprocess.run(
            [_INGEST, "produce", "-"],
            input=lines,
            text=True,
            env=dict(self.environment),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Members of sorted sets."""
        return {name: int(self.redis.zcard(name)) for name in names}

    def wait_until(self, what: str, condition: Callable[[], bool], *, stalled_s: float = 600.0) -> None:
        """Returns when the condition holds; ends the program with the ingestor's log if it does not."""
        deadline = time.monotonic() + stalled_s
        pause = threading.Event()
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"after {stalled_s:g} s still not: {what}\n{self.log.read_text()[-4000:]}")
            pause.wait(0.1)


@contextmanager
def running(*, kafka: bool) -> Iterator[Servers]:
    """An embedded Redis and, if wanted, Kafka; both are gone when the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers: list[RedisServer | KafkaServer] = [RedisServer(folder / "redis", free_port())]
        servers += [KafkaServer(folder / "kafka", free_port())] if kafka else []
        for server in servers:
            process = server.start(tied=True)
            stack.callback(process.kill)
            server.wait_ready(process)
        names = ("SEMCACHE_REDIS_URL", "SEMCACHE_KAFKA_BOOTSTRAP_SERVERS")
        addresses = {name: server.address for name, server in zip(names, servers, strict=False)}
        redis = connect(servers[0].address, timeout_s=60)
        yield Servers(redis, os.environ | addresses, folder / "ingestor.log")
