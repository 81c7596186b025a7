"""The dev stack: one embedded Redis and one embedded Kafka on a data directory; up, down, status."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import psutil

from semcache.devstack import locks, ports, state
from semcache.devstack.kafka import KafkaServer
from semcache.devstack.process import ServerProcess, tail
from semcache.devstack.progress import Progress, Silent
from semcache.devstack.redis import RedisServer
from semcache.devstack.redundant import known_ports
from semcache.devstack.several import SeveralRedis
from semcache.devstack.state import NAMES, Form, Name, ServerState, StackState
from semcache.errors import ConfigurationError, Unavailable
from semcache.settings import Settings

# Kafka first: it takes longest, and Redis starts meanwhile.
LAUNCH_ORDER: tuple[Name, ...] = ("kafka", "redis")
DEFAULT_PORTS: Mapping[Name, int] = {"redis": 6379, "kafka": 9092}
STOP_GRACE_S = 20.0
UNDO_GRACE_S = 2.0  # a server that only just starts has nothing to finish
FOLDER_WAIT_S = 10.0
SERVER_NAMES = ("redis-server", "java")
# Longer than a first start on a slow line: the other process may be downloading.
LOCK_WAIT_S = 900.0


class Server(Protocol):
    """What the stack asks of a server."""

    @property
    def name(self) -> Name: ...
    @property
    def address(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def log(self) -> Path: ...
    @property
    def version(self) -> str: ...
    def start(self, *, progress: Progress | None = None, keep_open: tuple[int, ...] = ()) -> ServerProcess: ...
    def wait_ready(self, server: ServerProcess) -> None: ...
    def ready(self, server: ServerProcess) -> bool: ...


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How an embedded server is. `died`: it ended without `down`; `up` starts it again, its data is kept."""

    name: Name
    state: Literal["running", "not answering", "died", "stopped"]
    address: str | None = None
    port: int | None = None
    pid: int | None = None
    version: str | None = None
    uptime_s: float | None = None
    memory_bytes: int | None = None
    log: str | None = None


def up(
    settings: Settings,
    progress: Progress | None = None,
    *,
    only: Collection[Name] = NAMES,
    redis_port: int | None = None,
    kafka_port: int | None = None,
    redis_form: Form | None = None,
) -> StackState:
    """Starts what does not run yet, and returns when all of it serves. A failure or Ctrl-C undoes what was started.

    Without a port given, a server takes the one it had before, else its usual one, else any that is free.
    `redis_form`: one server, a cluster or a primary under Sentinel, each with data of its own; None = as last time.

    Raises:
        ConfigurationError: a port is taken, Java or an extra is missing, or the data directory cannot be written.
        Unavailable: a download failed, or a server does not start; the text quotes its log.
    """
    data_dir = settings.data_dir.absolute()
    starter = _Starter(data_dir, progress or Silent(), {"redis": redis_port, "kafka": kafka_port}, redis_form)
    with _locked(data_dir, progress):
        return starter.up([name for name in LAUNCH_ORDER if name in only])


def down(settings: Settings, progress: Progress | None = None, *, only: Collection[Name] = NAMES) -> list[Name]:
    """Stops what runs, gently at first; the data stays. Returns what was stopped.

    Raises:
        ConfigurationError: the data directory cannot be written.
    """
    data_dir = settings.data_dir.absolute()
    with _locked(data_dir, progress):
        return [name for name in NAMES if name in only and _stop(data_dir, name, progress or Silent())]


def status(settings: Settings) -> list[ServerStatus]:
    """How each of the embedded servers is. Changes nothing."""
    data_dir = settings.data_dir.absolute()
    known = state.load(data_dir)
    return [_status(data_dir, name, known.of(name)) for name in NAMES]


def _locked(data_dir: Path, progress: Progress | None) -> AbstractContextManager[None]:
    what = "`semcache up` or `down`"
    return locks.exclusive(data_dir / "stack.lock", what=what, wait_s=LOCK_WAIT_S, progress=progress)


def _server(name: Name, data_dir: Path, port: int, form: Form = "single") -> Server:
    if name == "kafka":
        return KafkaServer(data_dir / name, port)
    folder = data_dir / name
    return RedisServer(folder, port) if form == "single" else SeveralRedis(folder, port, form)


