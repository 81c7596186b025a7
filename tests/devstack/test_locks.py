"""Locks between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from semcache.devstack import locks, process
from semcache.errors import ConfigurationError, Unavailable
from tests.waiting import wait_until


def test_a_held_lock_is_not_taken(tmp_path: Path) -> None:
    """The second taker gets nothing until the first has let go."""
    first = locks.take(tmp_path / "lock")
    assert first is not None
    assert locks.take(tmp_path / "lock") is None
    os.close(first)
    again = locks.take(tmp_path / "lock")
    assert again is not None
    os.close(again)


def test_a_server_holds_the_lock_it_inherits_until_it_is_killed(tmp_path: Path) -> None:
    """The starter's descriptor is closed, the lock stays and its holder is found; kill -9 of the server frees it."""
    lock = locks.take(tmp_path / "lock")
    assert lock is not None
    pause = [sys.executable, "-c", "import signal; signal.pause()"]
    server = process.start(pause, log=tmp_path / "log", keep_open=(lock,))
    os.close(lock)
    assert locks.take(tmp_path / "lock") is None
    assert [holder.pid for holder in locks.holders(tmp_path / "lock")] == [server.pid]
    os.kill(server.pid, signal.SIGKILL)
    wait_until("the lock is free", lambda: not locks.holders(tmp_path / "lock"))
    freed = locks.take(tmp_path / "lock")
    assert freed is not None
    os.close(freed)


def test_waiting_for_a_lock_ends_with_an_error_that_names_who_is_waited_for(tmp_path: Path) -> None:
    """Unavailable, not a hang."""
    with (
        locks.exclusive(tmp_path / "lock", what="the other", wait_s=1),
        pytest.raises(Unavailable, match="the other in another process"),
        locks.exclusive(tmp_path / "lock", what="the other", wait_s=0.1),
    ):
        pass


def test_a_waiter_gets_the_lock_when_the_holder_ends(tmp_path: Path) -> None:
    """A holder that is killed frees the lock for the one who waits."""
    code = (
        "import signal; from pathlib import Path; from semcache.devstack import locks\n"
        f"with locks.exclusive(Path({str(tmp_path / 'lock')!r}), what='x', wait_s=1):\n"
        "    print('held', flush=True); signal.pause()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    with holder.stdout as said:
        said.readline()
    holder.kill()
    holder.wait()
    with locks.exclusive(tmp_path / "lock", what="x", wait_s=10):
        assert locks.take(tmp_path / "lock") is None


def test_a_folder_that_cannot_be_written_is_told_with_the_way_out() -> None:
    """A read-only place is a configuration error that names the option."""
    with pytest.raises(ConfigurationError, match="--data-dir or SEMCACHE_DATA_DIR"):
        locks.take(Path("/proc/semcache/lock"))
