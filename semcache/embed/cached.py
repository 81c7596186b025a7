"""An embedder that remembers: first in the process, then (if given) in a store that processes share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from semcache.embed.checks import checked
from semcache.embed.protocol import Embedder, Kind, Vectors
from semcache.embed.window import count_tokens, window_of
from semcache.forking import leaf_lock

Vector = NDArray[np.float32]


class SharedVectors(Protocol):
    """Vectors kept outside the process, by the space they belong to (fingerprint and kind) and their text."""

    def get(self, texts: Sequence[str], *, space: str) -> list[Vector | None]: ...
    def put(self, vectors: Sequence[tuple[str, Vector]], *, space: str) -> None: ...


class CachedEmbedder:
    """An embedder that keeps the vectors it was asked for last, in `max_bytes` of memory; threads may share it.

    With `shared`, what the process does not know is asked there before it is computed, and stored afterwards. If
    that store is down, its RedisUnavailable is raised: it is the Redis that everything else needs too.
    """

    def __init__(self, inner: Embedder, *, max_bytes: int = 33_554_432, shared: SharedVectors | None = None) -> None:
        self.inner = inner
        self._lru = _Lru(max_bytes)
        self._shared = shared

    @property
    def dim(self) -> int:
        return self.inner.dim

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    @property
    def window(self) -> int:
        return window_of(self.inner)

    def count_tokens(self, text: str) -> int:
        return count_tokens(self.inner, text)

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        asked = checked(texts)
        if not asked:
            return np.empty((0, self.dim), np.float32)
        found = {text: self._lru.get((kind, text)) for text in dict.fromkeys(asked)}
        unknown = [text for text, vector in found.items() if vector is None]
        if unknown:
            found.update(self._beyond(unknown, kind))
        return np.stack([vector for text in asked if (vector := found[text]) is not None])

    def _beyond(self, texts: list[str], kind: Kind) -> dict[str, Vector]:
        found = self._from_shared(texts, kind)
        missing = [text for text in texts if text not in found]
        if missing:
            fresh = dict(zip(missing, self.inner.embed(missing, kind=kind), strict=True))
            if self._shared is not None:
                self._shared.put(list(fresh.items()), space=self._space(kind))
            found |= fresh
        self._lru.put({(kind, text): vector for text, vector in found.items()})
        return found

    def _from_shared(self, texts: list[str], kind: Kind) -> dict[str, Vector]:
        if self._shared is None:
            return {}
        known = self._shared.get(texts, space=self._space(kind))
        return {text: vector for text, vector in zip(texts, known, strict=True) if vector is not None}

    def _space(self, kind: Kind) -> str:
        return f"{self.fingerprint}~{kind}"


class _Lru:
    """Vectors by the digest of their text, `max_bytes` at most, the least recently used leaving first.

    Copies go in: no caller can change them. No text stays in it.
    """

    def __init__(self, max_bytes: int) -> None:
        self._vectors: LRUCache[bytes, Vector] = LRUCache(max_bytes, getsizeof=vector_bytes)
        self._max_bytes = max_bytes
        self._lock = leaf_lock()

    def get(self, key: tuple[Kind, str]) -> Vector | None:
        digest = _digest(key)
        with self._lock:
            return self._vectors.get(digest)

    def put(self, vectors: Mapping[tuple[Kind, str], Vector]) -> None:
        for key, vector in vectors.items():
            digest, copy = _digest(key), vector.copy()
            if vector_bytes(copy) <= self._max_bytes:
                with self._lock:
                    self._vectors[digest] = copy


def vector_bytes(vector: Vector) -> int:
    """What a vector takes in the process with its digest and its places in the dictionaries, in bytes."""
    return vector.nbytes + 400


def _digest(key: tuple[Kind, str]) -> bytes:
    kind, text = key
    return hashlib.blake2b(f"{kind}\0{text}".encode(), digest_size=16).digest()
