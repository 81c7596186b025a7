"""Loading and running Lua scripts."""

from __future__ import annotations

import pytest
import redis as redis_py

from semcache.store.lua import LuaScript, executed


def test_a_script_survives_a_server_that_forgot_it(redis: redis_py.Redis, namespace: str) -> None:
    """A script is sent again after SCRIPT FLUSH."""
    add = LuaScript("add", f"-- {namespace}\nreturn ARGV[1] + ARGV[2]".encode())
    assert add(redis, args=[1, 2]) == 3
    redis.script_flush()
    assert add(redis, args=[2, 3]) == 5


def test_a_script_runs_in_a_pipeline(redis: redis_py.Redis, namespace: str) -> None:
    """Queued calls run in order, on a server that has never seen the script."""
    put = LuaScript("put", f"-- {namespace}\nreturn redis.call('SET', KEYS[1], ARGV[1], 'GET', 'EX', 60)".encode())
    pipe = redis.pipeline(transaction=True)
    put(pipe, keys=[namespace], args=["one"])
    put(pipe, keys=[namespace], args=["two"])
    assert pipe.execute() == [None, b"one"]
    assert redis.get(namespace) == b"two"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_pipeline_of_scripts_is_one_round_trip(redis: redis_py.Redis, namespace: str, at_once: bool) -> None:
    """Nobody asks whether the server knows them; one that does not is given them, and each is done once."""
    add = LuaScript("add", f"-- {namespace}\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])".encode())
    keep = LuaScript("keep", f"-- {namespace}\nreturn redis.call('EXPIRE', KEYS[1], ARGV[1])".encode())

    def both() -> list[object]:
        pipe = redis.pipeline(transaction=at_once)
        add(pipe, keys=[namespace], args=[2])
        pipe.get(namespace)
        keep(pipe, keys=[namespace], args=[60])
        return executed(redis, pipe)

    assert both()[0] == 2
    asked = redis.info("commandstats").get("cmdstat_script|exists", {}).get("calls", 0)
    assert both() == [4, b"4", 1]
    redis.script_flush()
    replies = both()
    assert (replies[0], replies[2]) == (6, 1)
    assert redis.info("commandstats").get("cmdstat_script|exists", {}).get("calls", 0) == asked


def test_an_error_of_a_script_in_a_pipeline_is_raised(redis: redis_py.Redis, namespace: str) -> None:
    """Known to the server or not."""
    wrong = LuaScript("wrong", f"-- {namespace}\nreturn redis.error_reply('WRONG')".encode())
    for _ in range(2):
        pipe = redis.pipeline(transaction=True)
        wrong(pipe)
        with pytest.raises(redis_py.ResponseError, match="WRONG"):
            executed(redis, pipe)
