"""The embedder's memory: in the process, and in Redis."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from redis import Redis

from semcache.app import open_app
from semcache.embed import CachedEmbedder, Kind, Vectors
from semcache.embed.cached import vector_bytes
from semcache.embed.opening import open_model
from semcache.errors import InvalidInput, MissingExtra, RedisUnavailable
from semcache.settings import load_settings
from semcache.store import keys
from semcache.store.connect import connect
from semcache.store.embeddings import RedisEmbeddings
from tests.conftest import free_port


class Counting:
    """An embedder that notes which texts it was asked for."""

    def __init__(self, inner: CachedEmbedder, fingerprint: str) -> None:
        self.inner = inner.inner
        self.fingerprint = fingerprint
        self.dim = inner.dim
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        self.asked += texts
        return self.inner.embed(texts, kind=kind)


@pytest.fixture
def model(embedder: CachedEmbedder, namespace: str) -> Counting:
    return Counting(embedder, namespace)


def test_a_text_is_embedded_once(model: Counting) -> None:
    """Also when it comes several times in one call, or with another kind in between."""
    cached = CachedEmbedder(model)
    first = cached.embed(["a", "b", "a"])
    assert model.asked == ["a", "b"]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(cached.embed(["b", "a"]), first[[1, 0]])
    assert model.asked == ["a", "b"]
    assert not np.array_equal(cached.embed(["a"], kind="query"), first[:1])


def test_the_least_recently_used_leaves_first(model: Counting) -> None:
    """The memory has a size in bytes; using a text keeps it."""
    cached = CachedEmbedder(model, max_bytes=2 * vector_bytes(np.zeros(model.dim, np.float32)))
    for text in ("a", "b", "a", "c", "a", "b"):
        cached.embed([text])
    assert model.asked == ["a", "b", "c", "b"]


def test_a_call_larger_than_the_memory_is_answered_whole(model: Counting) -> None:
    """A size of 0 remembers nothing and still works."""
    for max_bytes in (0, 4_000):
        assert CachedEmbedder(model, max_bytes=max_bytes).embed(["a", "b", "c"]).shape == (3, model.dim)


def test_the_memory_keeps_vectors_and_no_texts(model: Counting) -> None:
    """A hundred texts of 100,000 characters take what a hundred short ones take."""
    texts = [f"{n} " + "long " * 20_000 for n in range(100)]
    cached = CachedEmbedder(model, max_bytes=1_000_000)
    tracemalloc.start()
    try:
        for text in texts:
            cached._lru.put({("symmetric", text): np.ones(model.dim, np.float32)})
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1_000_000


def test_what_a_caller_does_to_a_vector_stays_with_the_caller(model: Counting) -> None:
    """The remembered one is a copy."""
    cached = CachedEmbedder(model)
    before = cached.embed(["a"]).copy()
    cached.embed(["a"])[:] = 0
    assert np.array_equal(cached.embed(["a"]), before)


def test_threads_share_it(model: Counting) -> None:
    """All get the vectors that one alone gets."""
    cached = CachedEmbedder(model, max_bytes=10_000)
    texts = [f"text {i}" for i in range(12)]
    alone = {text: model.inner.embed([text])[0] for text in texts}

    def ask(turn: int) -> bool:
        chosen = texts[turn % 12 :] + texts[: turn % 3]
        return all(np.array_equal(v, alone[t]) for t, v in zip(chosen, cached.embed(chosen), strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(24)))


def test_no_texts_and_bad_texts(model: Counting) -> None:
    """An empty list gives an empty matrix; a bad text is refused before anything is computed."""
    cached = CachedEmbedder(model)
    assert cached.embed([]).shape == (0, model.dim)
    with pytest.raises(InvalidInput):
        cached.embed(["fine", ""])
    assert model.asked == []


def test_processes_share_vectors_through_redis(model: Counting, redis: Redis) -> None:
    """What one has computed another finds, bit for bit; kinds and models are kept apart."""
    one = CachedEmbedder(model, shared=RedisEmbeddings(redis, ttl_s=60))
    vectors = one.embed(["a", "b"])
    other = CachedEmbedder(model, shared=RedisEmbeddings(redis, ttl_s=60))
    assert np.array_equal(other.embed(["b", "c", "a"])[[2, 0]], vectors)
    assert model.asked == ["a", "b", "c"]
    other.embed(["a"], kind="query")
    model.fingerprint += "-other"
    CachedEmbedder(model, shared=RedisEmbeddings(redis, ttl_s=60)).embed(["a"])
    assert model.asked == ["a", "b", "c", "a", "a"]


def test_vectors_in_redis_end_and_hide_their_text(model: Counting, redis: Redis) -> None:
    """Each key is declared and has its lifetime from the first moment; the text is not in it."""
    shared = RedisEmbeddings(redis, ttl_s=60)
    secret = f"my secret is {model.fingerprint}"
    before = set(redis.scan_iter(match="sc:embedding:*"))
    CachedEmbedder(model, shared=shared).embed([secret])
    (key,) = set(redis.scan_iter(match="sc:embedding:*")) - before
    assert keys.kind_of(key.decode()) is keys.EMBEDDING
    assert 0 < redis.ttl(key) <= 60
    assert secret.encode() not in b"".join(redis.hvals(key))


def test_the_settings_turn_it_on(redis_url: str, redis: Redis, namespace: str) -> None:
    """With a lifetime in the settings the app's embedder keeps its vectors in Redis; without one it does not."""
    for ttl_s in (0, 60):
        before = set(redis.scan_iter(match="sc:embedding:*"))
        with open_app(redis_url=redis_url, redis_embedding_cache_ttl_s=ttl_s, sweep=False) as app:
            app.embedder.embed([f"asked in {namespace}"])
        made = set(redis.scan_iter(match="sc:embedding:*")) - before
        assert len(made) == (1 if ttl_s else 0)


def test_a_redis_that_is_down_is_said(model: Counting) -> None:
    """An outage of the shared memory is not hidden: everything else needs that Redis too."""
    down = RedisEmbeddings(connect(f"redis://127.0.0.1:{free_port()}/0"), ttl_s=60)
    with pytest.raises(RedisUnavailable):
        CachedEmbedder(model, shared=down).embed(["a"])


def test_a_lifetime_of_nothing_is_refused(redis: Redis) -> None:
    """Keys without an end would stay for ever."""
    with pytest.raises(InvalidInput):
        RedisEmbeddings(redis, ttl_s=0)


def test_a_model_whose_library_is_missing_names_the_extra() -> None:
    """`hf:` needs sentence-transformers, which is not installed here."""
    settings = load_settings(embed_model="hf:all-MiniLM-L6-v2")
    with pytest.raises(MissingExtra, match="sentence-transformers"):
        open_model(settings.embed, model_dir=Path("unused")).embed(["a"])
