"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest

from semcache.errors import ConfigurationError

Health = Callable[[], Mapping[str, str]]
"""What is wrong, by part; empty while all is well. `worker` among them means that a restart is due."""


@contextmanager
def serving(host: str, port: int, *, health: Health, registry: CollectorRegistry) -> Iterator[int]:
    """Serves in the background; the port it listens on. Port 0 takes a free one.

    Raises:
        ConfigurationError: the address is taken.
    """
    try:
        server = ThreadingHTTPServer((host, port), partial(_Handler, health, registry))
    except OSError as error:
        raise ConfigurationError(
            f"http://{host}:{port} cannot be served ({error}): SEMCACHE_INGEST_HTTP_PORT names another port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="ingest-http", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, health: Health, registry: CollectorRegistry, *args: object) -> None:
        self._health = health
        self._registry = registry
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """/healthz: the process works; /readyz: and so do Kafka and Redis; /metrics: Prometheus."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._send(200, generate_latest(self._registry), "text/plain; version=0.0.4; charset=utf-8")
        elif path == "/readyz":
            wrong = dict(self._health())
            self._json(503 if wrong else 200, {"ready": not wrong, "wrong": wrong})
        elif path == "/healthz":
            stuck = self._health().get("worker")
            self._json(503 if stuck else 200, {"alive": not stuck} | ({"wrong": stuck} if stuck else {}))
        else:
            self._json(404, {"paths": ["/healthz", "/readyz", "/metrics"]})

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds: nothing to tell."""

    def _json(self, status: int, body: Mapping[str, object]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
