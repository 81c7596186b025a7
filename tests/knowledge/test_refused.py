"""A change that Redis refuses changes nothing: no passage is lost, none is half there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from redis import Redis

from semcache.embed import CachedEmbedder, Kind, Vectors
from semcache.errors import ConfigurationError
from semcache.knowledge import Delete, KnowledgeBase, Upsert

RETURNS = "You may send back what you bought within thirty days. We refund the price within a week."
SHORTER = "You may send back what you bought within fourteen days. We refund the price within a week."


class Narrow:
    """The model of the same name, whose endpoint suddenly gives vectors of half the length."""

    def __init__(self, inner: CachedEmbedder) -> None:
        self.inner = inner
        self.fingerprint = inner.fingerprint
        self.dim = inner.dim // 2

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        vectors = self.inner.embed(texts, kind=kind)[:, : self.dim]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def everything(redis: Redis, namespace: str) -> dict[bytes, object]:
    """What the keys of the namespace hold, whatever their type."""
    found: dict[bytes, object] = {}
    for key in redis.scan_iter(match=f"sc:{{k:{namespace}}}:*", count=1000):
        kind = redis.type(key)
        if kind == b"hash":
            found[key] = redis.hgetall(key)
        elif kind == b"zset":
            found[key] = redis.zrange(key, 0, -1, withscores=True)
        else:
            found[key] = redis.execute_command("VCARD", key), redis.execute_command("VDIM", key)
    return found


@pytest.fixture
def narrow(redis: Redis, embedder: CachedEmbedder, namespace: str) -> KnowledgeBase:
    return KnowledgeBase(redis, embedder=Narrow(embedder), namespace=namespace)


def test_vectors_of_another_dimension_leave_everything_as_it_was(
    kb: KnowledgeBase, narrow: KnowledgeBase, redis: Redis, namespace: str
) -> None:
    """Update, first version and a batch: each names what is wrong, and not one key is different afterwards."""
    kb.upsert("returns", RETURNS, version=1)
    kb.upsert("hours", "The shop is open from nine to five.", version=1)
    before = everything(redis, namespace)
    for changes in (
        [Upsert("returns", SHORTER, version=2)],
        [Upsert("new", "Something that was never said here.", version=1)],
        [Upsert("returns", SHORTER, version=2), Upsert("new", "Something else.", version=1)],
    ):
        with pytest.raises(ConfigurationError, match="dimensions"):
            narrow.apply(changes)
        assert everything(redis, namespace) == before
    assert kb.search("how long may I send something back")[0].document == "returns"


def test_the_right_embedder_goes_on_where_it_was(kb: KnowledgeBase, narrow: KnowledgeBase) -> None:
    """After the failure the next version is applied with its passages, whether the text is the old or a new one."""
    kb.upsert("returns", RETURNS, version=1)
    with pytest.raises(ConfigurationError):
        narrow.upsert("returns", SHORTER, version=2)
    for version, text in ((3, RETURNS), (4, SHORTER)):
        assert kb.upsert("returns", text, version=version).applied
        (found, *_) = kb.search("how long may I send something back")
        assert (found.document, found.version) == ("returns", version)
        assert found.text in text


def test_a_deletion_needs_no_vectors(kb: KnowledgeBase, narrow: KnowledgeBase) -> None:
    """Whoever has the wrong model can still remove a document whole."""
    kb.upsert("returns", RETURNS, version=1)
    assert narrow.apply([Delete("returns", 2)])[0].applied
    assert kb.search("how long may I send something back") == []
