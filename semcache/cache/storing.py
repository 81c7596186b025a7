"""Storing an answer: refused if it is outdated already, written whole, then learned from."""

from __future__ import annotations

import json
import secrets

import redis

from semcache.cache.entries import Entries
from semcache.cache.findings import Work
from semcache.cache.inputs import Question
from semcache.cache.learning import Learning, lesson_of, neighbours_of
from semcache.cache.lineage import current_versions, outdated
from semcache.cache.record import GROUP_CHARS, NewEntry
from semcache.cache.registration import Registration
from semcache.cache.scope import Scope
from semcache.cache.stats import REFUSED
from semcache.cache.types import Miss, StoreOptions
from semcache.embed import Embedder, reads_whole
from semcache.inputs import versions
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
        registration: Registration,
    ) -> None:
        self._redis = client
        self._scope = scope
        self._entries = entries
        self._learning = learning
        self._embedder = embedder
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._registration = registration

    def keep(self, asked: Question, response: str, options: StoreOptions, miss: Miss | None = None) -> str | None:
        """Stores an answer and learns from it; its entry id, or None if a source has changed since it was read.

        The options are checked ones.
        """
        sources = versions(options.sources() if callable(options.sources) else options.sources)
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
            tags=tuple(options.tags),
            ttl_s=options.ttl or self._ttl_s,
            metadata=json.dumps(options.metadata, ensure_ascii=False),
            tokens=token_count(asked.prompt) + token_count(response) if options.tokens is None else options.tokens,
            cost=options.cost,
            compute_s=options.compute_s,
            response_format=options.response_format,
        )
        work = _work_of(miss, asked)
        # What a recheck is compared with is replaced by it.
        replaced = tuple(self._learning.answers(neighbours_of(work))) if work and work.recheck else None
        self._entries.put(entry, cap=self._max_entries, registration=self._registration)
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
