"""Wiring and ownership: the one place where the parts of semcache are built from settings, and closed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any

import redis

from semcache.cache import SemanticCache
from semcache.cache.runtime import Runtime
from semcache.cache.types import DecisionSink
from semcache.chat import ChatEngine, Publish
from semcache.chat.stores import Stores
from semcache.chat.turns import write_to
from semcache.embed import Embedder, open_embedder
from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.knowledge import KnowledgeBase
from semcache.llm import Llm, open_llm
from semcache.memory import AgentMemory, FactReader
from semcache.memory.listing import Listing
from semcache.settings import Settings, load_settings
from semcache.settings.section import redacted
from semcache.store.connect import client_of, connect, guarded
from semcache.store.embeddings import open_embeddings
from semcache.store.expiry import Sweeper

SWEEP_INTERVAL_S = 5.0
DECISIONS = "semcache.decisions"
"""The group of entry points that open where decisions go; packages above this one know Kafka."""
LEARN_TIMEOUT_S = 5.0
"""How long closing waits for what caches still have to count and to learn, and then for facts that are being read."""


@dataclass
class App:
    """All parts of one installation. Threads share it; `open_app` makes and closes it."""

    redis: redis.Redis
    embedder: Embedder
    llm: Llm
    settings: Settings
    publish: Publish | None = None
    clock: Callable[[], float] = time.time
    runtime: Runtime = field(default_factory=Runtime)
    fact_reader: FactReader | None = None

    @cached_property
    def _stores(self) -> Stores:
        return Stores(self.redis, self.embedder, self.settings, self.clock, self.llm, self.runtime, self.fact_reader)

    def cache(self, *, scope: Mapping[str, str] | None = None, max_error_rate: float | None = None) -> SemanticCache:
        """The cache of a scope as the settings shape it; without one, the shared cache of the chat.

        `max_error_rate`: another error budget than that of the settings.
        """
        return self._stores.cache(self.engine.scope() if scope is None else scope, max_error_rate=max_error_rate)

    def allow(self, max_error_rate: float) -> None:
        """Another error budget from now on, in this process; `cache.max_error_rate` in the settings makes it last.

        Raises:
            InvalidInput: it is not within 0..0.5.
        """
        if not 0 <= max_error_rate <= 0.5:
            raise InvalidInput(f"max_error_rate must be 0..0.5, not {max_error_rate!r}")
        self._stores.allow(max_error_rate)
        self.engine.allow(max_error_rate)

    def memory(self, *, user: str) -> AgentMemory:
        """The memory of one user."""
        return self._stores.memory(user)

    def listing(self, *, user: str) -> Listing:
        """The memory of one user, to be looked through page by page."""
        return self._stores.listing(user)

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """The documents."""
        return self._stores.knowledge

    @cached_property
    def engine(self) -> ChatEngine:
        """Answers questions from all of the above."""
        return ChatEngine(
            self.redis,
            llm=self.llm,
            embedder=self.embedder,
            settings=self.settings,
            publish=self.publish or write_to(self._stores.memory),
            clock=self.clock,
            runtime=self.runtime,
        )


@contextmanager
def open_app(
    settings: Settings | None = None,
    *,
    client: redis.Redis | None = None,
    embedder: Embedder | None = None,
    llm: Llm | None = None,
    publish: Publish | None = None,
    sweep: bool = True,
    check: bool = True,
    clock: Callable[[], float] = time.time,
    **overrides: Any,
) -> Iterator[App]:
    """Opens everything, in order, and closes what it opened in reverse; what was passed in is left open.

    `overrides` are settings: `redis_url="redis://..."`, `cache_ttl_s=600`. `publish` gets the turns of the chat as
    events (default: straight into memory). `sweep`: remove expired answers in the background. `check`:
    find out now whether Redis answers.

    Raises:
        ConfigurationError: a setting is wrong.
        RedisUnavailable: Redis does not answer; `semcache up` starts one.
    """
    if settings is not None and overrides:
        raise InvalidInput(f"give settings or overrides ({', '.join(overrides)}), not both")
    settings = settings or load_settings(**overrides)
    with ExitStack() as owned:
        redis_client = client_of(client) if client is not None else _connected(settings, owned)
        if check:
            _check(redis_client, settings)
        embedder = embedder or open_embedder(
            settings.embed, model_dir=settings.model_dir, shared=open_embeddings(redis_client, settings.redis)
        )
        if llm is None:
            llm = open_llm(settings.llm, embedder=embedder)
            owned.callback(getattr(llm, "close", lambda: None))
        runtime = Runtime(decisions=owned.enter_context(_decisions(settings)))
        owned.callback(runtime.close, LEARN_TIMEOUT_S)
        fact_reader = _fact_reader(settings, llm, owned)
        if sweep:
            owned.enter_context(Sweeper(redis_client, settings.namespace, interval_s=SWEEP_INTERVAL_S))
        yield App(redis_client, embedder, llm, settings, publish, clock, runtime, fact_reader)


def _fact_reader(settings: Settings, llm: Llm, owned: ExitStack) -> FactReader | None:
    if not llm.generative or settings.memory.fact_reader != "llm":
        return None
    reader = FactReader(llm)
    owned.callback(reader.close, LEARN_TIMEOUT_S)
    return reader


@contextmanager
def _decisions(settings: Settings) -> Iterator[DecisionSink | None]:
    """Where the caches' decisions go, if the settings want them published."""
    if not settings.decisions.publish:
        yield None
        return
    found = next(iter(entry_points(group=DECISIONS)), None)
    if found is None:
        raise ConfigurationError(
            "decisions.publish is set, but nothing here publishes decisions: install semcache anew"
        )
    with found.load()(settings) as sink:
        yield sink


def _connected(settings: Settings, owned: ExitStack) -> redis.Redis:
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    owned.callback(client.close)
    return client


def _check(client: redis.Redis, settings: Settings) -> None:
    try:
        with guarded():
            client.ping()
    except RedisUnavailable as error:
        where = redacted(settings.redis.url)
        raise RedisUnavailable(
            f"{error} ({where}). `semcache up` starts a Redis here; SEMCACHE_REDIS_URL names another one",
            retry_after_s=error.retry_after_s,
        ) from error
