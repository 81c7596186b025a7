"""Detached server processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from semcache.devstack import process
from semcache.devstack.process import ServerProcess
from semcache.errors import KafkaUnavailable
from tests.waiting import wait_until

FOREVER = [sys.executable, "-c", "print('ready', flush=True); import signal; signal.pause()"]
IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
STUBBORN = [sys.executable, "-c", f"{IGNORES_SIGTERM}while True: signal.pause()"]


def start_ready(command: list[str], log: Path) -> ServerProcess:
    server = process.start(command, log=log)
    wait_until("the process prints", lambda: "ready" in log.read_text())
    return server


def test_a_stopped_process_is_gone(tmp_path: Path) -> None:
    """SIGTERM ends a process that listens to it, and `stop` returns when it is gone."""
    server = start_ready(FOREVER, tmp_path / "log")
    assert server.alive()
    server.stop()
    assert not server.alive()
    assert not psutil.pid_exists(server.pid)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the grace comes SIGKILL."""
    server = start_ready(STUBBORN, tmp_path / "log")
    server.stop(grace_s=0.2)
    assert not server.alive()


def test_a_recycled_pid_is_never_touched(tmp_path: Path) -> None:
    """A pid with another start time is a stranger: not alive in our eyes, and neither stopped nor killed."""
    stranger = start_ready(FOREVER, tmp_path / "log")
    try:
        stale = ServerProcess(stranger.pid, stranger.started_at - 60)
        assert not stale.alive()
        stale.stop()
        stale.kill()
        assert stranger.alive()
    finally:
        stranger.kill()


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    """A child that ended but was not waited for does not count as running."""
    server = start_ready(FOREVER, tmp_path / "log")
    os.kill(server.pid, signal.SIGKILL)
    wait_until("the child is a zombie", lambda: psutil.Process(server.pid).status() == psutil.STATUS_ZOMBIE)
    assert not server.alive()
    os.waitpid(server.pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its starter")
def test_a_tied_process_dies_with_its_starter(tmp_path: Path) -> None:
    """A server started with `tied` does not outlive a starter that was killed."""
    code = (
        "import signal, sys; from pathlib import Path; from semcache.devstack import process\n"
        f"server = process.start({FOREVER!r}, log=Path({str(tmp_path / 'log')!r}), tied=True)\n"
        "print(server.pid, server.started_at, flush=True); signal.pause()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    with starter.stdout as said:
        pid, started_at = said.readline().split()
    server = ServerProcess(int(pid), float(started_at))
    assert server.alive()
    starter.kill()
    starter.wait()
    wait_until("the tied process is gone", lambda: not server.alive())


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    """Each start has a log of its own; the one before is `<log>.1`."""
    log = tmp_path / "server.log"
    for word in ("first", "second"):
        server = process.start([sys.executable, "-c", f"print({word!r})"], log=log)
        wait_until("the process has ended", lambda server=server: not server.alive())
    assert (log.read_text(), (tmp_path / "server.log.1").read_text()) == ("second\n", "first\n")


def test_a_server_that_dies_is_an_error_that_quotes_its_log(tmp_path: Path) -> None:
    """The cause is in the message, without the frames of Java's stack trace."""
    log = tmp_path / "log"
    said = "print('FATAL no such file\\n\\tat kafka.Main(Main.java:1)'); raise SystemExit(3)"
    server = process.start([sys.executable, "-c", said], log=log)
    with pytest.raises(KafkaUnavailable, match="FATAL no such file") as caught:
        process.wait_ready(server, lambda: False, what="X", log=log, timeout_s=20, error=KafkaUnavailable)
    assert "Main.java" not in str(caught.value)


def test_a_server_that_is_never_ready_is_an_error(tmp_path: Path) -> None:
    """A server that lives but does not serve within the time is an error that names the time."""
    server = start_ready(FOREVER, tmp_path / "log")
    try:
        with pytest.raises(KafkaUnavailable, match=r"not ready after 0\.1 s"):
            process.wait_ready(
                server, lambda: False, what="X", log=tmp_path / "log", timeout_s=0.1, error=KafkaUnavailable
            )
    finally:
        server.kill()
