"""Locks between processes: flock on a file, held until the descriptor is closed, however its holders end.

A server inherits the descriptor of its folder's lock. So the kernel knows whether a server runs on a folder, even
when the process that started it, or the file with its pid, is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from semcache.devstack.progress import Progress
from semcache.errors import ConfigurationError, Unavailable

if sys.platform != "win32":
    import fcntl


@contextmanager
def exclusive(path: Path, *, what: str, wait_s: float, progress: Progress | None = None) -> Iterator[None]:
    """Holds the lock at `path`; waits up to `wait_s` for another process that does `what`, and tells so.

    Raises:
        Unavailable: it is still held after `wait_s`.
        ConfigurationError: the folder cannot be written.
    """
    deadline = time.monotonic() + wait_s
    pause = threading.Event()
    if (descriptor := take(path)) is None and progress:
        progress.step(f"waiting for {what} in another process")
    while descriptor is None and (descriptor := take(path)) is None:
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} in another process has not ended after {wait_s:g} s ({path} is locked)")
        pause.wait(0.05)
    try:
        yield
    finally:
        os.close(descriptor)


def take(path: Path) -> int | None:
    """An open descriptor that holds the lock, or None if it is held. Close it to release the lock.

    Raises:
        ConfigurationError: the folder cannot be written, or the system has no such locks.
    """
    if sys.platform == "win32":
        raise ConfigurationError("the embedded servers run on Linux and macOS; on Windows use WSL or Docker")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people say lies in there
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{path.parent} cannot be written ({error.strerror}): mend it, or choose another folder with "
            "--data-dir or SEMCACHE_DATA_DIR"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def holders(path: Path) -> list[psutil.Process]:
    """The user's processes that have this lock file open."""
    wanted = str(path.resolve())
    return [process for process in psutil.process_iter() if wanted in _open_files(process)]


def _open_files(process: psutil.Process) -> set[str]:
    try:
        return {file.path for file in process.open_files()}
    except (psutil.Error, OSError):
        return set()
