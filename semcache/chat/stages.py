"""How long each stage of an answer takes: seconds for the caller, spans for OpenTelemetry when its SDK is installed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace

from semcache.embed import Embedder, Kind, Vectors
from semcache.embed.window import count_tokens, window_of

_tracer = trace.get_tracer("semcache")


class Stages:
    """Stopwatch and span of one answer. The span is never the current one: answers are streamed between threads."""

    def __init__(self, name: str) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()
        self._span = _tracer.start_span(name)
        self._context = trace.set_span_in_context(self._span)

    def close(self) -> None:
        """Ends the span."""
        self._span.end()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block; a stage that comes twice adds up."""
        started = time.perf_counter()
        span = _tracer.start_span(f"semcache.{name}", context=self._context)
        try:
            yield
        finally:
            span.end()
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def move(self, seconds: float, *, of: str, to: str) -> None:
        """Counts a part of one stage as another."""
        self.add(of, -seconds)
        self.add(to, seconds)

    def finished(self) -> dict[str, float]:
        """Seconds by stage, and the total since the start."""
        return {**self.seconds, "total": time.perf_counter() - self._started}


class TimedEmbedder:
    """An embedder that knows how long it took, each thread for itself."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._local = threading.local()

    @property
    def dim(self) -> int:
        return self._inner.dim

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def window(self) -> int:
        return window_of(self._inner)

    def count_tokens(self, text: str) -> int:
        return count_tokens(self._inner, text)

    @property
    def seconds(self) -> float:
        """What this thread has spent embedding, ever."""
        return float(getattr(self._local, "seconds", 0.0))

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        started = time.perf_counter()
        try:
            return self._inner.embed(texts, kind=kind)
        finally:
            self._local.seconds = self.seconds + time.perf_counter() - started
