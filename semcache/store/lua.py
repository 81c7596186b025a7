"""Lua scripts: how `semcache/store/lua/<name>.lua` is found, loaded and run. One file per atomic operation.

A line `--@include _name` stands for the text of `_name.lua`: what several operations share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, cast

import redis
from redis.client import Pipeline
from redis.commands.core import Script

Argument = str | bytes | int | float


class LuaScript:
    """One atomic operation. Called on a client it runs at once; on a pipeline it is queued.

    EVALSHA first; a server that does not know the script (restart, SCRIPT FLUSH) is given it and asked again.
    In a pipeline redis-py makes sure of that before it sends the commands: one more round trip.
    """

    def __init__(self, name: str, source: bytes) -> None:
        self.name = name
        self._script = Script(cast(redis.Redis, None), source)

    def __call__(self, client: redis.Redis | Pipeline, keys: Sequence[str] = (), args: Iterable[Argument] = ()) -> Any:
        return self._script(keys=list(keys), args=list(args), client=client)


_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


@cache
def script(name: str) -> LuaScript:
    """The script of `semcache/store/lua/<name>.lua`, read once."""
    return LuaScript(name, _source(name).encode())


def _source(name: str) -> str:
    text = resources.files("semcache.store").joinpath("lua", f"{name}.lua").read_text("utf-8")
    return _INCLUDE.sub(lambda include: _source(include[1]), text)
