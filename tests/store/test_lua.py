"""Loading and running Lua scripts."""

from __future__ import annotations

import redis as redis_py

from semcache.store.lua import LuaScript


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
