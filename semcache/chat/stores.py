"""The stores of one installation as the settings shape them: caches by scope, memories by user, documents."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import redis

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.learning.judge import default_judge
from semcache.cache.runtime import Runtime
from semcache.cache.scopes.erasure import answers_of
from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.llm import Llm
from semcache.memory import AgentMemory, FactReader
from semcache.memory.listing import Listing
from semcache.memory.stored.layout import UserKeys
from semcache.questions import Classified, classify
from semcache.questions.languages import LanguageCounts
from semcache.settings import Settings
from semcache.store.sealing import Sealer, open_sealer

_MOST_CACHES = 1_000


@dataclass
class Stores:
    """Opens stores on one Redis with one embedder; threads may share it. Nothing is sent before a store is used.

    `llm` compares answers if the settings want it to (`cache.judge`); `fact_reader` reads what memories are told.
    """

    redis: redis.Redis
    embedder: Embedder
    settings: Settings
    clock: Callable[[], float] = time.time
    llm: Llm | None = None
    runtime: Runtime = field(default_factory=Runtime)
    fact_reader: FactReader | None = None
    _caches: OrderedDict[tuple[object, ...], SemanticCache] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def cache(self, scope: Mapping[str, str], *, max_error_rate: float | None = None) -> SemanticCache:
        """The cache of a scope; the same one for the same scope, so that one flight serves all threads.

        `max_error_rate`: another error budget than that of the settings.
        """
        key = (max_error_rate, *sorted(scope.items()))
        with self._lock:
            cache = self._caches.pop(key, None) or self._new_cache(scope, max_error_rate)
            self._caches[key] = cache
            if len(self._caches) > _MOST_CACHES:
                self._caches.popitem(last=False)
        return cache

    def allow(self, max_error_rate: float) -> None:
        """From now on caches are opened with this error budget."""
        cache = self.settings.cache.model_copy(update={"max_error_rate": max_error_rate})
        with self._lock:
            self.settings = self.settings.model_copy(update={"cache": cache})
            self._caches.clear()

    def _new_cache(self, scope: Mapping[str, str], max_error_rate: float | None) -> SemanticCache:
        wanted = self.settings.cache
        return SemanticCache(
            self.redis,
            embedder=self.embedder,
            namespace=self.settings.namespace,
            scope=scope,
            max_error_rate=wanted.max_error_rate if max_error_rate is None else max_error_rate,
            ttl=wanted.ttl_s,
            judge=default_judge(self.embedder, self.llm if wanted.judge == "llm" else None),
            options=CacheOptions(
                max_entries=wanted.max_entries,
                refresh_ttl_on_hit=wanted.refresh_ttl_on_hit,
                idle_ttl=wanted.idle_ttl_s,
                runtime=self.runtime,
                shadow=wanted.shadow,
            ),
        )

    def memory(self, user: str) -> AgentMemory:
        """The memory of one user."""
        return AgentMemory(
            self.redis,
            user=user,
            embedder=self.embedder,
            namespace=self.settings.namespace,
            session_ttl_s=self.settings.memory.session_ttl_s,
            max_turns=self.settings.memory.max_turns,
            max_age_s=self.settings.memory.max_age_s,
            sealer=self._sealer,
            derived=[answers_of(self.redis, self.settings.namespace)],
            fact_reader=self.fact_reader,
            clock=self.clock,
        )

    def listing(self, user: str) -> Listing:
        """The same memory, to be looked through page by page."""
        return Listing(self.redis, UserKeys(self.settings.namespace, user), self._sealer)

    @cached_property
    def languages(self) -> LanguageCounts:
        """The languages that are asked in."""
        return LanguageCounts(self.redis, self.settings.namespace, self.embedder, self.clock)

    def classify(self, question: str) -> Classified:
        """Whom the answer to a question serves."""
        return classify(question, embedder=self.embedder, share_above=self.settings.cache.share_above)

    @cached_property
    def _sealer(self) -> Sealer:
        return open_sealer(self.settings.seal)

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """The documents."""
        return KnowledgeBase(self.redis, embedder=self.embedder, namespace=self.settings.namespace, clock=self.clock)
