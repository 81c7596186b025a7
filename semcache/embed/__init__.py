"""Embedding models behind one protocol."""

from semcache.embed.protocol import Embedder, Kind, Vectors

__all__ = ["Embedder", "Kind", "Vectors"]
