"""Prometheus metrics of the HTTP server: their names, labels and meanings."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The metrics of one worker; with several, each worker shows those of all."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter("semcache_server_requests", "requests", ("route", "status"), registry=self._registry)
        self.seconds = Histogram(
            "semcache_server_request_seconds",
            "from the first byte of a request to the last of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.answers = Counter(
            "semcache_server_answers",
            "answers of the proxy, by where they came from",
            ("outcome", "kind"),
            registry=self._registry,
        )
        self.tokens_saved = Counter("semcache_server_saved_tokens", "tokens that hits saved", registry=self._registry)

    def page(self) -> tuple[bytes, str]:
        """What /metrics says, and its content type."""
        registry = self._registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
