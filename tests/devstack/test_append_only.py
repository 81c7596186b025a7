"""An append-only file that ends in the middle of a transaction, as after a power failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_py

from semcache.devstack.append_only import drop_unfinished_transaction
from semcache.devstack.redis import RedisServer, find_redis
from semcache.errors import RedisUnavailable
from tests.conftest import free_port

SCRIPT = "for n = 1, 20 do redis.call('INCR', 'counted'); redis.call('SET', n, string.rep('x', 1000)) end"


@contextmanager
def running(folder: Path) -> Iterator[redis_py.Redis]:
    """A Redis on its folder; killed at the end, with all it has acknowledged on disk."""
    server = RedisServer(folder, free_port())
    process = server.start(tied=True)
    try:
        server.wait_ready(process)
        with redis_py.Redis.from_url(server.address) as client:
            yield client
            client.execute_command("WAITAOF", 1, 0, 10_000)
    finally:
        process.kill()


def newest(folder: Path) -> Path:
    (file,) = (folder / "data" / "appendonlydir").glob("*.incr.aof")
    return file


@pytest.mark.parametrize("lost", [3, 5_300, 20_000])
def test_half_a_transaction_does_not_come_to_life_later(tmp_path: Path, lost: int) -> None:
    """What a script wrote is lost as a whole, and stays lost when more was written and Redis starts once more."""
    with running(tmp_path) as client:
        client.set("before", 1)
        client.eval(SCRIPT, 0)
    os.truncate(newest(tmp_path), newest(tmp_path).stat().st_size - lost)
    with running(tmp_path) as client:
        assert (client.get("before"), client.get("counted")) == (b"1", None)
        client.eval(SCRIPT, 0)
    with running(tmp_path) as client:
        assert client.get("counted") == b"20"


def test_a_file_that_is_whole_or_broken_otherwise_stays_as_it_is(tmp_path: Path) -> None:
    """Only an unfinished transaction is taken off; what is broken in the middle Redis refuses, as ever."""
    redis_server, data = find_redis().path, tmp_path / "data"
    assert drop_unfinished_transaction(redis_server, data) == 0
    with running(tmp_path) as client:
        client.eval(SCRIPT, 0)
        client.set("after", 1)
    assert drop_unfinished_transaction(redis_server, data) == 0
    content = newest(tmp_path).read_bytes()
    newest(tmp_path).write_bytes(content[:-3])
    assert drop_unfinished_transaction(redis_server, data) == 0, "a single command is Redis' own affair"
    broken = content.replace(b"$3\r\nSET", b"$x\r\nSET", 1)
    newest(tmp_path).write_bytes(broken)
    assert drop_unfinished_transaction(redis_server, data) == 0
    assert newest(tmp_path).read_bytes() == broken
    with pytest.raises(RedisUnavailable, match="file format"), running(tmp_path):
        pass
