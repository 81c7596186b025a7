"""The working parts of a cache, each made when it is first needed: then the embedder becomes part of the scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial

import redis

from semcache.cache.computing import Computing
from semcache.cache.entries import Entries
from semcache.cache.entries.refusals import Refusals
from semcache.cache.entries.registration import Registration
from semcache.cache.entries.tally import Tally
from semcache.cache.entries.verdicts import Verdicts
from semcache.cache.learning import Learner
from semcache.cache.learning.judge import Judge, default_judge
from semcache.cache.learning.state import LearningState
from semcache.cache.lookup import Lookup, Reporter, ShadowLookup
from semcache.cache.options import CacheOptions
from semcache.cache.runtime import Runtime
from semcache.cache.scope import Scope, make_scope
from semcache.cache.storing import Storing
from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.store.verbatim import VerbatimAnswers


class Parts:
    """The parts of one cache. `walls`: its scope, but for the embedder. Arguments are checked."""

    def __init__(
        self,
        client: redis.Redis,
        walls: Scope,
        options: CacheOptions,
        *,
        embedder: Embedder | None,
        judge: Judge | None,
        max_error_rate: float,
        ttl_s: float | None,
        runtime: Runtime,
    ) -> None:
        self.redis = client
        self._walls = walls
        self._options = options
        self._embedder = embedder
        self._judge = judge
        self._max_error_rate = max_error_rate
        self._ttl_s = ttl_s
        self.runtime = runtime

    def within(self, items: Mapping[str, str]) -> Parts:
        """The same with more walls; raises InvalidInput if one is there already with another value."""
        walls = dict(self._walls.items)
        if taken := sorted(name for name in items if walls.get(name, items[name]) != items[name]):
            raise InvalidInput(f"the scope has another {', '.join(taken)} already")
        return Parts(
            self.redis,
            make_scope(self._walls.namespace, {**walls, **items}, embedder=""),
            self._options,
            embedder=self._embedder,
            judge=self._judge,
            max_error_rate=self._max_error_rate,
            ttl_s=self._ttl_s,
            runtime=self.runtime,
        )

    def verbatim(self, tenant: str) -> VerbatimAnswers:
        """Answers to the very same bytes, beside those by meaning, with the same lifetime."""
        return VerbatimAnswers(self.redis, self._walls.namespace, tenant, ttl_s=self._ttl_s)

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
            clock=self._options.replay_clock,
            idle_s=self._options.idle_ttl,
            documents=self.scope.namespace,
        )

    @cached_property
    def tally(self) -> Tally:
        worker = None if self._options.learns == "inline" else self.runtime.counts
        return Tally(self.redis, self.scope.id, worker=worker, idle_s=self.entries.idle_s)

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.redis, self.scope.id, idle_s=self.entries.idle_s, counted=self.runtime.counted)

    @cached_property
    def refusals(self) -> Refusals:
        return Refusals(self.redis, self.scope.id)

    @cached_property
    def registration(self) -> Registration:
        return Registration(self.scope, idle_s=self._options.idle_ttl, clock=self._options.replay_clock)

    @cached_property
    def reporter(self) -> Reporter | None:
        """Of what is decided; None if nobody wants to know."""
        sink = self.runtime.decisions
        return Reporter(sink, self.scope.place(self._max_error_rate)) if sink else None

    @cached_property
    def lookup(self) -> Lookup:
        share = self._options.shadow
        lookup = (partial(ShadowLookup, share=share) if share else Lookup)(
            self.entries,
            self.learner,
            self.tally,
            embedder=self.embedder,
            rule=self._options.rule,
            renewal=self.registration if self._options.refresh_ttl_on_hit else None,
            refusals=self.refusals,
        )
        lookup.report = self.reporter.looked_up if self.reporter else None
        return lookup

    @cached_property
    def learner(self) -> Learner:
        state = LearningState(self.redis, self.scope.id, idle_s=self._options.idle_ttl)
        judge = self._judge or default_judge(self.embedder)
        return Learner(
            state,
            judge=judge,
            max_error_rate=self._max_error_rate,
            when=self._options.learns,
            draw=self._options.draw,
            runtime=self.runtime,
            checked=self.reporter.checked if self.reporter else None,
        )

    @cached_property
    def storing(self) -> Storing:
        return Storing(
            self.redis,
            self.entries,
            self.learner,
            embedder=self.embedder,
            ttl_s=self._ttl_s,
            max_entries=self._options.max_entries,
            registration=self.registration,
            refusals=self.refusals,
        )

    @cached_property
    def computing(self) -> Computing:
        return Computing(
            self.redis,
            self.scope.id,
            self.lookup,
            self.storing.keep,
            refusals=self.refusals,
            runtime=self.runtime,
            lease_s=self._options.lease_s,
            alone=self._options.shadow > 0,
        )
