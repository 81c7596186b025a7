"""The server on a port of its own, in front of a real upstream, with two tenants: alice and bob."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp

from semcache.app import open_app
from semcache.devstack.ports import free_port
from semcache.embed import Embedder
from semcache.server.application import create
from semcache.server.running import PatientProtocol
from semcache.settings import load_settings
from tests.server.upstream import Upstream
from tests.waiting import wait_until

KEYS = {"key-of-alice": "alice", "key-of-bob": "bob"}


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    upstream: Upstream
    redis_url: str


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """An ASGI application on a free port; its URL."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_level="error", http=PatientProtocol, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until("the server has started", lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def serve(redis_url: str, embedder: Embedder, namespace: str) -> Iterator[Callable[..., Served]]:
    """Starts a server with settings of its own: `serve(max_body_bytes=1000)`."""
    with ExitStack() as stack:

        def start(redis: str = redis_url, **server: Any) -> Served:
            upstream = Upstream()
            address = stack.enter_context(running(upstream.app()))
            keys = {hashlib.sha256(key.encode()).hexdigest(): tenant for key, tenant in KEYS.items()}
            given = {"keys": keys, "upstreams": [{"url": address}], **server}
            settings = load_settings(redis_url=redis, namespace=namespace, server=given)
            app = stack.enter_context(open_app(settings, embedder=embedder, check=False, sweep=False))
            return Served(stack.enter_context(running(create(app))), upstream, redis)

        yield start


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()
