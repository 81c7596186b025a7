"""Partitions that move between workers at a bad moment."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from semcache.devstack.ports import free_port
from semcache.devstack.redis import RedisServer
from semcache.settings import Settings
from semcache_ingest.status import group_status
from tests.ingest.conftest import BOTH_PROTOCOLS, Run, Running
from tests.ingest.producing import message, send_events, upsert
from tests.ingest.test_worker import with_redis
from tests.waiting import wait_until as wait_within

USERS = [f"u{n}" for n in range(12)]
wait_until = partial(wait_within, timeout_s=60.0)  # members join and leave: seconds each, on a busy machine more


def say(settings: Settings, numbers: Iterable[int]) -> None:
    """To both topics: which of their partitions will move is Kafka's choice."""
    for n in numbers:
        send_events(settings, [message(n, user=user) for user in USERS])
        send_events(settings, [upsert(f"d{k}", n + 1, f"Text {n}.") for k in range(6)])


def paused(worker: Running) -> bool:
    return worker.count("semcache_ingest_paused") == 1


@BOTH_PROTOCOLS
@pytest.mark.timeout(400)
def test_partition_that_left_while_it_was_paused_is_read_when_it_comes_back(
    settings: Settings, run: Run, tmp_path: Path
) -> None:
    """A worker waits for Redis and reads nothing; a partition leaves it meanwhile, and comes back when all is well."""
    server = RedisServer(tmp_path / "away", free_port())
    small = settings.ingest.model_copy(update={"batch_size": 5, "revoke_timeout_s": 0.5})
    elsewhere = with_redis(settings, server.address).model_copy(update={"ingest": small})
    with run(settings=elsewhere) as first:
        say(settings, range(10))
        wait_until("the first one has all, and waits", lambda: len(first.worker.partitions) == 4 and paused(first))
        with run(settings=elsewhere) as second:
            wait_until("some have moved", lambda: bool(second.worker.partitions) and len(first.worker.partitions) < 4)
            process = server.start(tied=True)
            try:
                wait_until("the first one reads again", lambda: not paused(first))
                wait_until("all is applied", lambda: group_status(settings).lag == 0)
            except BaseException:
                process.kill()
                raise
        try:
            wait_until("all have come back", lambda: len(first.worker.partitions) == 4)
            say(settings, range(10, 12))
            wait_until("what came later is applied", lambda: group_status(settings).lag == 0)
        finally:
            process.kill()
