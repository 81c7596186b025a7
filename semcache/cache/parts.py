"""The working parts of a cache, each made when it is first needed: then the embedder becomes part of the scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import redis

from semcache.cache.computing import Computing
from semcache.cache.deciding import Rule
from semcache.cache.entries import Entries
from semcache.cache.entries.registration import Registration
from semcache.cache.learning import Draw, Learner, When
from semcache.cache.learning.judge import Judge, default_judge
from semcache.cache.learning.state import LearningState
from semcache.cache.lookup import Lookup
from semcache.cache.runtime import Runtime
from semcache.cache.scope import Scope
from semcache.cache.storing import Storing
from semcache.embed import Embedder, default_embedder


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """How a cache stores, serves and learns: arguments of `SemanticCache`, checked. Times are in seconds."""

    max_error_rate: float
    ttl_s: float | None
    max_entries: int | None
    refresh_ttl: bool
    lease_s: float
    idle_s: float
    clock: Callable[[], float] | None
    judge: Judge | None
    learn: When
    draw: Draw
    rule: Rule | None


class Parts:
    """The parts of one cache. `walls`: its scope, but for the embedder."""

    def __init__(
        self, client: redis.Redis, walls: Scope, embedder: Embedder | None, options: CacheOptions, runtime: Runtime
    ) -> None:
        self.redis = client
        self._walls = walls
        self._embedder = embedder
        self._options = options
        self.runtime = runtime

    @cached_property
    def embedder(self) -> Embedder:
        return self._embedder or default_embedder()

    @cached_property
    def scope(self) -> Scope:
        return replace(self._walls, embedder=self.embedder.fingerprint)

    @cached_property
    def entries(self) -> Entries:
        return Entries(
            self.redis,
            self.scope.id,
            counted=self.runtime.counted,
            clock=self._options.clock,
            idle_s=self._options.idle_s,
        )

    @cached_property
    def registration(self) -> Registration:
        return Registration(self.scope, idle_s=self._options.idle_s, clock=self._options.clock)

    @cached_property
    def lookup(self) -> Lookup:
        return Lookup(
            self.redis,
            self.entries,
            self.learner,
            embedder=self.embedder,
            rule=self._options.rule,
            refresh_ttl=self._options.refresh_ttl,
            counts=None if self._options.learn == "inline" else self.runtime.counts,
            registration=self.registration,
        )

    @cached_property
    def learner(self) -> Learner:
        state = LearningState(self.redis, self.scope.id, idle_s=self._options.idle_s)
        judge = self._options.judge or default_judge(self.embedder)
        return Learner(
            state,
            judge=judge,
            max_error_rate=self._options.max_error_rate,
            when=self._options.learn,
            draw=self._options.draw,
            runtime=self.runtime,
        )

    @cached_property
    def storing(self) -> Storing:
        return Storing(
            self.redis,
            self.entries,
            self.learner,
            embedder=self.embedder,
            ttl_s=self._options.ttl_s,
            max_entries=self._options.max_entries,
            registration=self.registration,
        )

    @cached_property
    def computing(self) -> Computing:
        return Computing(
            self.redis,
            self.scope.id,
            self.lookup,
            self.storing.keep,
            runtime=self.runtime,
            lease_s=self._options.lease_s,
        )
