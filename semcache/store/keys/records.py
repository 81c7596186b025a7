"""Keys of records with vectors: what the drop-in for redisvl keeps of caches, histories and routers."""

from __future__ import annotations

from semcache.store.keys.kinds import declare

_R = "{{r:{kind}:{name}}}:"
_LIFETIME = "with its records"

RECORD = declare(
    "record", _R + "record:{id}", "hash", "its ttl, or for ever", "an entry of a redisvl cache, history or router"
)
RECORD_VECTORS = declare("record vectors", _R + "vectors", "vector set", _LIFETIME, "vectors, element = id, escaped")
RECORD_ENDS = declare(
    "record ends", _R + "ends", "sorted set", _LIFETIME, "ids, escaped, by the time they expire, ms (inf = never)"
)
RECORD_SCHEMA = declare(
    "record schema", _R + "schema", "string", "permanent", "model, dimensions and fields that it was opened with, JSON"
)
