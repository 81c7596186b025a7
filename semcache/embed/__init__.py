"""Embedding models behind one protocol."""

from semcache.embed.cached import CachedEmbedder
from semcache.embed.opening import default_embedder, open_embedder
from semcache.embed.protocol import Embedder, Kind, Vectors
from semcache.embed.window import Windowed, reads_whole

__all__ = [
    "CachedEmbedder",
    "Embedder",
    "Kind",
    "Vectors",
    "Windowed",
    "default_embedder",
    "open_embedder",
    "reads_whole",
]
