"""A server as a detached process: start with a log, identity, readiness, stop."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from semcache.errors import Unavailable

# The kernel counts a process's start in ticks since boot; the epoch derived from it moves a little with the clock.
START_TOLERANCE_S = 2.0

# Linux only: the kernel kills the server when the thread that started it ends, however it ends. A starter that ended
# before prctl (1 = PR_SET_PDEATHSIG, 9 = SIGKILL) is noticed by the parent's pid.
_TIED = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
os.getppid() == int(sys.argv[1]) or sys.exit("the starter is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A process known by pid and start time (epoch, seconds), so that a recycled pid is never taken for it."""

    pid: int
    started_at: float

    def alive(self) -> bool:
        """True while this very process runs; a zombie does not."""
        return self._find() is not None

    def stop(self, *, grace_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL after `grace_s`; returns when it is gone. No effect on any other process."""
        if process := self._find():
            _end(process, process.terminate, grace_s) or _end(process, process.kill, grace_s)

    def kill(self) -> None:
        """SIGKILL, then wait until it is gone."""
        if process := self._find():
            _end(process, process.kill, 10.0)

    def _find(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < START_TOLERANCE_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def _end(process: psutil.Process, signal: Callable[[], None], wait_s: float) -> bool:
    try:
        signal()
        process.wait(wait_s)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    tied: bool = False,
) -> ServerProcess:
    """Starts `command` in a session of its own, so that neither Ctrl-C nor the terminal's end reaches it.

    Its output goes to `log`; the one of the start before is kept as `<log>.1`. `keep_open` are file descriptors
    that it inherits (a lock, for example). With `tied` (Linux) it dies with the thread that started it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    words = [str(word) for word in command]
    if tied and sys.platform == "linux":
        words = [sys.executable, "-S", "-c", _TIED, str(os.getpid()), *words]
    with log.open("ab") as output:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            pass_fds=tuple(keep_open),
            start_new_session=True,
        )
    return ServerProcess(child.pid, _start_time(child))


def _start_time(child: subprocess.Popen[bytes]) -> float:
    try:
        return psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()


def wait_ready(
    process: ServerProcess,
    ready: Callable[[], bool],
    *,
    what: str,
    log: Path,
    timeout_s: float,
    error: type[Unavailable],
) -> None:
    """Waits until `ready()`; a server that dies or takes longer is an error that quotes the end of its log."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not ready():
        if not process.alive():
            raise error(f"{what} ended right after its start; {log} ends with:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise error(f"{what} is not ready after {timeout_s:g} s; {log} ends with:\n{tail(log)}")
        pause.wait(0.05)


def tail(log: Path, *, lines: int = 12) -> str:
    """The last lines of a log, indented, without the frames of Java's stack traces; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    telling = [line for line in text.splitlines() if not line.lstrip().startswith("at ")]
    return "\n".join(f"  {line}" for line in telling[-lines:])
