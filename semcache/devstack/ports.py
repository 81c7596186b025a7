"""TCP ports on the loopback interface: which are free, and which to take."""

from __future__ import annotations

import socket
import threading
import time

import psutil

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """True if a server could bind this port on the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def wait_free(port: int, *, timeout_s: float) -> bool:
    """Waits for a port that is about to become free; True if it did within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True


def first_free(*preferred: int | None) -> int:
    """The first of `preferred` that is free (None is skipped), else any free port."""
    return next((port for port in preferred if port and is_free(port)), None) or free_port()


def accepts(port: int, *, host: str = LOOPBACK, timeout_s: float = 0.5) -> bool:
    """True if something accepts connections on this port of `host`."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def listener(port: int) -> psutil.Process | None:
    """The process that listens on this port, where the system lets us see it."""
    try:
        listening = (c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN)
        pid = next((c.pid for c in listening if getattr(c.laddr, "port", None) == port and c.pid), None)
        return psutil.Process(pid) if pid else None
    except psutil.Error:
        return None
