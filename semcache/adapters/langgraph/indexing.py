"""Which texts of an item get a vector, and the embedder that makes them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from langgraph.store.base import IndexConfig, PutOp, SearchOp, ensure_embeddings, get_text_at_path, tokenize_path
from numpy.typing import NDArray

from semcache.embed import Embedder, default_embedder

Vectors = Mapping[tuple[str, str], NDArray[np.float32]]
"""Vectors by kind ("query" or "passage") and text."""


class Index:
    """The index of a store, from LangGraph's `IndexConfig`; `embed` may be a semcache embedder, None is the default."""

    def __init__(self, config: IndexConfig) -> None:
        embed: Any = config.get("embed")
        own = embed is None or isinstance(embed, Embedder)
        self._embedder: Embedder | None = (embed or default_embedder()) if own else None
        self._embeddings: Any = None if own else ensure_embeddings(embed)
        self._paths = [_tokenized(path) for path in config.get("fields") or ["$"]]
        self.dim = int(config.get("dims") or (self._embedder.dim if self._embedder else 0))

    @property
    def fingerprint(self) -> str:
        """Whose vectors these are: those of different fingerprints are never compared."""
        if self._embedder is not None:
            return self._embedder.fingerprint
        named = f"{type(self._embeddings).__name__} {getattr(self._embeddings, 'model', '')} {self.dim}"
        return hashlib.blake2b(named.encode(), digest_size=8).hexdigest()

    def texts(self, put: PutOp) -> list[str]:
        """The texts of an item to embed: one for each path, or for each element that a path leads to."""
        if put.value is None or put.index is False:
            return []
        paths = self._paths if put.index is None else [_tokenized(path) for path in put.index]
        return [text for path in paths for text in get_text_at_path(put.value, path) if self._takes(text)]

    def _takes(self, text: str) -> bool:
        return self._embedder is None or bool(text.strip())

    def wanted(self, puts: Iterable[PutOp], searches: Iterable[SearchOp]) -> list[tuple[str, str]]:
        """What has to be embedded, once each."""
        passages = (("passage", text) for put in puts for text in self.texts(put))
        queries = (("query", search.query) for search in searches if search.query and self._takes(search.query))
        return list(dict.fromkeys((*passages, *queries)))

    def embed(self, wanted: Sequence[tuple[str, str]]) -> Vectors:
        """The vectors, all at once."""
        passages, queries = _of_kind(wanted, "passage"), _of_kind(wanted, "query")
        if self._embedder is not None:
            return _own(self._embedder, passages, queries)
        return _paired(
            passages,
            self._embeddings.embed_documents(passages) if passages else [],
            queries,
            [self._embeddings.embed_query(query) for query in queries],
        )

    async def aembed(self, wanted: Sequence[tuple[str, str]]) -> Vectors:
        """As `embed`; an embedder that is asynchronous is awaited."""
        if self._embedder is not None:
            return await asyncio.to_thread(self.embed, wanted)
        passages, queries = _of_kind(wanted, "passage"), _of_kind(wanted, "query")
        made: Any = await self._embeddings.aembed_documents(passages) if passages else []
        asked: Any = await asyncio.gather(*(self._embeddings.aembed_query(query) for query in queries))
        return _paired(passages, made, queries, asked)


def _tokenized(path: str) -> Any:
    return path if path == "$" else tokenize_path(path)


def _of_kind(wanted: Sequence[tuple[str, str]], kind: str) -> list[str]:
    return [text for of, text in wanted if of == kind]


def _own(embedder: Embedder, passages: list[str], queries: list[str]) -> Vectors:
    made: Any = embedder.embed(passages, kind="passage") if passages else []
    asked: Any = embedder.embed(queries, kind="query") if queries else []
    return _paired(passages, made, queries, asked)


def _paired(passages: Sequence[str], made: Any, queries: Sequence[str], asked: Any) -> Vectors:
    rows = [*zip((("passage", text) for text in passages), made, strict=True)]
    rows += zip((("query", text) for text in queries), asked, strict=True)
    return {named: np.asarray(vector, np.float32) for named, vector in rows}
