"""stack.json in the data directory: which embedded servers run, where, as which process.

Settings read `redis.url` and `kafka.bootstrap_servers` from it, so that every program finds the running stack.
A stopped server keeps its port there, and takes it again where it is free.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from semcache.devstack.process import ServerProcess

Name = Literal["redis", "kafka"]
NAMES: tuple[Name, ...] = ("redis", "kafka")
Form = Literal["single", "cluster", "sentinel"]
FORMS: tuple[Form, ...] = ("single", "cluster", "sentinel")
ADDRESS_FIELD = {"redis": "url", "kafka": "bootstrap_servers"}
FILE = "stack.json"


@dataclass(frozen=True, slots=True)
class ServerState:
    """One embedded server. `address` and `process` are None when it was stopped.

    `form`: Redis may be several servers; `process` is the first of them.
    """

    name: Name
    port: int
    log: Path
    version: str = ""
    address: str | None = None
    process: ServerProcess | None = None
    form: Form = "single"


@dataclass(frozen=True, slots=True)
class StackState:
    """The embedded servers; None where one was never started."""

    redis: ServerState | None = None
    kafka: ServerState | None = None

    def of(self, name: Name) -> ServerState | None:
        return self.redis if name == "redis" else self.kafka

    def having(self, server: ServerState) -> StackState:
        """The same with `server` in its place."""
        return StackState(
            redis=server if server.name == "redis" else self.redis,
            kafka=server if server.name == "kafka" else self.kafka,
        )


def load(data_dir: Path) -> StackState:
    """What stack.json says; nothing if there is none or it cannot be read."""
    try:
        written = json.loads((data_dir / FILE).read_text())
        return StackState(*(_server(name, written[name]) if name in written else None for name in NAMES))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return StackState()


def save(state: StackState, data_dir: Path) -> None:
    """Replaces stack.json at once: a reader sees the old one or the new one."""
    written = {server.name: _written(server) for server in (state.redis, state.kafka) if server}
    beside = data_dir / f"{FILE}.{os.getpid()}"
    beside.write_text(json.dumps(written, indent=2) + "\n")
    beside.replace(data_dir / FILE)


def _written(server: ServerState) -> dict[str, Any]:
    running = (
        {
            ADDRESS_FIELD[server.name]: server.address,
            "pid": server.process.pid,
            "started_at": server.process.started_at,
        }
        if server.process
        else {}
    )
    form = {} if server.form == "single" else {"form": server.form}
    return {**running, **form, "port": server.port, "version": server.version, "log": str(server.log)}


def _server(name: Name, written: dict[str, Any]) -> ServerState:
    process = ServerProcess(written["pid"], written["started_at"]) if written.get("pid") else None
    return ServerState(
        name,
        port=int(written["port"]),
        log=Path(written["log"]),
        version=str(written.get("version", "")),
        address=written.get(ADDRESS_FIELD[name]),
        process=process,
        form=next((form for form in FORMS if form == written.get("form")), "single"),
    )
