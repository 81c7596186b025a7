"""SemanticCache: answers kept by the meaning of their question, in one scope."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import redis

from semcache.cache import inputs
from semcache.cache.background import all_counted
from semcache.cache.computing import Compute, Computing, Function, Kept, Pieces, remembered
from semcache.cache.entries import Entries
from semcache.cache.flight import Flights
from semcache.cache.learning import Draw, Learning, When, draw_of
from semcache.cache.learning.judge import Judge, default_judge
from semcache.cache.learning.labelled import LabelledPair, labelled_rows, prompts_of
from semcache.cache.learning.state import LearningState
from semcache.cache.learning.status import LearningStatus
from semcache.cache.lineage import register, unregister
from semcache.cache.lookup import Lookup
from semcache.cache.rule import Rule
from semcache.cache.scope import Scope, make_scope
from semcache.cache.stats import INVALIDATED, stats_of
from semcache.cache.storing import Storing
from semcache.cache.types import Entry, Explanation, Hit, Miss, Stats
from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.store.connect import client_of


class SemanticCache:
    """Answers by the meaning of their question. Threads may share one; many processes may use one scope.

    `scope` items are hard walls: an answer is never served to another tenant, model, system prompt or embedder. With
    `required_scope`, the scope must have exactly these names. `ttl`, like every other time, is in seconds; None keeps
    answers for ever. `max_entries` evicts the least used, with decay. An entry's lifetime is absolute unless
    `refresh_ttl_on_hit`. `lease_s`: how long a crashed process can hold up others that wait for its answer.

    It learns from its traffic what it may serve so that at most `max_error_rate` of what it serves is wrong: the answer
    to a miss is compared with those of its neighbours by `judge` (see `judge.py`). `learn`: behind the requests, inline
    (for tests and replays), or off. `draw` decides which would-be hits are answered anew to check them. With a `rule`
    of one's own nothing is learned.

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
        clock: Callable[[], float] = time.time,
        judge: Judge | None = None,
        learn: When = "background",
        draw: Draw = draw_of,
        rule: Rule | None = None,
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
        self._lease_s = inputs.checked_ttl(lease_s) or 10.0
        self._clock = clock
        self._judge = judge
        self._learn: When = "off" if rule is not None else learn
        self._draw = draw
        self._rule = rule
        self._flights = Flights()

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
        return Entries(self._redis, self.scope.id)

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(
            self._redis,
            self._entries,
            namespace=self.scope.namespace,
            embedder=self.embedder,
            rule=self._rule,
            learning=self._learning,
            clock=self._clock,
            refresh_ttl=self._refresh_ttl,
            count_inline=self._learn == "inline",
        )

    @cached_property
    def _learning(self) -> Learning:
        state = LearningState(self._redis, self.scope.id)
        judge = self._judge or default_judge(self.embedder)
        return Learning(state, judge=judge, max_error_rate=self.max_error_rate, when=self._learn, draw=self._draw)

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
            clock=self._clock,
        )

    @cached_property
    def _computing(self) -> Computing:
        return Computing(
            self._redis, self.scope.id, self._lookup, self._storing.keep, flights=self._flights, lease_s=self._lease_s
        )

    # -- questions and answers

    def lookup(self, prompt: str, *, context: Sequence[str] = (), tags: Iterable[str] | None = None) -> Hit | Miss:
        """The stored answer that may be served for the prompt, or why none is.

        `context`: earlier messages that the prompt depends on; only answers stored in the same context match. `tags`:
        only answers that carry all of them; what must never mix belongs into the scope.

        Raises:
            InvalidInput: the prompt is empty, too long or no valid text.
        """
        return self._lookup.look_up(inputs.question(prompt, context=context, tags=tags))

    def store(
        self,
        prompt: str,
        response: str,
        *,
        context: Sequence[str] = (),
        sources: Mapping[str, int] | None = None,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        metadata: Mapping[str, object] | None = None,
        cost: float | None = None,
        compute_s: float | None = None,
        response_format: str = "text",
        miss: Miss | None = None,
    ) -> str | None:
        """Stores an answer in place of the one to the same question; its entry id.

        `sources`: the documents it was built from, with their versions: another version makes it stale. `ttl` None is
        the cache's default. `cost` and `compute_s`: what the answer cost to make, which each hit saves. `miss`: what
        `lookup` returned for the prompt; its vector is used again.

        Returns None, and stores nothing, if a source has changed since that version.

        Raises:
            InvalidInput: an argument is out of its range; nothing is stored.
        """
        if not isinstance(miss, Miss | None):
            raise InvalidInput(f"miss is the Miss that lookup returned, not {type(miss).__name__}")
        asked = inputs.question(prompt, context=context)
        kept = Kept.checked(
            sources=sources, tags=tags, ttl=ttl, metadata=metadata, cost=cost, response_format=response_format
        )
        compute_s = inputs.checked_amount("compute_s", compute_s)
        return self._storing.keep(asked, inputs.checked_response(response), kept, compute_s, miss)

    def get_or_compute(
        self,
        prompt: str,
        compute: Compute,
        *,
        context: Sequence[str] = (),
        sources: Mapping[str, int] | Callable[[], Mapping[str, int]] | None = None,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        metadata: Mapping[str, object] | None = None,
        cost: float | None = None,
        response_format: str = "text",
        wait_s: float = 60.0,
    ) -> str:
        """The stored answer, or the computed one, which is stored. Of many who ask at once, one computes.

        `compute()` returns the answer, or an iterator of its pieces. `sources` may be a callable: it is asked when the
        answer is complete. The others wait for at most `wait_s` seconds, then compute for themselves. If the
        computation fails, they get its error too. If Redis fails when the answer is there, it is returned unstored.

        Raises:
            InvalidInput: as `store`.
            Exception: whatever `compute` raises.
        """
        kept = Kept.checked(
            sources=sources, tags=tags, ttl=ttl, metadata=metadata, cost=cost, response_format=response_format
        )
        asked = inputs.question(prompt, context=context)
        return "".join(self._computing.pieces(asked, compute, kept, wait_s=wait_s))

    def stream(
        self,
        prompt: str,
        compute: Compute,
        *,
        context: Sequence[str] = (),
        sources: Mapping[str, int] | Callable[[], Mapping[str, int]] | None = None,
        tags: Iterable[str] = (),
        ttl: float | None = None,
        metadata: Mapping[str, object] | None = None,
        cost: float | None = None,
        response_format: str = "text",
        wait_s: float = 60.0,
        miss: Miss | None = None,
    ) -> Pieces:
        """`get_or_compute`, piece by piece: who computes gets the pieces as they come, everybody else the whole answer.

        Only a complete answer is stored: if the caller stops early or `compute` fails, nothing is. `miss`: what
        `lookup` returned for the prompt; it is not looked up again. The generator's return value, an `Outcome`, says
        where the answer came from. `compute` may return a `Computed`: what it knows only at the end.
        """
        kept = Kept.checked(
            sources=sources, tags=tags, ttl=ttl, metadata=metadata, cost=cost, response_format=response_format
        )
        asked = inputs.question(prompt, context=context)
        return self._computing.pieces(asked, compute, kept, wait_s=wait_s, miss=miss)

    def cached(self, function: Function) -> Function:
        """Decorates a function of a prompt: `get_or_compute`, or `stream` for a generator function."""
        return remembered(self, function)

    # -- what is stored

    def feedback(self, hit_or_entry_id: Hit | str, *, correct: bool) -> bool:
        """Records what a user says about an answer; False if it is gone. A rejected answer is not served any more."""
        entry_id = hit_or_entry_id.entry_id if isinstance(hit_or_entry_id, Hit) else hit_or_entry_id
        inputs.checked_text("the entry id", entry_id)
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
        register(self._redis, self.scope, ())
        return self._learning.add_labelled(labelled_rows(checked, self.embedder.embed(prompts_of(checked))))

    def learning(self) -> LearningStatus:
        """How far the learning is, what this and other budgets give, and in words why nothing is served if so."""
        all_counted()
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
        removed = self._entries.clear()
        self._learning.forget()
        self._entries.forget()
        unregister(self._redis, self.scope)
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
        return self._lookup.explain(inputs.question(prompt, context=context, tags=tags))
