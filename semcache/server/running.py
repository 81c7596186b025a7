"""Running the server: workers, requests that end before it does, and connections that say nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from contextlib import ExitStack
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

_HEAD_S = 20.0
_QUEUE = 2_048


class PatientProtocol(H11Protocol):
    """HTTP/1.1 on a connection that is closed if the head of a request takes too long."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(_HEAD_S, self._give_up)

    def _give_up(self) -> None:
        self._waiting = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


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
    return _Owned(load_settings())


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
        "timeout_graceful_shutdown": int(server.drain_s),
        "log_level": "warning",
    }
