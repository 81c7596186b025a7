"""LangChain's `Embeddings` as an embedder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from semcache.embed import Embedder, Kind, Vectors


class LangChainEmbedder:
    """Vectors of LangChain's `Embeddings`, normalised. Its fingerprint: its class and model, and one text's vector."""

    def __init__(self, embeddings: Any) -> None:
        self._embeddings = embeddings

    @cached_property
    def fingerprint(self) -> str:
        named = str(getattr(self._embeddings, "model", "") or getattr(self._embeddings, "model_name", ""))
        told = f"{type(self._embeddings).__qualname__}:{named}:{np.round(self.embed(['fingerprint'])[0], 2).tolist()}"
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    @cached_property
    def dim(self) -> int:
        return int(self.embed(["fingerprint"]).shape[1])

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        """(n, dim) float32 of length one."""
        made = np.asarray(self._embeddings.embed_documents(list(texts)), np.float32).reshape(len(texts), -1)
        lengths: Vectors = np.linalg.norm(made, axis=1, keepdims=True).astype(np.float32)
        return (made / np.maximum(lengths, 1e-12)).astype(np.float32)


def embedder_of(embeddings: Any) -> Embedder | None:
    """An embedder for what LangChain or semcache calls one; None for the default."""
    given = embeddings is None or not hasattr(embeddings, "embed_documents")
    return embeddings if given else LangChainEmbedder(embeddings)