@dataclass(frozen=True, slots=True)
class _Starter:
    """One run of `up`; the caller holds the lock of the data directory."""

    data_dir: Path
    progress: Progress
    given_ports: Mapping[Name, int | None]
    redis_form: Form | None = None

    def up(self, names: list[Name]) -> StackState:
        starting: list[Name] = []
        try:
            starting = [name for name in names if not self._runs(name)]
            for server, process in [self._launch(name) for name in starting]:
                self._wait(server, process)
        except BaseException:
            for name in starting:
                _stop(self.data_dir, name, Silent(), grace_s=UNDO_GRACE_S)
            raise
        return state.load(self.data_dir)

    def _runs(self, name: Name) -> bool:
        known = state.load(self.data_dir).of(name)
        if not (known and known.process and known.process.alive()):
            return False
        if self.given_ports[name] not in (None, known.port):
            raise ConfigurationError(
                f"{name} runs already, on port {known.port}: `semcache down --only {name}` first, to move it"
            )
        if self._form(name, known) != known.form:
            raise ConfigurationError(
                f"redis runs already, as {known.form}: `semcache down --only redis` first, to start it as another"
            )
        _server(name, self.data_dir, known.port, known.form).wait_ready(known.process)
        return True

    def _form(self, name: Name, known: ServerState | None) -> Form:
        last: Form = known.form if known else "single"
        return (self.redis_form or last) if name == "redis" else "single"

    def _port(self, name: Name, form: Form) -> int:
        given, known = self.given_ports[name], state.load(self.data_dir).of(name)
        if form != "single" and given is None and (taken := known_ports(self.data_dir / name / form)):
            return taken[0]
        if given is None:
            if known and known.process:  # it died: its port is about to be free
                ports.wait_free(known.port, timeout_s=1.0)
            return ports.first_free(known.port if known else None, DEFAULT_PORTS[name])
        if not ports.is_free(given):
            raise ConfigurationError(
                f"port {given} is taken{_by_whom(given)}: choose another with --{name}-port, or none to take a free one"
            )
        return given

    def _launch(self, name: Name, *, port: int | None = None) -> tuple[Server, ServerProcess]:
        lock = _take_folder(self.data_dir / name)
        try:
            form = self._form(name, state.load(self.data_dir).of(name))
            server = _server(name, self.data_dir, port or self._port(name, form), form)
            process = server.start(progress=self.progress, keep_open=(lock,))
        finally:
            os.close(lock)
        known = ServerState(name, server.port, server.log, server.version, server.address, process, form)
        state.save(state.load(self.data_dir).having(known), self.data_dir)
        return server, process

    def _wait(self, server: Server, process: ServerProcess, *, attempts: int = 3) -> None:
        try:
            server.wait_ready(process)
        except Unavailable:
            # Between our look at the port and the server's bind another process took it.
            lost_port = "Address already in use" in tail(server.log, lines=200)
            if self.given_ports[server.name] is not None or not lost_port or attempts == 1:
                raise
            self._wait(*self._launch(server.name, port=ports.free_port()), attempts=attempts - 1)


def _take_folder(folder: Path) -> int:
    """The lock of a server's folder. A server left over by an interrupted start is stopped first; one that was just
    killed holds the lock for a moment more.
    """
    deadline = time.monotonic() + FOLDER_WAIT_S
    pause = threading.Event()
    while (lock := locks.take(folder / "lock")) is None:
        if time.monotonic() > deadline:
            raise Unavailable(f"another process uses {folder}, and cannot be stopped: stop it, then try again")
        _stop_holders(folder)
        pause.wait(0.05)
    return lock


def _stop_holders(folder: Path, *, grace_s: float = STOP_GRACE_S) -> bool:
    """Stops the server on this folder, whoever started it; not a backup program that happens to read its lock."""
    servers = [p for p in locks.holders(folder / "lock") if p.name().startswith(SERVER_NAMES)]
    for process in servers:
        ServerProcess(process.pid, process.create_time()).stop(grace_s=grace_s)
    return bool(servers)


def _stop(data_dir: Path, name: Name, progress: Progress, *, grace_s: float = STOP_GRACE_S) -> bool:
    """Stops a server, whether stack.json knows of it or an interrupted start left it over. True if it ran."""
    all_known = state.load(data_dir)
    known = all_known.of(name)
    ran = bool(known and known.process and known.process.alive())
    if known and known.process:
        if ran:
            progress.step(f"stopping {name}")
        known.process.stop(grace_s=grace_s)
        state.save(all_known.having(replace(known, process=None, address=None)), data_dir)
    return _stop_holders(data_dir / name, grace_s=grace_s) or ran


def _by_whom(port: int) -> str:
    process = ports.listener(port)
    return f" by {process.name()} (pid {process.pid})" if process else ""


def _status(data_dir: Path, name: Name, known: ServerState | None) -> ServerStatus:
    if not (known and known.process):
        return ServerStatus(name, "stopped", port=known.port if known else None)
    alive = known.process.alive()
    answering = alive and _server(name, data_dir, known.port, known.form).ready(known.process)
    return ServerStatus(
        name,
        "running" if answering else "not answering" if alive else "died",
        address=known.address,
        port=known.port,
        pid=known.process.pid if alive else None,
        version=known.version,
        uptime_s=time.time() - known.process.started_at if alive else None,
        memory_bytes=_memory(known.process) if alive else None,
        log=str(known.log),
    )


def _memory(process: ServerProcess) -> int | None:
    try:
        return int(psutil.Process(process.pid).memory_info().rss)
    except psutil.Error:
        return None
