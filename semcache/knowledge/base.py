"""The knowledge base: documents with versions, kept as passages that are found by meaning and by words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.embed import Embedder, default_embedder
from semcache.errors import InvalidInput
from semcache.knowledge.order import History
from semcache.knowledge.plan import Batch, check_id, checked
from semcache.knowledge.records import Space, read_documents
from semcache.knowledge.search import Searcher
from semcache.knowledge.types import Change, Delete, Document, Found, Outcome, Upsert
from semcache.knowledge.write import Writer
from semcache.store.connect import client_of, guarded

_PAGE = 500


class KnowledgeBase:
    """Documents of one namespace. Threads and processes may share it; a change is seen whole or not at all.

    A document has a version that only grows: a change with an older or equal version has no effect, a deletion is
    remembered with its version, and so late or repeated events do no harm. `version=None` means one more than now.
    Redis applies one change at a time, at about a thousand new passages a second: `max_text_bytes` bounds how long
    one document keeps the others waiting.

    Every method may raise RedisUnavailable, those that embed EmbedderUnavailable (retry later), and InvalidInput.
    """

    def __init__(
        self,
        redis: Redis | str,
        *,
        embedder: Embedder | None = None,
        namespace: str = "default",
        clock: Callable[[], float] = time.time,
        max_text_bytes: int = 1_048_576,
    ) -> None:
        if not namespace:
            raise InvalidInput("the namespace is empty")
        self._redis = client_of(redis)
        self._embedder = embedder
        self._space = Space(namespace)
        self._clock = clock
        self._max_text_bytes = max_text_bytes

    @property
    def namespace(self) -> str:
        return self._space.namespace

    @property
    def embedder(self) -> Embedder:
        """The embedder given, or the one of the settings."""
        return self._embedder or default_embedder()

    def upsert(
        self,
        doc_id: str,
        text: str,
        *,
        title: str | None = None,
        version: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> Outcome:
        """Writes a document; only passages that are new are embedded. `at`: seconds since the epoch, None: now."""
        return self.apply([Upsert(doc_id, text, title, version, metadata, at)])[0]

    def delete(self, doc_id: str, *, version: int | None = None) -> Outcome:
        """Removes a document and leaves its version as a tombstone; with a version, also of one never seen."""
        return self.apply([Delete(doc_id, version)])[0]

    def apply(self, changes: Sequence[Change]) -> list[Outcome]:
        """Applies changes in their order: `plan`, embed, `commit`."""
        batch = self.plan(changes)
        return self.commit(batch, self._writer.embed(batch.texts))

    def plan(self, changes: Sequence[Change]) -> Batch:
        """What the changes need: embed `.texts` as passages and give the vectors to `commit`. Writes nothing."""
        return self._writer.plan([checked(change, max_text_bytes=self._max_text_bytes) for change in changes])

    def commit(self, batch: Batch, vectors: NDArray[np.float32]) -> list[Outcome]:
        """Applies a batch with the (n, dim) vectors of its texts, each document atomically.

        A document that somebody else (or an earlier change of the batch) has changed meanwhile is planned again.
        """
        return self._writer.commit(batch, vectors)

    def search(self, query: str, *, k: int = 5) -> list[Found]:
        """The best passages, best first, by cosine and BM25; each with its document's version when it was read.

        Raises:
            ConfigurationError: the documents were embedded by another model: `reindex` them.
        """
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= 1_000:
            raise InvalidInput(f"k must be a whole number 1..1000, not {k!r}")
        return Searcher(self._redis, self._space, self.embedder).search(query, k=k)

    def get(self, doc_id: str) -> Document | None:
        """The document with its text, or None if it is unknown or deleted."""
        check_id(doc_id)
        return read_documents(self._redis, self._space, [doc_id], with_text=True)[0]

    def documents(self) -> Iterator[Document]:
        """All documents by id, without their texts."""
        with guarded():
            known: Any = self._redis.hgetall(self._space.versions)
        ids = sorted(document.decode() for document, version in known.items() if int(version) > 0)
        for start in range(0, len(ids), _PAGE):
            page = read_documents(self._redis, self._space, ids[start : start + _PAGE], with_text=False)
            yield from (document for document in page if document is not None)

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """Version of each document that was ever seen; negative = deleted at that version."""
        if isinstance(ids, str):
            raise InvalidInput(f"give a list of document ids, not {ids!r} alone")
        for id in ids:
            check_id(id)
        if not ids:
            return {}
        with guarded():
            found: Any = self._redis.hmget(self._space.versions, list(ids))
        return {id: int(version) for id, version in zip(ids, found, strict=True) if version is not None}

    def numbered_by(self, doc_id: str) -> tuple[str, ...]:
        """What numbers a document's changes in its log, such as "version" or "lsn"; for most documents nothing."""
        check_id(doc_id)
        with guarded():
            place: Any = self._redis.hget(self._space.places, doc_id)
        return tuple(History.parse((place or b"").decode()).axes)

    def reindex(self) -> Iterator[str]:
        """Embeds again what another model has embedded, document by document; yields the ids. Versions stay."""
        writer = self._writer
        yield from (document.document for document in self.documents() if writer.renew(document.document))

    @property
    def _writer(self) -> Writer:
        return Writer(self._redis, self._space, self.embedder, self._clock)
