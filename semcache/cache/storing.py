"""Storing an answer: refused if it is outdated already, written whole, then learned from."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import redis

from semcache.cache.computing import Kept
from semcache.cache.entries import Entries
from semcache.cache.findings import Work
from semcache.cache.inputs import Question
from semcache.cache.learning import Learning, lesson_of, neighbours_of
from semcache.cache.lineage import current_versions, outdated, register
from semcache.cache.record import GROUP_CHARS, NewEntry
from semcache.cache.scope import Scope
from semcache.cache.stats import REFUSED
from semcache.cache.types import Miss
from semcache.embed import Embedder, reads_whole
from semcache.store.vectors import blob
from semcache.text import token_count


class Storing:
    """Stores answers into one scope. `ttl_s` None keeps them for ever, `max_entries` None does not evict."""

    def __init__(
        self,
        client: redis.Redis,
        scope: Scope,
        entries: Entries,
        learning: Learning,
        *,
        embedder: Embedder,
        ttl_s: float | None,
        max_entries: int | None,
        clock: Callable[[], float],
    ) -> None:
        self._redis = client
        self._scope = scope
        self._entries = entries
        self._learning = learning
        self._embedder = embedder
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._clock = clock

    def keep(
        self, asked: Question, response: str, kept: Kept, compute_s: float | None, miss: Miss | None = None
    ) -> str | None:
        """Stores an answer and learns from it; its entry id, or None if a source has changed since it was read."""
        sources = kept.current_sources()
        if outdated(sources, current_versions(self._redis, self._scope.namespace, sources)):
            self._entries.count(REFUSED)
            return None
        entry_id = secrets.token_hex(12)
        entry = NewEntry(
            entry_id=entry_id,
            group=entry_id[:GROUP_CHARS],
            question=asked,
            response=response,
            vector=self._vector(asked, miss),
            sources=sources,
            tags=kept.tags,
            ttl_s=kept.ttl_s or self._ttl_s,
            metadata=kept.metadata,
            tokens=token_count(asked.prompt) + token_count(response) if kept.tokens is None else kept.tokens,
            cost=kept.cost,
            compute_s=compute_s,
            response_format=kept.response_format,
        )
        work = _work_of(miss, asked)
        # What a recheck is compared with is replaced by it.
        replaced = tuple(self._learning.answers(neighbours_of(work))) if work and work.recheck else None
        register(self._redis, self._scope, sources)
        self._entries.put(entry, now=self._clock(), cap=self._max_entries)
        if work:
            self._learning.teach(lesson_of(entry, work, replaced))
        return entry.entry_id

    def _vector(self, asked: Question, miss: Miss | None) -> bytes:
        """The blob of the question's vector; empty if the model does not read the whole of it."""
        work = _work_of(miss, asked)
        if work is not None and work.findings.vector is not None:
            return blob(work.findings.vector, self._embedder.dim)
        if not reads_whole(self._embedder, asked.prompt):
            return b""
        return blob(self._embedder.embed([asked.prompt])[0], self._embedder.dim)


def _work_of(miss: Miss | None, asked: Question) -> Work | None:
    """What the lookup of this very question has found out; a miss of another one does not count."""
    work = miss.work if miss is not None else None
    return work if isinstance(work, Work) and work.findings.question.asked == asked.asked else None
