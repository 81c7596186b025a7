"""What is in Redis, in a form that can be compared."""

from __future__ import annotations

import base64
from typing import Any

from redis import Redis

from semcache.store import keys

_RANDOM = ("revision", "generation")  # of readings


def snapshot(redis: Redis, namespace: str) -> dict[str, Any]:
    """Every key of a namespace's memories with its value, namespace cut out; vector sets by their members."""
    found: dict[str, Any] = {}
    for raw in redis.scan_iter(match=f"sc:{{m:{namespace}:*", count=1_000):
        key = raw.decode()
        assert keys.kind_of(key) is not None, f"nobody declared {key}"
        found[key.replace(namespace, "NS")] = _value(redis, key)
    return found


def _value(redis: Redis, key: str) -> Any:
    kind = redis.type(key).decode()
    if kind == "hash":
        fields = {k.decode(): base64.b64encode(v).decode() for k, v in redis.hgetall(key).items()}
        return {name: value for name, value in fields.items() if name not in _RANDOM}
    if kind == "zset":
        return redis.zrange(key, 0, -1, withscores=True)
    if kind == "set":
        return sorted(redis.smembers(key))
    if kind == "vectorset":
        names = redis.execute_command("VRANDMEMBER", key, 10_000)
        return {name.decode(): redis.execute_command("VEMB", key, name) for name in sorted(names)}
    return redis.get(key)
