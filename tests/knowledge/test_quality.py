"""How well documents are found: the labelled questions of the sample world, through Redis."""

from __future__ import annotations

from redis import Redis

from semcache import samples
from semcache.embed import CachedEmbedder
from semcache.knowledge import KnowledgeBase, Upsert


def test_questions_find_their_documents(redis: Redis, embedder: CachedEmbedder, namespace: str) -> None:
    """Of every sixth question, 95 % have a passage of a right document among the first five, 80 % at the top."""
    kb = KnowledgeBase(redis, embedder=embedder, namespace=namespace)
    kb.apply([Upsert(event.document, event.text, event.title, event.version) for event in samples.documents()])
    known = {document.document for document in kb.documents()}
    asked = [(q.question, known & set(q.sources)) for q in samples.questions() if known & set(q.sources)][::6]
    places = [_place(kb, question, right) for question, right in asked]
    assert sum(place < 5 for place in places) / len(places) >= 0.95
    assert sum(place < 1 for place in places) / len(places) >= 0.80


def _place(kb: KnowledgeBase, question: str, right: set[str]) -> int:
    found = [passage.document in right for passage in kb.search(question, k=10)]
    return found.index(True) if any(found) else 99
