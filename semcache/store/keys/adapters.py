"""Keys of what other libraries keep here: graphs, their items, sessions of agents."""

from __future__ import annotations

from semcache.store.keys.kinds import declare as _declare

_M = "{{m:{namespace}:{user}}}:"

_G = "{{g:{namespace}:{thread}}}:"
GRAPH_LIFETIME = "with its thread: for ever, or the saver's ttl"
GRAPH_CHECKPOINTS = _declare(
    "graph checkpoints",
    _G + "checkpoints",
    "sorted set",
    GRAPH_LIFETIME,
    "namespace:checkpoint of a LangGraph thread, in the order of their ids",
)
GRAPH_STATES = _declare(
    "graph states", _G + "states", "hash", GRAPH_LIFETIME, "namespace:checkpoint -> the checkpoint, metadata, parent"
)
GRAPH_BLOBS = _declare(
    "graph blobs", _G + "blobs", "hash", GRAPH_LIFETIME, "namespace:channel:version -> the channel's value"
)
GRAPH_WRITES = _declare(
    "graph writes", _G + "writes", "hash", GRAPH_LIFETIME, "namespace:checkpoint:task:number -> what a task wrote"
)
GRAPH_WRITE_ORDER = _declare(
    "graph write order", _G + "write-order", "sorted set", GRAPH_LIFETIME, "the fields of the writes, by their names"
)
GRAPH_RUNS = _declare("graph runs", _G + "runs", "sorted set", GRAPH_LIFETIME, "run:namespace:checkpoint, by name")
GRAPH_THREAD = (
    GRAPH_CHECKPOINTS, GRAPH_STATES, GRAPH_BLOBS, GRAPH_WRITES, GRAPH_WRITE_ORDER, GRAPH_RUNS,
)  # fmt: skip
GRAPH_THREADS = _declare(
    "graph threads",
    "{{gs:{namespace}}}:threads",
    "sorted set",
    "per member, with its thread",
    "thread by the time at which it expires, s",
)
ITEM_LIFETIME = "the session's ttl, or for ever"
SESSION_ITEMS = _declare(
    "session items", _M + "items:{session}", "list", ITEM_LIFETIME, "items of an agent's session in order, as JSON"
)
SESSION_ITEM_IDS = _declare(
    "session item ids",
    _M + "item-ids:{session}",
    "set",
    ITEM_LIFETIME,
    "ids of the items: one that comes again is left out",
)
ITEM_SESSIONS = _declare(
    "item sessions", _M + "item-sessions", "sorted set", "permanent", "agents' sessions by their last change, ms"
)

_GI = "{{gi:{namespace}}}:"
GRAPH_ITEMS = _declare(
    "graph items", _GI + "items", "hash", "per field, the item's ttl", "name of an item of a LangGraph store -> value"
)
GRAPH_ITEM_CREATED = _declare(
    "graph items created", _GI + "created", "sorted set", "with its items", "item by the time it was first put, s"
)
GRAPH_ITEM_UPDATED = _declare(
    "graph items updated", _GI + "updated", "sorted set", "with its items", "item by the time it was last put, s"
)
GRAPH_ITEM_NAMES = _declare(
    "graph item names", _GI + "names", "sorted set", "with its items", "label/label/:key of each item, by name"
)
GRAPH_ITEM_EXPIRY = _declare(
    "graph item expiry", _GI + "expiry", "sorted set", "with its items", "item by the time it expires, ms"
)
GRAPH_ITEM_ELEMENTS = _declare(
    "graph item elements", _GI + "elements", "hash", "with its items", "item -> where its vectors are, and how many"
)
GRAPH_STORE = (
    GRAPH_ITEMS, GRAPH_ITEM_CREATED, GRAPH_ITEM_UPDATED, GRAPH_ITEM_NAMES, GRAPH_ITEM_EXPIRY, GRAPH_ITEM_ELEMENTS,
)  # fmt: skip
GRAPH_VECTORS = _declare(
    "graph item vectors", _GI + "vectors:{fingerprint}", "vector set", "with its items", "vectors: item#number"
)
