"""Lua scripts: how `<name>.lua` is found under `semcache/store/lua/`, loaded and run. One file per atomic operation.

A folder is a subject; names are unique in all of them. A line `--@include _name` stands for the text of `_name.lua`,
what several operations share. `_gate.lua` stands before each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, cast

import redis
from redis.client import Pipeline
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from semcache.store.clients.client import Client, is_cluster
from semcache.store.clients.clustered import ClusterClient

Argument = str | bytes | int | float


class LuaScript:
    """One atomic operation. Called on a client it runs at once; on a pipeline it is queued.

    EVALSHA first; a server that does not know the script (restart, SCRIPT FLUSH) is given it and asked again.
    In a pipeline redis-py makes sure of that before it sends the commands: one more round trip, but for `executed`.
    """

    def __init__(self, name: str, source: bytes) -> None:
        self.name = name
        self.text = source.decode()
        self._script = Script(cast(redis.Redis, None), source)

    def __call__(self, client: redis.Redis | Pipeline, keys: Sequence[str] = (), args: Iterable[Argument] = ()) -> Any:
        if isinstance(client, Pipeline):
            return self._script(keys=list(keys), args=list(args), client=client)
        try:
            return client.evalsha(self._script.sha, len(keys), *keys, *args)
        except NoScriptError:
            home_of(client, keys).script_load(self.text)
            return client.evalsha(self._script.sha, len(keys), *keys, *args)


def home_of(client: redis.Redis, keys: Sequence[str]) -> redis.Redis:
    """The server that holds the keys: a cluster would load a script into all of its servers, also one that is away."""
    return client.at(keys[0]) if keys and isinstance(client, ClusterClient) else client


def executed(client: Client, pipe: Pipeline) -> list[Any]:
    """The replies of a pipeline with scripts, in one round trip.

    What needed a script that the server does not know is sent once more, with the script: of a transaction everything,
    which must change nothing more if a part of it is done already. Raises the first error as `pipe.execute()` does.
    """
    if is_cluster(client):
        return pipe.execute()  # which does so for each server
    commands, scripts = list(pipe.command_stack), list(pipe.scripts)
    at_once = bool(vars(pipe)["transaction"])  # redis-py has a method of that name too
    pipe.scripts.clear()
    replies = pipe.execute(raise_on_error=False)
    if unknown := [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]:
        places = range(len(replies)) if at_once else unknown
        for known in scripts:
            client.script_load(known.script)
        with client.pipeline(transaction=at_once) as again:
            again.command_stack.extend(commands[place] for place in places)
            for place, reply in zip(places, again.execute(raise_on_error=False), strict=True):
                replies[place] = reply
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


@cache
def script(name: str) -> LuaScript:
    """The script in `<name>.lua`, read once."""
    return LuaScript(name, (_source("_gate") + _source(name)).encode())


def names() -> list[str]:
    """Every script there is."""
    return sorted(name for name in _files() if not name.startswith("_"))


def _source(name: str) -> str:
    return _INCLUDE.sub(lambda include: _source(include[1]), _files()[name].read_text("utf-8"))


@cache
def _files() -> dict[str, Traversable]:
    """Every file of a script, by its name without `.lua`."""
    return {file.name.removesuffix(".lua"): file for file in _below(resources.files("semcache.store").joinpath("lua"))}


def _below(folder: Traversable) -> Iterator[Traversable]:
    for found in folder.iterdir():
        if found.is_dir():
            yield from _below(found)
        elif found.name.endswith(".lua"):
            yield found
