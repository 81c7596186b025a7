"""Keys of the semantic cache: of a scope, and of what a namespace knows of its scopes."""

from __future__ import annotations

from semcache.store.keys.kinds import declare as _declare

IDLE = "cache.idle_ttl_s after its last change"
_C = "{{c:{scope}}}:"
_CS = "{{cs:{namespace}}}:"

CACHE_VECTORS = _declare(
    "cache vectors", _C + "vectors", "vector set", "with its entries", "prompt vectors, element = entry id"
)
CACHE_ENTRY = _declare(
    "cache entry", _C + "entry:{entry}", "hash", "until the entry expires", "prompt, response, lineage"
)
CACHE_EXACT = _declare(
    "cache exact", _C + "exact", "hash", "per field, with its entries", "prompt fingerprint -> entry id"
)
CACHE_EXPIRY = _declare("cache expiry", _C + "expiry", "sorted set", "with its entries", "entry id by expiry time, s")
CACHE_USE = _declare("cache use", _C + "use", "sorted set", "with its entries", "entry id by decayed use (LFU)")
CACHE_SOURCE = _declare(
    "cache source", _C + "source:{source}", "set", "with its entries", "entry ids built from a document"
)
CACHE_TAG = _declare("cache tag", _C + "tag:{tag}", "set", "with its entries", "entry ids carrying a tag")
CACHE_COUNTERS = _declare("cache counters", _C + "counters", "hash", IDLE, "hits, misses, tokens saved")
CACHE_FLIGHT = _declare(
    "cache flight", _C + "flight:{fingerprint}", "string", "lease, seconds", "who computes this answer now"
)
CACHE_GROUP = _declare(
    "cache group",
    _C + "group:{group}",
    "hash",
    "with its entries",
    "entry ids with one answer, and its record of labels",
)
CACHE_ROWS = _declare(
    "cache rows", _C + "rows", "list", IDLE, "evidence on the last 4,000 compared answers, with their labels"
)
CACHE_SERVED = _declare(
    "cache served", _C + "served", "list", IDLE, "evidence on the last 4,000 served answers, float16"
)
CACHE_MODEL = _declare("cache model", _C + "model", "hash", IDLE, "learned score: version and coefficients")
CACHE_SUMS = _declare("cache sums", _C + "sums", "hash", IDLE, "running sums of the learning")
CACHE_PAIRS = _declare("cache pairs", _C + "pairs", "hash", IDLE, "evidence that two groups are one; 8,000 at most")
CACHE_WORDS = _declare("cache words", _C + "words", "hash", IDLE, "stem -> questions with it; 8,000 stems at most")
CACHE_REPEATS = _declare(
    "cache repeats",
    _C + "repeats",
    "hash",
    "per field, a day",
    "question -> how often it got another question's answer",
)
CACHE_REFUSED = _declare("cache refused", _C + "refused", "hash", "per field, a day", "question -> why it is not kept")
CACHE_FIT = _declare("cache fit", _C + "fit", "string", "lease, seconds", "who fits the score now")
CACHE_SCOPES = _declare(
    "cache scopes", _CS + "scopes", "hash", "per field, with what the scope holds", "scope id -> its items, JSON"
)
CACHE_DUE = _declare(
    "cache due", _CS + "due", "sorted set", "with its scopes", "scope id by the time of its next sweep, s"
)
CACHE_DEPENDANTS = _declare(
    "cache dependants",
    _CS + "dependants:{source}",
    "hash",
    "per field, with the scope's answers",
    "scope id -> 1: it has answers from a document",
)
CACHE_LEAVING = _declare(
    "cache leaving", _CS + "leaving", "hash", "per field, a minute", "scope on its way out of the catalogue -> mark"
)
CACHE_NOTED = _declare(
    "cache noted", _C + "noted", "hash", "per field, with its entries", "on a cluster: what leads to this scope"
)
