"""Everything that the ingestor has written into a namespace, in a form that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from redis import Redis

from semcache.store import keys

_PAGE = 2_000
_READ = {
    "hash": lambda pipe, key: pipe.hgetall(key),
    "zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    "set": lambda pipe, key: pipe.smembers(key),
    "string": lambda pipe, key: pipe.get(key),
    "vectorset": lambda pipe, key: pipe.execute_command("VRANDMEMBER", key, 100_000),
}


def state(redis: Redis, namespace: str) -> dict[str, Any]:
    """Keys of a namespace's memories and documents with their values, the namespace cut out.

    Vector sets by their members and vectors as they are stored. What a run may leave different is left out: where the
    ingestor has been, when short-term windows expire, and readings, which are made anew where they are missing.
    """
    found: dict[str, Any] = {}
    for tag in ("m", "k"):
        found_names = redis.scan_iter(match=f"sc:{{{tag}:{namespace}[:}}]*", count=5_000)
        names = sorted(name for name in found_names if not name.endswith(b":readings"))
        for start in range(0, len(names), _PAGE):
            found |= _values(redis, names[start : start + _PAGE])
    return {name.replace(namespace, "NS"): value for name, value in found.items()}


def difference(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The keys whose values differ, with both values, cut short; empty if the states are the same."""
    return [
        f"{key}: {str(one.get(key))[:300]} != {str(other.get(key))[:300]}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _values(redis: Redis, names: Sequence[bytes]) -> dict[str, Any]:
    pipe = redis.pipeline(transaction=False)
    for name in names:
        pipe.type(name)
    types = [kind.decode() for kind in pipe.execute()]
    for name, kind in zip(names, types, strict=True):
        _READ[kind](pipe, name)
    values = dict(zip([name.decode() for name in names], pipe.execute(), strict=True))
    for (key, value), kind in zip(values.items(), types, strict=True):
        assert keys.kind_of(key) is not None, f"nobody declared {key}"
        if kind == "vectorset":
            values[key] = _vectors(redis, key, value)
    return values


def _vectors(redis: Redis, key: str, members: Sequence[bytes]) -> dict[bytes, str]:
    ordered = sorted(members)
    pipe = redis.pipeline(transaction=False)
    for member in ordered:
        pipe.execute_command("VEMB", key, member, "RAW")
    return {m: hashlib.sha1(repr(raw).encode()).hexdigest() for m, raw in zip(ordered, pipe.execute(), strict=True)}
