"""SemanticCache: answers kept by the meaning of their question, in one scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType

import redis

from semcache.cache import inputs
from semcache.cache.catalogue import drop
from semcache.cache.computing import Compute, Computing, Function, Pieces, remembered, unstored
from semcache.cache.entries import Entries
from semcache.cache.inputs import Question
from semcache.cache.judge import Judge, default_judge
from semcache.cache.labelled import LabelledPair, labelled_rows, prompts_of
from semcache.cache.learning import Draw, Learning, When, draw_of
from semcache.cache.lookup import Lookup
from semcache.cache.registration import Registration
from semcache.cache.rule import Rule
from semcache.cache.runtime import Runtime
from semcache.cache.scope import Scope, make_scope
from semcache.cache.state import LearningState
from semcache.cache.stats import INVALIDATED, REFUSED, stats_of
from semcache.cache.status import LearningStatus
from semcache.cache.storing import Storing
from semcache.cache.types import Entry, Explanation, Hit, Miss, Reason, Sources, Stats, StoreOptions
from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.inputs import check_text
from semcache.questions import QuestionClass, classify
from semcache.store.connect import client_of
from semcache.store.expiry import IDLE_S


class SemanticCache:
    """Answers by the meaning of their question. Threads may share one; many processes may use one scope.

    `scope` items are hard walls: an answer is never served to another tenant, model, system prompt or embedder. With
    `required_scope`, the scope must have exactly these names. `ttl`, like every other time, is in seconds; None keeps
    answers for ever. `max_entries` evicts the least used, with decay. An entry's lifetime is absolute unless
    `refresh_ttl_on_hit`. `idle_ttl`: how long statistics and what was learned outlive their last use. `lease_s`: how
    long a crashed process can hold up others that wait for its answer. Time is Redis' clock, the same for all hosts;
    `replay_clock` takes its place in replays and tests. `runtime`: threads that caches share, not ended by `close`.

    It learns from its traffic what it may serve so that at most `max_error_rate` of what it serves is wrong: the answer
    to a miss is compared with those of its neighbours by `judge` (see `judge.py`). `learn`: behind the requests, inline
    (for tests and replays), or off. `draw` decides which would-be hits are answered anew to check them. With a `rule`
    of one's own nothing is learned.

    It takes every prompt for a question whose answer serves everyone in the scope, at any time. With `classify`, a
    prompt that `semcache.classify` finds personal, volatile or, without `context`, a follow-up is neither looked up nor
    stored: `lookup` is a Miss that says why, `get_or_compute` computes for its caller alone.

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
        required_scope: Iterable[str] | None = None,
        max_error_rate: float = 0.02,
        ttl: float | None = 3600.0,
        max_entries: int | None = None,
        refresh_ttl_on_hit: bool = False,
        lease_s: float = 10.0,
        idle_ttl: float = IDLE_S,
        replay_clock: Callable[[], float] | None = None,
        runtime: Runtime | None = None,
        judge: Judge | None = None,
        learn: When = "background",
        draw: Draw = draw_of,
        rule: Rule | None = None,
        classify: bool = False,
    ) -> None:
        if learn not in ("background", "inline", "off"):
            raise InvalidInput(f'learn is "background", "inline" or "off", not {learn!r}')
        self._redis = client_of(redis_or_url)
        self._given_embedder = embedder
        # A wrong scope is found here, where it is written; the embedder becomes part of it when it is first needed.
        self._walls = make_scope(namespace, scope, embedder="", required=required_scope)
        self.max_error_rate = inputs.checked_budget(max_error_rate)
        self._ttl_s = inputs.checked_ttl(ttl)
        self._max_entries = inputs.checked_cap(max_entries)
        self._refresh_ttl = refresh_ttl_on_hit
        self._lease_s = inputs.checked_ttl(lease_s, name="lease_s") or 10.0
        self._idle_s = inputs.checked_ttl(idle_ttl, name="idle_ttl") or IDLE_S
        self._clock = replay_clock
        self._owned = runtime is None
        self._runtime = runtime or Runtime()
        self._judge = judge
        self._learn: When = "off" if rule is not None else learn
        self._draw = draw
        self._rule = rule
        self._classify = classify
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

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder given, or the one of the settings."""
        return self._given_embedder or default_embedder()

    @cached_property
    def scope(self) -> Scope:
        """The walls of this cache."""
        return replace(self._walls, embedder=self.embedder.fingerprint)

    @cached_property
    def _entries(self) -> Entries:
        return Entries(
            self._redis, self.scope.id, counted=self._runtime.counted, clock=self._clock, idle_s=self._idle_s
        )

    @cached_property
    def _registration(self) -> Registration:
        return Registration(self.scope, idle_s=self._idle_s, clock=self._clock)

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(
            self._redis,
            self._entries,
            namespace=self.scope.namespace,
            embedder=self.embedder,
            rule=self._rule,
            learning=self._learning,
            refresh_ttl=self._refresh_ttl,
            counts=None if self._learn == "inline" else self._runtime.counts,
            registration=self._registration,
        )

    @cached_property
    def _learning(self) -> Learning:
        state = LearningState(self._redis, self.scope.id, idle_s=self._idle_s)
        judge = self._judge or default_judge(self.embedder)
        return Learning(
            state,
            judge=judge,
            max_error_rate=self.max_error_rate,
            when=self._learn,
            draw=self._draw,
            lessons=self._runtime.lessons,
        )

    @cached_property
    def _storing(self) -> Storing:
        return Storing(
            self._redis,
            self.scope,
            self._entries,
            self._learning,
            embedder=self.embedder,
            ttl_s=self._ttl_s,
            max_entries=self._max_entries,
            registration=self._registration,
        )

    @cached_property
    def _computing(self) -> Computing:
        return Computing(
            self._redis, self.scope.id, self._lookup, self._storing.keep, runtime=self._runtime, lease_s=self._lease_s
        )

    # -- questions and answers

    def lookup(self, prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Hit | Miss:
        """The stored answer that may be served for the prompt, or why none is.

        `context`: earlier messages that the prompt depends on; only answers stored in the same context match. `tags`:
        only answers that carry all of them; what must never mix belongs into the scope.

        Raises:
            InvalidInput: the prompt is empty, too long or no valid text.
        """
        asked = inputs.question(prompt, context=context, tags=tags)
        if why := self._not_shared(asked):
            return self._lookup.refuse(why)
        return self._lookup.look_up(asked)

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

        Returns None, and stores nothing, if a source has changed since that version, or if the question is not shared
        and the cache classifies.

        Raises:
            InvalidInput: an argument is out of its range; nothing is stored.
        """
        if not isinstance(miss, Miss | None):
            raise InvalidInput(f"miss is the Miss that lookup returned, not {type(miss).__name__}")
        asked = inputs.question(prompt, context=context)
        checked = inputs.store_options(options, sources=sources, tags=tags, ttl=ttl)
        inputs.checked_response(response)
        if self._not_shared(asked):
            self._entries.count(REFUSED)
            return None
        return self._storing.keep(asked, response, checked, miss)

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
        asked, wait_s = inputs.question(prompt, context=context), inputs.checked_wait(wait_s)
        if why := self._not_shared(asked):
            self._lookup.refuse(why)
            return "".join(unstored(compute))
        return self._computing.answer(asked, compute, checked, wait_s=wait_s)

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
        asked, wait_s = inputs.question(prompt, context=context), inputs.checked_wait(wait_s)
        if why := self._not_shared(asked):
            if miss is None:
                self._lookup.refuse(why)
            return unstored(compute)
        return self._computing.pieces(asked, compute, checked, wait_s=wait_s, miss=miss)

    def cached(self, function: Function) -> Function:
        """Decorates a function of a prompt: `get_or_compute`, or `stream` for a generator function."""
        return remembered(self, function)

    def _not_shared(self, asked: Question) -> str:
        """Why an answer would serve nobody else; empty if it may, or if the cache does not classify."""
        if not self._classify:
            return ""
        found = classify(asked.prompt, embedder=self.embedder)
        complete = found.kind is QuestionClass.FOLLOW_UP and asked.context and not found.volatile
        return "" if found.kind is QuestionClass.SHARED or complete else found.reason

    # -- what is stored

    def feedback(self, hit_or_entry_id: Hit | str, *, correct: bool) -> bool:
        """Records what a user says about an answer; False if it is gone. A rejected answer is not served any more."""
        entry_id = hit_or_entry_id.entry_id if isinstance(hit_or_entry_id, Hit) else hit_or_entry_id
        check_text("the entry id", entry_id)
        verdict = self._entries.feedback(entry_id, correct=correct)
        if verdict is not None:
            self._learning.take_verdict(verdict, correct=correct)
        return verdict is not None

    def add_labelled(self, pairs: Iterable[tuple[str, str, bool]]) -> int:
        """Learns from pairs (prompt, prompt, whether one answer serves both) of one's own log; how many it could use.

        From some 300 pairs on, with both kinds among them, the cache can serve by score at once. A pair is used if its
        two relations do not contradict other pairs.

        Raises:
            InvalidInput: a prompt is empty or too long, or a label is no bool.
        """
        checked = [LabelledPair.checked(pair) for pair in pairs]
        if not checked:
            return 0
        self._registration.note(self._redis)
        return self._learning.add_labelled(labelled_rows(checked, self.embedder.embed(prompts_of(checked))))

    def learning(self) -> LearningStatus:
        """How far the learning is, what this and other budgets give, and in words why nothing is served if so."""
        self._runtime.counted()
        return self._learning.status()

    def invalidate(self, *, entry_id: str | None = None, tag: str | None = None, source: str | None = None) -> int:
        """Removes the answer of an id, or those with a tag, or those built from a document; returns how many.

        Raises:
            InvalidInput: not exactly one of the three is given.
        """
        given = [
            name for name, value in (("entry_id", entry_id), ("tag", tag), ("source", source)) if value is not None
        ]
        if len(given) != 1:
            raise InvalidInput(f"give one of entry_id, tag and source, not {' and '.join(given) or 'none'}")
        if entry_id is not None:
            ids = [entry_id]
        elif tag is not None:
            ids = self._entries.by_tag(tag)
        else:
            ids = self._entries.by_source(source or "")
        return self._entries.remove(ids, counter=INVALIDATED)

    def clear(self) -> int:
        """Removes all answers of the scope; returns how many."""
        return self._entries.clear()

    def drop(self) -> int:
        """Removes the scope: its answers, its statistics and what it has learned; returns how many answers."""
        removed = drop(self._redis, self.scope.namespace, self.scope.id, self._entries)
        self._learning.forget()
        return removed

    def get(self, prompt: str, *, context: Sequence[str] = ()) -> Entry | None:
        """The entry of exactly this question, whether it may be served or not; counts nothing, asks no model."""
        found = self._entries.exact(inputs.question(prompt, context=context).asked)
        entries = self._entries.read([found.near.entry_id]) if found else []
        return entries[0] if entries else None

    def entries(self, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """The stored answers, the most used first, fetched in pages."""
        return self._entries.all(offset=offset, limit=limit)

    def stats(self) -> Stats:
        """What this scope has done since it exists, in all processes."""
        return stats_of(self._entries)

    def explain(self, prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Explanation:
        """What `lookup` would do now, and why; counts nothing and changes nothing."""
        asked = inputs.question(prompt, context=context, tags=tags)
        if why := self._not_shared(asked):
            return Explanation(prompt, None, Reason.UNCACHEABLE, why, confidence=0.0, candidates=())
        return self._lookup.explain(asked)
