"""Storing an answer: refused if it is outdated already, written whole, then learned from."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

import redis

from semcache.cache.deciding.findings import Findings
from semcache.cache.entries import Entries
from semcache.cache.entries.lineage import current_versions, outdated
from semcache.cache.entries.records import NewEntry
from semcache.cache.entries.refusals import Refusals
from semcache.cache.entries.registration import Registration
from semcache.cache.entries.stats import REFUSED
from semcache.cache.inputs import Question
from semcache.cache.learning import Learner
from semcache.cache.learning.lessons import lesson_of, neighbours_of
from semcache.cache.types import Miss, StoreOptions
from semcache.embed import Embedder, reads_whole
from semcache.inputs import versions
from semcache.store.vectors import blob, blobs
from semcache.text import token_count

# So many answers are embedded and written at once: Redis serves nobody else for some 16 ms meanwhile.
_AT_ONCE = 16


class Storing:
    """Stores answers into one scope. `ttl_s` None keeps them for ever, `max_entries` None does not evict."""

    def __init__(
        self,
        client: redis.Redis,
        entries: Entries,
        learner: Learner,
        *,
        embedder: Embedder,
        ttl_s: float | None,
        max_entries: int | None,
        registration: Registration,
        refusals: Refusals,
    ) -> None:
        self._refusals = refusals
        self._redis = client
        self._entries = entries
        self._learner = learner
        self._embedder = embedder
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._registration = registration

    def keep(self, question: Question, response: str, options: StoreOptions, miss: Miss | None = None) -> str | None:
        """Stores an answer and learns from it; its entry id, or None if a source has changed since it was read.

        The options are checked ones.
        """
        sources = versions(options.sources() if callable(options.sources) else options.sources)
        if why := outdated(sources, current_versions(self._redis, self._registration.scope.namespace, sources)):
            self.refuse(question, why)
            return None
        entry = self._entry(question, response, options, sources, self._vector(question, miss))
        findings = _findings_of(miss, question)
        # What a recheck is compared with is replaced by it.
        replaced = tuple(self._learner.answers(neighbours_of(findings))) if findings and findings.recheck else None
        self._entries.put(entry, cap=self._max_entries, registration=self._registration)
        if findings:
            self._learner.teach(lesson_of(entry, findings, replaced))
        return entry.entry_id

    def refuse(self, question: Question, why: str) -> None:
        """Does not store an answer, and takes down why."""
        self._entries.count(REFUSED)
        self._refusals.note(question, why)

    def keep_many(self, answers: Sequence[tuple[Question, str, StoreOptions]]) -> list[str | None]:
        """Stores answers, some at a time in one round trip; as `keep` without a miss, for each of them in turn.

        A failure leaves those stored that were stored before it.
        """
        ids: list[str | None] = []
        for first in range(0, len(answers), _AT_ONCE):
            ids += self._keep_some(answers[first : first + _AT_ONCE])
        return ids

    def _keep_some(self, answers: Sequence[tuple[Question, str, StoreOptions]]) -> list[str | None]:
        sources = [versions(o.sources() if callable(o.sources) else o.sources) for _, _, o in answers]
        documents = [document for known in sources for document in known]
        current = current_versions(self._redis, self._registration.scope.namespace, documents)
        causes = [outdated(known, current) for known in sources]
        for (question, _, _), why in zip(answers, causes, strict=True):
            if why:
                self.refuse(question, why)
        fresh = [not why for why in causes]
        vectors = self._vectors([question for (question, _, _), kept in zip(answers, fresh, strict=True) if kept])
        entries = [
            self._entry(question, response, options, known, vectors[question.prompt]) if kept else None
            for (question, response, options), known, kept in zip(answers, sources, fresh, strict=True)
        ]
        stored = [entry for entry in entries if entry]
        self._entries.put(*stored, cap=self._max_entries, registration=self._registration)
        return [entry.entry_id if entry else None for entry in entries]

    def _entry(
        self, question: Question, response: str, options: StoreOptions, sources: dict[str, int], vector: bytes
    ) -> NewEntry:
        return NewEntry(
            entry_id=secrets.token_hex(12),
            question=question,
            response=response,
            vector=vector,
            sources=sources,
            tags=tuple(options.tags),
            ttl_s=options.ttl or self._ttl_s,
            metadata=json.dumps(options.metadata, ensure_ascii=False),
            tokens=token_count(question.prompt) + token_count(response) if options.tokens is None else options.tokens,
            cost=options.cost,
            compute_s=options.compute_s,
            response_format=options.response_format,
        )

    def _vectors(self, questions: Sequence[Question]) -> dict[str, bytes]:
        """The blob of each prompt's vector, all embedded at once; empty where the model does not read the whole."""
        read = [q.prompt for q in questions if reads_whole(self._embedder, q.prompt)]
        embedded = zip(read, blobs(self._embedder.embed(read), self._embedder.dim), strict=True) if read else ()
        return {q.prompt: b"" for q in questions} | dict(embedded)

    def _vector(self, question: Question, miss: Miss | None) -> bytes:
        """The blob of the question's vector; empty if the model does not read the whole of it."""
        findings = _findings_of(miss, question)
        if findings is not None and findings.vector is not None:
            return blob(findings.vector, self._embedder.dim)
        if not reads_whole(self._embedder, question.prompt):
            return b""
        return blob(self._embedder.embed([question.prompt])[0], self._embedder.dim)


def _findings_of(miss: Miss | None, question: Question) -> Findings | None:
    """What the lookup of this very question has found; a miss of another one does not count."""
    found = miss.work if miss is not None else None
    return found if isinstance(found, Findings) and found.question.fingerprint == question.fingerprint else None
