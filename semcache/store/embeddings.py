"""Embeddings kept in Redis for all processes: redisvl's EmbeddingsCache, under our keys and with a lifetime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.errors import InvalidInput
from semcache.settings import RedisSettings
from semcache.store import keys
from semcache.store.connect import guarded

if TYPE_CHECKING:
    from redisvl.extensions.cache.embeddings import EmbeddingsCache

Vector = NDArray[np.float32]


class RedisEmbeddings:
    """Vectors by space (embedder's fingerprint and kind) and text; each lives `ttl_s` seconds after its last use.

    The text itself is not stored, only its hash. A vector still carries meaning: after an erasure the embeddings of
    what was erased live on here, unread, until their time is over.
    """

    def __init__(self, redis: Redis, *, ttl_s: int) -> None:
        if ttl_s < 1:
            raise InvalidInput(f"embeddings in Redis need a lifetime of at least a second, not {ttl_s}")
        self._redis = redis
        self._ttl_s = ttl_s

    def get(self, texts: Sequence[str], *, space: str) -> list[Vector | None]:
        """The known vectors, bit for bit as they were put.

        Raises:
            RedisUnavailable: also from `put`.
        """
        with guarded():
            found = self._cache.mget([_digest(text) for text in texts], space)
        return [None if entry is None else np.array(entry["embedding"], np.float32) for entry in found]

    def put(self, vectors: Sequence[tuple[str, Vector]], *, space: str) -> None:
        """Keeps vectors."""
        items = [
            {"content": _digest(text), "model_name": space, "embedding": vector.tolist()} for text, vector in vectors
        ]
        with guarded():
            self._cache.mset(items)

    @cached_property
    def _cache(self) -> EmbeddingsCache:
        from redisvl.extensions.cache.embeddings import EmbeddingsCache

        prefix = keys.EMBEDDING.build(text="").removesuffix(":")
        return EmbeddingsCache(name=prefix, ttl=self._ttl_s, redis_client=self._redis)


def open_embeddings(redis: Redis, settings: RedisSettings) -> RedisEmbeddings | None:
    """The shared vectors as the settings want them; None if they want none."""
    return RedisEmbeddings(redis, ttl_s=settings.embedding_cache_ttl_s) if settings.embedding_cache_ttl_s else None


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
