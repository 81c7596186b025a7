"""Keys of the knowledge base, and of vectors that were computed before."""

from __future__ import annotations

from semcache.store.keys.kinds import declare as _declare

_K = "{{k:{namespace}}}:"

DOCUMENT = _declare("document", _K + "doc:{document}", "hash", "permanent", "version, title, text, metadata, chunk ids")
DOCUMENT_VERSIONS = _declare(
    "document versions", _K + "versions", "hash", "permanent", "document id -> version; negative = deleted at it"
)
DOCUMENT_PLACES = _declare(
    "document places",
    _K + "places",
    "hash",
    "permanent",
    "document id -> the place of its last change in the log and in its source's order",
)
CHUNK = _declare("chunk", _K + "chunk:{chunk}", "hash", "with its document", "a passage: document, version, text")
CHUNK_VECTORS = _declare("chunk vectors", _K + "chunks:{fingerprint}", "vector set", "permanent", "passage vectors")
CHUNK_STEM = _declare("chunk stem", _K + "stem:{stem}", "sorted set", "permanent", "chunk id by the term's weight")
CHUNK_CORPUS = _declare("chunk corpus", _K + "corpus", "hash", "permanent", "number of chunks and of terms")

EMBEDDING = _declare(
    "embedding", "embedding:{text}", "hash", "redis.embedding_cache_ttl_s", "vector of a text, by the text's hash"
)
