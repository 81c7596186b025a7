"""Embedding models behind one protocol."""

from semcache.embed.cached import CachedEmbedder
from semcache.embed.opening import default_embedder, open_embedder
from semcache.embed.protocol import Embedder, Kind, Vectors

__all__ = ["CachedEmbedder", "Embedder", "Kind", "Vectors", "default_embedder", "open_embedder"]
