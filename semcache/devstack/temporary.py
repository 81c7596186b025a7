"""Servers for the length of a `with` block: a measurement or a test gets its own, and nothing of it stays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semcache.devstack.kafka import KafkaServer
from semcache.devstack.ports import free_port
from semcache.devstack.progress import Progress
from semcache.devstack.redis import RedisServer


@contextmanager
def temporary_redis(progress: Progress | None = None) -> Iterator[str]:
    """The URL of a Redis of its own; it ends with the block, or with this process.

    Raises:
        ConfigurationError: no redis-server >= 8 is installed.
    """
    with tempfile.TemporaryDirectory(prefix="semcache-redis-", ignore_cleanup_errors=True) as folder:
        yield from _running(RedisServer(Path(folder), free_port()), progress)


@contextmanager
def temporary_kafka(progress: Progress | None = None) -> Iterator[str]:
    """The bootstrap servers of a broker of its own; it ends with the block, or with this process.

    Raises:
        ConfigurationError: there is no Java >= 17, or an extra is not installed.
        KafkaUnavailable: its jars cannot be downloaded.
    """
    with tempfile.TemporaryDirectory(prefix="semcache-kafka-", ignore_cleanup_errors=True) as folder:
        yield from _running(KafkaServer(Path(folder), free_port()), progress)


def _running(server: RedisServer | KafkaServer, progress: Progress | None) -> Iterator[str]:
    process = server.start(progress=progress, tied=True)
    try:
        server.wait_ready(process)
        yield server.address
    finally:
        process.kill()
