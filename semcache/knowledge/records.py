"""How documents and passages lie in Redis: reading what is stored, and the arguments of the change script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis
from redis.client import Pipeline

from semcache.errors import InvalidInput
from semcache.knowledge.chunk import Chunk, size
from semcache.knowledge.plan import Plan, Stored, encoded_metadata
from semcache.knowledge.types import Document, Upsert
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.postings import Postings, Weighting
from semcache.store.vectors import Quantisation, VectorSet, blob
from semcache.text.tokens import stems

# Recall at 10 against exact search, passages of the same kind: .978 (9,300 questions: .987), cosines off by .001, at
# most .005, and ranked again with 200 candidates; half the memory (1.1 KB a passage) of NOQUANT.
QUANTISATION: Quantisation = "Q8"
WEIGHTING = Weighting(reference_length=100)  # stems of a passage of some 170 words under its headings

Terms = tuple[int, list[str]]
"""Number of a passage's stems with repetition, and each stem once."""


@dataclass(frozen=True, slots=True)
class Space:
    """The keys of one namespace."""

    namespace: str

    @property
    def versions(self) -> str:
        return keys.DOCUMENT_VERSIONS.build(namespace=self.namespace)

    @property
    def places(self) -> str:
        return keys.DOCUMENT_PLACES.build(namespace=self.namespace)

    @property
    def corpus(self) -> str:
        return keys.CHUNK_CORPUS.build(namespace=self.namespace)

    def document(self, document: str) -> str:
        return keys.DOCUMENT.build(namespace=self.namespace, document=document)

    def chunk(self, chunk_id: str) -> str:
        return keys.CHUNK.build(namespace=self.namespace, chunk=chunk_id)

    def stem(self, stem: str) -> str:
        return keys.CHUNK_STEM.build(namespace=self.namespace, stem=stem)

    def vectors(self, fingerprint: str) -> str:
        return keys.CHUNK_VECTORS.build(namespace=self.namespace, fingerprint=fingerprint)

    def vector_set(self, redis: Redis, *, fingerprint: str, dim: int) -> VectorSet:
        return VectorSet(redis, self.vectors(fingerprint), dim=dim, quantisation=QUANTISATION)

    def postings(self, redis: Redis) -> Postings:
        return Postings(redis, stem_key=self.stem, corpus_key=self.corpus, weighting=WEIGHTING)


def read_stored(redis: Redis, space: Space, documents: Sequence[str]) -> dict[str, Stored]:
    """What is known of each document, in one round trip."""
    with guarded(), redis.pipeline(transaction=True) as pipe:
        for document in documents:
            pipe.hmget(space.document(document), "chunks", "fingerprint")
        if documents:
            pipe.hmget(space.versions, documents)
            pipe.hmget(space.places, documents)
        replies = pipe.execute()
    if not documents:
        return {}
    *rows, versions, places = replies
    return {document: _stored(*row) for document, *row in zip(documents, versions, places, rows, strict=True)}


def read_terms(redis: Redis, space: Space, chunk_ids: Sequence[str]) -> dict[str, Terms]:
    """The stems under which passages are posted, in one round trip; passages that are gone have none."""
    if not chunk_ids:
        return {}
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for chunk_id in chunk_ids:
            pipe.hmget(space.chunk(chunk_id), "terms", "stems")
        replies = pipe.execute()
    return {
        chunk_id: (int(terms or 0), (posted or b"").decode().split())
        for chunk_id, (terms, posted) in zip(chunk_ids, replies, strict=True)
    }


def read_documents(redis: Redis, space: Space, documents: Sequence[str], *, with_text: bool) -> list[Document | None]:
    """The stored documents, None for those that are not there."""
    names = ["title", "version", "at", "chunks", "words", "metadata", *(["text"] if with_text else [])]
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for document in documents:
            pipe.hmget(space.document(document), names)
        replies = pipe.execute()
    return [_document(document, names, reply) for document, reply in zip(documents, replies, strict=True)]


