"""SemanticCache: answers kept by the meaning of their question, in one scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from types import TracebackType
from typing import Any

import redis

from semcache.cache import inputs
from semcache.cache.computing import Compute, Function, Pieces, bridge, remembered, unstored
from semcache.cache.contents import Contents
from semcache.cache.entries.stats import REFUSED
from semcache.cache.inputs import Question
from semcache.cache.learning.judge import Judge
from semcache.cache.options import CacheOptions, checked
from semcache.cache.parts import Parts
from semcache.cache.runtime import Runtime
from semcache.cache.scope import Scope, make_scope
from semcache.cache.types import Explanation, Hit, Miss, Reason, Sources, StoreOptions
from semcache.cache.warming import KnownAnswer, checked_answer
from semcache.embed import Embedder
from semcache.errors import InvalidInput
from semcache.questions import QuestionClass, classify
from semcache.store.connect import client_of
from semcache.store.verbatim import VerbatimAnswers


class SemanticCache(Contents):
    """Answers by the meaning of their question. Threads may share one; many processes may use one scope.

    `scope` items are hard walls: an answer is never served to another tenant, model, system prompt or embedder. `ttl`
    is in seconds; None keeps answers for ever.

    It learns from its traffic what it may serve so that at most `max_error_rate` of what it serves is wrong: the answer
    to a miss is compared with those of its neighbours by `judge` (see `judge.py`).

    It takes every prompt for a question whose answer serves everyone in the scope, at any time. With the option
    `classify` it does not: what serves few is neither looked up nor stored, `lookup` is a Miss that says why, and
    `get_or_compute` computes for its caller alone. Whatever else can be set is in `options`.

    What it serves is counted behind the answer: this process sees it in `stats` at once, others milliseconds later.

    Nothing is sent to Redis and no model is loaded before the first call. Every method raises RedisUnavailable when
    Redis does not answer: an outage never looks like a miss.

    Raises:
        InvalidInput: an argument is out of its range.
    """

    def __init__(
        self,
        redis_or_url: redis.Redis | str,
        *,
        embedder: Embedder | None = None,
        namespace: str = "default",
        scope: Mapping[str, str] | None = None,
        max_error_rate: float = 0.02,
        ttl: float | None = 3600.0,
        judge: Judge | None = None,
        options: CacheOptions | None = None,
        **named: Any,
    ) -> None:
        chosen = checked(options, named)  # any field of CacheOptions may be given by its name as well
        self.max_error_rate = inputs.checked_budget(max_error_rate)
        self._redis = client_of(redis_or_url)
        # A wrong scope is found here, where it is written; the embedder becomes part of it when it is first needed.
        walls = make_scope(namespace, scope, embedder="", required=chosen.required_scope)
        self._runtime = chosen.runtime or Runtime()
        super().__init__(
            Parts(
                self._redis,
                walls,
                chosen,
                embedder=embedder,
                judge=judge,
                max_error_rate=self.max_error_rate,
                ttl_s=inputs.checked_ttl(ttl),
                runtime=self._runtime,
            )
        )
        self._classify = chosen.classify
        self._owned = chosen.runtime is None
        self._opened = isinstance(redis_or_url, str)

    def close(self) -> None:
        """Waits until what was served is counted and learned, 5 s at most, and closes the connection if it opened it.

        Without it the process does so when it ends. A closed cache can be used again.
        """
        if self._owned:
            self._runtime.close()
        if self._opened:
            self._redis.close()

    def __enter__(self) -> SemanticCache:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def embedder(self) -> Embedder:
        """The embedder given, or the one of the settings."""
        return self._parts.embedder

    @property
    def scope(self) -> Scope:
        """The walls of this cache."""
        return self._parts.scope

    def within(self, items: Mapping[str, str]) -> SemanticCache:
        """This cache with more walls around it; both share connection, threads and options.

        Raises:
            InvalidInput: an item is no text, or changes a wall that is there.
        """
        inner = copy(self)
        inner._parts = self._parts.within(items)
        inner._owned = inner._opened = False
        return inner

    def verbatim(self, tenant: str) -> VerbatimAnswers:
        """Answers to the very same bytes, for drop-ins that need them; `tenant` parts one kind from another."""
        return self._parts.verbatim(tenant)

    def warm_up(self) -> None:
        """Loads the embedding model and opens the connection, so that no request waits for them.

        Raises:
            RedisUnavailable: Redis does not answer.
            EmbedderUnavailable: the model cannot be had.
        """
        self.embedder.embed(["warm"])
        self._parts.entries.exact(inputs.question("warm").fingerprint)

    # -- questions and answers

    def lookup(self, prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Hit | Miss:
        """The stored answer that may be served for the prompt, or why none is.

        `context`: earlier messages that the prompt depends on; only answers stored in the same context match. `tags`:
        only answers that carry all of them; what must never mix belongs in the scope.

        Raises:
            InvalidInput: the prompt is empty, too long or no valid text.
        """
        question = inputs.question(prompt, context=context, tags=tags)
        if why := self._not_shared(question):
            return self._parts.lookup.refuse(why)
        return self._parts.lookup.look_up(question)

    def store(
        self,
        prompt: str,
        response: str,
        *,
        context: Sequence[str] = (),
        sources: Mapping[str, int] | None = None,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        options: StoreOptions | None = None,
        miss: Miss | None = None,
    ) -> str | None:
        """Stores an answer in place of the one to the same question; its entry id.

        `sources`: the documents it was built from, with their versions: another version makes it stale. `ttl` None is
        the cache's default. `options`: these and whatever else is stored with an answer, see `StoreOptions`; what is
        given by name comes first. `miss`: what `lookup` returned for the prompt; its vector is used again.

        Returns None, and stores nothing, if the knowledge base has another version of a source, or if the question is
        not shared and the cache classifies; `explain` says which.

        Raises:
            InvalidInput: an argument is out of its range; nothing is stored.
        """
        if not isinstance(miss, Miss | None):
            raise InvalidInput(f"miss is the Miss that lookup returned, not {type(miss).__name__}")
        question = inputs.question(prompt, context=context)
        checked = inputs.store_options(options, sources=sources, tags=tags, ttl=ttl)
        inputs.checked_response(response)
        if self._not_shared(question):
            self._parts.entries.count(REFUSED)
            return None
        return self._parts.storing.keep(question, response, checked, miss)

    def store_many(
        self, answers: Iterable[tuple[str, str] | KnownAnswer], *, options: StoreOptions | None = None
    ) -> list[str | None]:
        """Stores many answers at once, as `store` does each in turn; their entry ids.

        `answers`: (prompt, response), or `KnownAnswer` where one has sources, tags or a lifetime of its own, which take
        the place of those in `options`. Embedding and round trips are shared: some 1.5 times as many in a second.

        Raises:
            InvalidInput: an argument is out of its range; nothing is stored.
        """
        shared = inputs.store_options(options)
        checked = [checked_answer(answer, shared) for answer in answers]
        kept = [not self._not_shared(question) for question, _, _ in checked]
        if refused := kept.count(False):
            self._parts.entries.count(REFUSED, refused)
        ids = iter(self._parts.storing.keep_many([answer for answer, keep in zip(checked, kept, strict=True) if keep]))
        return [next(ids) if keep else None for keep in kept]

    def get_or_compute(
        self,
        prompt: str,
        compute: Compute,
        *,
        context: Sequence[str] = (),
        sources: Sources | None = None,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        options: StoreOptions | None = None,
        wait_s: float = 60.0,
    ) -> str:
        """The stored answer, or the computed one, which is stored. Of many who ask at once, one computes.

        `compute()` returns the answer, or an iterator of its pieces. `sources` may be a callable: it is asked when the
        answer is complete. The others wait for at most `wait_s` seconds, then compute for themselves. If the
        computation fails, they get its error too. If Redis cannot be written (full, read-only), or the answer cannot be
        stored once it is there, it is returned all the same, and a warning logged. `options`: as `store`.

        Raises:
            InvalidInput: as `store`, before anything is computed; or `compute` returns no text.
            Exception: whatever `compute` raises.
        """
        checked = inputs.store_options(options, sources=sources, tags=tags, ttl=ttl)
        question, wait_s = inputs.question(prompt, context=context), inputs.checked_wait(wait_s)
        if why := self._not_shared(question):
            self._parts.lookup.refuse(why)
            return "".join(unstored(compute))
        return self._parts.computing.answer(question, compute, checked, wait_s=wait_s)

    def stream(
        self,
        prompt: str,
        compute: Compute,
        *,
        context: Sequence[str] = (),
        sources: Sources | None = None,
        ttl: float | None = None,
        options: StoreOptions | None = None,
        wait_s: float = 60.0,
        miss: Miss | None = None,
    ) -> Pieces:
        """`get_or_compute`, piece by piece: who computes gets the pieces as they come, everybody else the whole answer.

        `compute` runs in a thread that does not wait for the reader: a slow one holds nobody up. Only a complete answer
        is stored: if the generator is closed before, or `compute` fails, nothing is. `miss`: what
        `lookup` returned for the prompt; it is not looked up again. The generator's return value, an `Outcome`, says
        where the answer came from. `compute` may return a `Computed`: what it knows only at the end.
        """
        checked = inputs.store_options(options, sources=sources, ttl=ttl)
        question, wait_s = inputs.question(prompt, context=context), inputs.checked_wait(wait_s)
        if why := self._not_shared(question):
            if miss is None:
                self._parts.lookup.refuse(why)
            return unstored(compute)
        return self._parts.computing.pieces(question, compute, checked, wait_s=wait_s, miss=miss)

    def cached(self, function: Function) -> Function:
        """Decorates a function of a prompt, synchronous or not: `get_or_compute`, or `stream` for a generator."""
        return bridge.remembered(self, function) if bridge.is_async(function) else remembered(self, function)

    def explain(self, prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Explanation:
        """What `lookup` would do now, and why; counts nothing and changes nothing."""
        question = inputs.question(prompt, context=context, tags=tags)
        if why := self._not_shared(question):
            return Explanation(prompt, None, Reason.UNCACHEABLE, why, confidence=0.0, candidates=())
        return self._parts.lookup.explain(question)

    def _not_shared(self, question: Question) -> str:
        """Why an answer would serve nobody else; empty if it may, or if the cache does not classify."""
        if not self._classify:
            return ""
        found = classify(question.prompt, embedder=self.embedder)
        complete = found.kind is QuestionClass.FOLLOW_UP and question.context and not found.volatile
        shared = found.kind is QuestionClass.SHARED and not found.verbatim
        return "" if shared or complete else found.reason
