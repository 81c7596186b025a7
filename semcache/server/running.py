"""Running the server: workers, requests that end before it does, and connections that say nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
import threading
from contextlib import ExitStack
from multiprocessing import parent_process
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from semcache.app import open_app
from semcache.server.application import create
from semcache.server.identity import check_closed
from semcache.server.metrics import MULTIPROCESS
from semcache.settings import Settings, load_settings
from semcache.settings.settings import as_environment

_QUEUE = 2_048
_START_S = 120
"""A worker that says nothing for so long is replaced; it says nothing before its modules are imported."""
_REST_S = 75
"""Clients keep connections to use them again: whoever closes first must not do so while a request is under way."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 on a connection that ends if the head of a request, or the reading of an answer, takes too long.

    How long a body may take is checked where it is read; between requests a connection may rest for `_REST_S`.
    """

    head_s = 20.0
    unread_s = 60.0
    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = self.loop.call_later(self.head_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            _cancel(self._head)
            self._head = None
        elif self._head is None:  # a request has begun whose head is not whole
            self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            _cancel(self._unread)

    def eof_received(self) -> None:
        """The connection now closes when what is left has been read, which may be never."""
        super().eof_received()
        _cancel(self._unread)
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head)
        _cancel(self._unread)
        super().connection_lost(exc)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


class _Owned:
    """The application with the stores that it opens when it starts, and closes when it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = create(self._stack.enter_context(open_app(self._settings, check=False)))
        await self._app(scope, receive, send)
        if scope["type"] == "lifespan":
            await asyncio.to_thread(self._stack.close)


def from_environment() -> ASGIApp:
    """The application of a worker, from the settings that its parent wrote into the environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    if (supervisor := parent_process()) is not None:
        threading.Thread(target=_end_with, args=(supervisor,), name="semcache-supervisor", daemon=True).start()
    return _Owned(load_settings())


def _end_with(supervisor: Any) -> None:
    """A worker whose supervisor is gone, however it ended, ends as if it had been told to."""
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or Ctrl-C; what is being answered then has `server.drain_s` seconds to end.

    Raises:
        ConfigurationError: the address is reached by other machines, and there are no keys.
    """
    server = settings.server
    check_closed(server)
    with ExitStack() as stack:
        if server.workers > 1:
            os.environ[MULTIPROCESS] = stack.enter_context(tempfile.TemporaryDirectory(prefix="semcache-metrics-"))
        os.environ.update(as_environment(settings))
        uvicorn.run("semcache.server.running:from_environment", factory=True, **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    server = settings.server
    return {
        "host": server.host,
        "port": server.port,
        "workers": server.workers,
        "http": PatientProtocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "backlog": _QUEUE,
        "timeout_keep_alive": _REST_S,
        "timeout_worker_healthcheck": _START_S,
        "timeout_graceful_shutdown": int(server.drain_s),
        "log_level": "warning",
    }
