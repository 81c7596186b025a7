"""PostgreSQL and MariaDB from Debian's packages: a new server in a folder of its own, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from semcache.devstack import ports, process
from semcache.devstack.process import ServerProcess
from semcache.errors import Unavailable

READY_TIMEOUT_S = 60.0
UNPRIVILEGED = "nobody"
DATABASE = "shop"


class Database:
    """What PostgreSQL and MariaDB have in common. `folder` is its own; `number` tells servers of one kind apart."""

    name: str

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number, self.port = folder, number, ports.free_port()
        self._server: ServerProcess | None = None

    def start(self) -> None:
        """Makes the server's files, starts it, and makes the database `shop`."""
        self.folder.mkdir(parents=True)
        if os.getuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        _done(_unprivileged(self._initialise()))
        log = self.folder.with_suffix(".log")
        self._server = process.start(_unprivileged(self._serve()), log=log, tied=True)
        process.wait_ready(
            self._server, self._answers, what=self.name, log=log, timeout_s=READY_TIMEOUT_S, error=Unavailable
        )
        _done(self._client("", f"CREATE DATABASE {DATABASE}"))

    def execute(self, *statements: str) -> None:
        """Runs statements in one session, each a transaction of its own."""
        _done(self._client(DATABASE, ";\n".join(statements)))

    def stop(self) -> None:
        if self._server:
            self._server.stop()

    def _answers(self) -> bool:
        return subprocess.run(self._client("", "SELECT 1"), capture_output=True, check=False).returncode == 0

    def _initialise(self) -> list[str]:
        raise NotImplementedError

    def _serve(self) -> list[str]:
        raise NotImplementedError

    def _client(self, database: str, statements: str) -> list[str]:
        raise NotImplementedError


class PostgreSQL(Database):
    """With `wal_level=logical`, as Debezium asks for."""

    name = "PostgreSQL"

    def _initialise(self) -> list[str]:
        return [_postgres("initdb"), "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]

    def _serve(self) -> list[str]:
        options = {
            "listen_addresses": ports.LOOPBACK,
            "unix_socket_directories": "",
            "wal_level": "logical",
            "max_replication_slots": "40",
            "max_wal_senders": "40",
            "max_connections": "200",
            "fsync": "off",
            "timezone": "UTC",
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [_postgres("postgres"), "-D", str(self.folder), "-p", str(self.port), *flags]

    def _client(self, database: str, statements: str) -> list[str]:
        address = f"postgresql://postgres@{ports.LOOPBACK}:{self.port}/{database or 'postgres'}"
        each = [word for statement in statements.split(";\n") for word in ("-c", statement)]
        return [_postgres("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", address, *each]


class MariaDB(Database):
    """With a row-based binary log, as Debezium asks for."""

    name = "MariaDB"

    def _initialise(self) -> list[str]:
        return [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]

    def _serve(self) -> list[str]:
        return [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--bind-address={ports.LOOPBACK}",
            f"--port={self.port}",
            f"--server-id={self.number}",
            "--log-bin=mariadb-bin",
            "--binlog-format=ROW",
            "--binlog-row-image=FULL",
            "--max-connections=300",
            "--default-time-zone=+00:00",
            "--innodb-flush-log-at-trx-commit=0",
            "--character-set-server=utf8mb4",
        ]

    def _client(self, database: str, statements: str) -> list[str]:
        to = ["--no-defaults", f"--host={ports.LOOPBACK}", f"--port={self.port}", "--user=root"]
        return [_program("mariadb"), *to, "--default-character-set=utf8mb4", f"--execute={statements}", database]


def _unprivileged(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root, and MariaDB should."""
    if os.getuid() != 0:
        return list(command)
    user = pwd.getpwnam(UNPRIVILEGED)
    # The signal that ties a server to its starter does not outlive a change of user: it is asked for again.
    drop = [
        _program("setpriv"),
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--pdeathsig=KILL",
    ]
    return [*drop, *command]


def _postgres(program: str) -> str:
    """Debian keeps them by version, outside PATH."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    return str(kept[-1]) if kept else _program(program)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, f"{name} is not installed: make test-cdc installs it"
    return found


def _done(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