def queue_change(
    pipe: Pipeline,
    space: Space,
    plan: Plan,
    vectors: NDArray[np.float32],
    *,
    fingerprint: str,
    removed: Mapping[str, Terms],
    now: float,
) -> None:
    """Queues the script that applies one plan; `vectors` (n, dim) belong to `plan.added`."""
    if len(vectors) != len(plan.added):
        raise InvalidInput(f"{len(plan.added)} passages are new, but {len(vectors)} vectors were given")
    numbered = _KeyTable(
        [
            space.versions,
            space.places,
            space.document(plan.change.document),
            space.corpus,
            space.vectors(fingerprint),
            space.vectors(plan.old_fingerprint or fingerprint),
        ]
    )
    said = {
        "document": plan.change.document,
        "base": plan.base.version,
        "base_place": plan.base.place,
        "version": plan.version,
        "place": plan.place,
        "quantisation": QUANTISATION,
        "fields": _document_fields(plan, fingerprint, now),
        "removed": [_removed(space, numbered, chunk_id, *removed[chunk_id]) for chunk_id in plan.removed],
        "added": [_added(space, numbered, plan, chunk) for chunk in plan.added],
    }
    blobs = [blob(vector, vectors.shape[1]) for vector in vectors]
    script("knowledge_change")(pipe, numbered.names, [json.dumps(said), *blobs])


def queue_look(pipe: Pipeline, space: Space, plan: Plan) -> None:
    """Queues two reads, of version and place: whether a plan that writes nothing was made for what is still there."""
    pipe.hget(space.versions, plan.change.document)
    pipe.hget(space.places, plan.change.document)


@dataclass(slots=True)
class _KeyTable:
    """The script's KEYS, each once; `number` counts from 1 as Lua does."""

    names: list[str]
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        if name not in self._numbers:
            self.names.append(name)
            self._numbers[name] = len(self.names)
        return self._numbers[name]


def _added(space: Space, numbered: _KeyTable, plan: Plan, chunk: Chunk) -> dict[str, Any]:
    terms = stems(chunk.embedded)
    weights = WEIGHTING.weights(terms)
    fields = {
        "document": plan.change.document,
        "title": plan.title,
        "context": chunk.context,
        "text": chunk.text,
        "terms": str(len(terms)),
        "stems": " ".join(weights),
    }
    return {
        "id": chunk.id,
        "key": numbered.number(space.chunk(chunk.id)),
        "terms": len(terms),
        "postings": [numbered.number(space.stem(stem)) for stem in weights],
        "weights": [repr(weight) for weight in weights.values()],
        "fields": [part for pair in fields.items() for part in pair],
    }


def _removed(space: Space, numbered: _KeyTable, chunk_id: str, terms: int, posted: list[str]) -> dict[str, Any]:
    postings = [numbered.number(space.stem(stem)) for stem in posted]
    return {"id": chunk_id, "key": numbered.number(space.chunk(chunk_id)), "terms": terms, "postings": postings}


def _document_fields(plan: Plan, fingerprint: str, now: float) -> list[str]:
    change = plan.change
    if not isinstance(change, Upsert):
        return []
    fields = {
        "title": plan.title,
        "text": change.text,
        "metadata": encoded_metadata(change.metadata),
        "at": repr(float(now if change.at is None else change.at)),
        "words": str(size(change.text)),
        "chunks": json.dumps([chunk.id for chunk in plan.chunks]),
        "fingerprint": fingerprint,
    }
    return [part for pair in fields.items() for part in pair]


def _stored(version: bytes | None, place: bytes | None, known: Sequence[bytes | None]) -> Stored:
    chunk_ids, fingerprint = known
    chunks = tuple(json.loads(chunk_ids or "[]"))
    return Stored(int(version or 0), (place or b"").decode(), chunks, (fingerprint or b"").decode())


def _document(document: str, names: Sequence[str], values: Sequence[bytes | None]) -> Document | None:
    said = {name: value.decode() for name, value in zip(names, values, strict=True) if value is not None}
    if not said:
        return None
    return Document(
        document=document,
        title=said["title"] or document,
        version=int(said["version"]),
        at=float(said["at"]),
        chunks=len(json.loads(said["chunks"])),
        words=int(said["words"]),
        metadata=json.loads(said["metadata"]),
        text=said.get("text"),
    )
