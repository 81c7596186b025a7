"""Invariants of a knowledge base: versions, documents, passages, postings, vectors and counters agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from redis import Redis

from semcache.store import keys
from semcache.store.checks.finding import Finding, Known
from semcache.store.checks.memory import counters
from semcache.store.checks.reading import Question, ask, judged, listings, members, texts
from semcache.store.connect import guarded

_STABLE_TRIES = 5


def _again(document: str) -> str:
    return f"`semcache kb delete {document}`, and add it again"


def versions(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A document that has a version is there at it; a deleted one is gone."""
    for key in found:
        with guarded():
            known: Any = redis.hgetall(key.name)
        named = [document.decode() for document in known]
        there = ask(redis, [("HGET", key.sibling(keys.DOCUMENT, document=id), "version") for id in named])
        for id, version, stored in zip(named, known.values(), there, strict=True):
            said = version.decode()
            if int(said) > 0 and stored != version:
                told = "is not there" if stored is None else f"is stored at {stored.decode()}"
                yield Finding(key.name, f"document {id} has version {said}, but {told}", _again(id))
            elif int(said) <= 0 and stored is not None:
                yield Finding(key.name, f"document {id} was deleted at {-int(said)}, but is there", _again(id))


def documents(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A document has a version, and each of its passages is there with a vector."""
    rows = ask(redis, [("HMGET", key.name, "version", "chunks", "fingerprint") for key in found])
    stored = [(key, texts(row)) for key, row in zip(found, rows, strict=True) if row[0]]
    yield from judged(redis, [_about_document(key, json.loads(row[1] or "[]"), row[2]) for key, row in stored])


def _about_document(key: Known, chunks: list[str], fingerprint: str) -> Question:
    id, vectors = key.ids["document"], key.sibling(keys.CHUNK_VECTORS, fingerprint=fingerprint)

    def judge(replies: list[Any]) -> Iterator[Finding]:
        has_version, *others = replies
        if not has_version:
            yield Finding(key.name, "the document has no version", _again(id))
        for chunk, owner, has_vector in zip(chunks, others[::2], others[1::2], strict=True):
            if owner is None or owner.decode() != id:
                yield Finding(key.name, f"its passage {chunk} is not there", _again(id))
            elif has_vector != 1:
                yield Finding(key.name, f"its passage {chunk} has no vector in {vectors}", _again(id))

    commands: list[tuple[str, ...]] = [("HEXISTS", key.sibling(keys.DOCUMENT_VERSIONS), id)]
    for chunk in chunks:
        commands += [("HGET", key.sibling(keys.CHUNK, chunk=chunk), "document"), ("VISMEMBER", vectors, chunk)]
    return Question(commands, judge)


def chunks(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """A passage belongs to a document that lists it, and the postings of its stems have it."""
    rows = ask(redis, [("HMGET", key.name, "document", "stems") for key in found])
    stored = [(key, texts(row)) for key, row in zip(found, rows, strict=True) if row[0]]
    yield from judged(redis, [_about_chunk(key, document, stems.split()) for key, (document, stems) in stored])


def _about_chunk(key: Known, document: str, stems: list[str]) -> Question:
    id, postings = key.ids["chunk"], [key.sibling(keys.CHUNK_STEM, stem=stem) for stem in stems]

    def judge(replies: list[Any]) -> Iterator[Finding]:
        listing, *scores = replies
        if id not in json.loads(listing or b"[]"):
            yield Finding(key.name, f"document {document} does not have this passage", _again(document))
        for posting, score in zip(postings, scores, strict=True):
            if not isinstance(score, bytes | float):
                yield Finding(key.name, f"the passage is not in {posting}", _again(document))

    listing = ("HGET", key.sibling(keys.DOCUMENT, document=document), "chunks")
    return Question([listing, *(("ZSCORE", posting, id) for posting in postings)], judge)


def listed(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """Postings and vectors are those of passages that are there; a posting, of those with its stem."""
    vectors = [key for key in found if key.kind is keys.CHUNK_VECTORS]
    pages = chain(
        listings(redis, [key for key in found if key.kind is not keys.CHUNK_VECTORS]),
        ((key, page) for key in vectors for page in members(redis, key.name)),
    )
    yield from judged(redis, (_about_listed(key, page) for key, page in pages))


def _about_listed(key: Known, ids: list[str]) -> Question:
    stem, remove = key.ids.get("stem"), "VREM" if key.kind is keys.CHUNK_VECTORS else "ZREM"

    def judge(rows: list[Any]) -> Iterator[Finding]:
        for id, row in zip(ids, rows, strict=True):
            document, stems = texts(row)
            if not document:
                yield Finding(key.name, f"there is no passage {id}", f"{remove} {key.name} {id}")
            elif stem is not None and stem not in stems.split():
                yield Finding(key.name, f"passage {id} does not have this stem", f"{remove} {key.name} {id}")

    return Question([("HMGET", key.sibling(keys.CHUNK, chunk=id), "document", "stems") for id in ids], judge)


def corpora(redis: Redis, found: Sequence[Known]) -> Iterator[Finding]:
    """The corpus counts the passages that have stems, and these."""
    for key in found:
        for _ in range(_STABLE_TRIES):
            before = _noted(redis, key)
            counted = _count(redis, key)
            if _noted(redis, key) == before:
                yield from counters(key.name, (before[0], before[1]), counted)
                break  # else somebody writes: what was counted is not what there was


def _noted(redis: Redis, key: Known) -> tuple[int, ...]:
    """The counters, and the versions: every change of a document changes one."""
    with guarded(), redis.pipeline(transaction=True) as pipe:
        pipe.hmget(key.name, "members", "terms")
        pipe.hvals(key.sibling(keys.DOCUMENT_VERSIONS))
        (noted, versions) = pipe.execute()
    return int(noted[0] or 0), int(noted[1] or 0), len(versions), sum(abs(int(version)) for version in versions)


def _count(redis: Redis, key: Known) -> tuple[int, int]:
    with guarded():
        named: Any = redis.hgetall(key.sibling(keys.DOCUMENT_VERSIONS))
    living = [document.decode() for document, version in named.items() if int(version) > 0]
    listings = ask(redis, [("HGET", key.sibling(keys.DOCUMENT, document=document), "chunks") for document in living])
    passages = [chunk for listing in listings for chunk in json.loads(listing or b"[]")]
    terms = ask(redis, [("HGET", key.sibling(keys.CHUNK, chunk=id), "terms") for id in passages])
    lengths = [int(count or 0) for count in terms]
    return sum(length > 0 for length in lengths), sum(lengths)


CHECKS = {
    keys.DOCUMENT_VERSIONS: versions,
    keys.DOCUMENT: documents,
    keys.CHUNK: chunks,
    keys.CHUNK_STEM: listed,
    keys.CHUNK_VECTORS: listed,
    keys.CHUNK_CORPUS: corpora,
}
