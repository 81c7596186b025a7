"""redisvl's vectorizers and semcache's embedders, each as the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from redisvl.utils.vectorize import BaseVectorizer, CustomVectorizer

from semcache.embed import Embedder, Kind, Vectors, default_embedder


class VectorizerEmbedder:
    """Vectors of a redisvl vectorizer, normalised. Its fingerprint: its class and model, and one text's vector."""

    def __init__(self, vectorizer: BaseVectorizer) -> None:
        self._vectorizer = vectorizer

    @cached_property
    def fingerprint(self) -> str:
        told = f"{model_of(self._vectorizer)}:{np.round(self.embed(['fingerprint'])[0], 2).tolist()}"
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    @property
    def dim(self) -> int:
        return int(self._vectorizer.dims)

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        """(n, dim) float32 of length one."""
        made = np.asarray(self._vectorizer.embed_many(list(texts)), np.float32).reshape(len(texts), -1)
        lengths: Vectors = np.linalg.norm(made, axis=1, keepdims=True).astype(np.float32)
        return (made / np.maximum(lengths, 1e-12)).astype(np.float32)


def vectorizer_of(given: Any, dtype: str | None) -> BaseVectorizer:
    """The vectorizer given, or one of the settings' embedding model.

    Raises:
        TypeError: what was given is no vectorizer.
        ValueError: it makes vectors of another dtype.
    """
    if given is None:
        return _of_settings()
    if not isinstance(given, BaseVectorizer):
        raise TypeError("Must provide a valid redisvl.vectorizer class.")
    if dtype and given.dtype != dtype:
        raise ValueError(f"the vectorizer makes vectors of {given.dtype}, not of {dtype}")
    return given


def embedder_of(vectorizer: BaseVectorizer) -> Embedder:
    """A vectorizer as an embedder."""
    return default_embedder() if is_of_settings({"model": vectorizer.model}) else VectorizerEmbedder(vectorizer)


def is_of_settings(described: Mapping[str, Any]) -> bool:
    """Whether a described vectorizer is the one of the settings' embedding model."""
    return described.get("model") == _MODEL


def model_of(vectorizer: BaseVectorizer) -> str:
    """What names a vectorizer's model, as far as it says."""
    return f"{type(vectorizer).__name__}:{vectorizer.model}:{vectorizer.dims}"


_MODEL = "semcache"


def _of_settings() -> BaseVectorizer:
    embedder = default_embedder()

    def embed_many(texts: list[str], **_: Any) -> list[list[float]]:
        vectors: list[list[float]] = embedder.embed(texts).tolist()
        return vectors

    made = CustomVectorizer(embed=lambda text, **_: embed_many([text])[0], embed_many=embed_many)
    made.model = _MODEL
    return made
