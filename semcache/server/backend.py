"""What the routers work with: the stores, and how to live without Redis for a while."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from semcache.app import App
from semcache.audit import AuditTrail
from semcache.errors import RedisUnavailable
from semcache.memory import AgentMemory
from semcache.questions import Classified, remembered
from semcache.server.identity import caller
from semcache.server.metrics import Metrics
from semcache.server.removals import note_removal
from semcache.settings import Settings
from semcache.store.verbatim import VerbatimAnswers
from semcache.telemetry import remembering

T = TypeVar("T")
_THREADS = 8
"""In one process more of them answer no more requests, and each waits for the interpreter, as the event loop does."""
_REST_S = 1.0


class Breaker:
    """After Redis has not answered, nobody waits for it again for a second. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_until = 0.0

    def check(self) -> None:
        """Raises RedisUnavailable while Redis rests."""
        if (left := self._closed_until - self._clock()) > 0:
            raise RedisUnavailable("Redis did not answer just now", retry_after_s=left)

    def trip(self) -> None:
        self._closed_until = self._clock() + _REST_S


@dataclass
class Backend:
    """One for each worker."""

    app: App
    metrics: Metrics
    breaker: Breaker = field(default_factory=Breaker)
    _threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    @property
    def settings(self) -> Settings:
        return self.app.settings

    @cached_property
    def class_of(self) -> Callable[[str], Classified]:
        """Whom the answer to a question serves."""
        return remembered(lambda: self.app.embedder, share_above=self.settings.cache.share_above)

    def verbatim(self, tenant: str) -> VerbatimAnswers:
        """The answers to the very same requests of a tenant."""
        return VerbatimAnswers(self.app.redis, self.settings.namespace, tenant, ttl_s=self.settings.cache.ttl_s)

    def memory(self) -> AgentMemory:
        """The memory of whoever asks."""
        return self.app.memory(user=caller.get().user)

    @property
    def trail(self) -> AuditTrail:
        """Where it is taken down what was removed."""
        return AuditTrail(self.app.redis, self.settings.namespace)

    def note_removal(self, done: object, *, via: str = "http") -> None:
        """Takes down what an operation on the memory of whoever asks has removed; asks Redis."""
        who = caller.get().user
        note_removal(self.trail, done, user=who, actor=who, via=via)

    async def run(self, work: Callable[[], T]) -> T:
        """Work that asks Redis or a model, in a thread.

        Raises:
            RedisUnavailable: Redis does not answer, or did not a moment ago.
        """

        def checked() -> T:
            self.breaker.check()  # who waited for a thread may have waited for an outage
            return work()

        self.breaker.check()
        try:
            return await anyio.to_thread.run_sync(checked, limiter=self._threads)
        except RedisUnavailable:
            self.breaker.trip()
            raise

    async def remember(self, work: Callable[[AgentMemory], T], operation: str) -> T:
        """An operation on the memory of whoever asks, by its name in traces."""

        def traced() -> T:
            store = f"{self.settings.namespace}/{digest_of(caller.get().user)}"
            with remembering(operation, store, openinference=self.settings.otel.openinference):
                done = work(self.memory())
            self.note_removal(done)
            return done

        return await self.run(traced)


def digest_of(user: str) -> str:
    """A user in a trace: who it is stays here."""
    return hashlib.sha256(user.encode()).hexdigest()[:16]
