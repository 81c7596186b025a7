"""Every key name in Redis, with its type and lifetime.

A hash tag holds together what one script changes: one slot per cache scope, per user, per knowledge namespace.
Ids are percent-escaped, so that no id can reach into another's keys.
"""

from __future__ import annotations

from semcache.store.kinds import KINDS as KINDS  # noqa: PLC0414  re-exported
from semcache.store.kinds import PREFIX as PREFIX  # noqa: PLC0414  re-exported
from semcache.store.kinds import KeyKind as KeyKind  # noqa: PLC0414  re-exported
from semcache.store.kinds import declare as _declare
from semcache.store.kinds import escape as escape  # noqa: PLC0414  re-exported
from semcache.store.kinds import kind_of as kind_of  # noqa: PLC0414  re-exported
from semcache.store.kinds import undeclared as undeclared  # noqa: PLC0414  re-exported
from semcache.store.kinds import unescape as unescape  # noqa: PLC0414  re-exported

IDLE = "cache.idle_ttl_s after its last change"
_C = "{{c:{scope}}}:"
_M = "{{m:{namespace}:{user}}}:"
_K = "{{k:{namespace}}}:"

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
CACHE_FIT = _declare("cache fit", _C + "fit", "string", "lease, seconds", "who fits the score now")
CACHE_SCOPES = _declare(
    "cache scopes",
    "{{cs:{namespace}}}:scopes",
    "hash",
    "per field, as long as the scope holds anything",
    "scope id -> its items, JSON",
)
CACHE_DUE = _declare(
    "cache due", "{{cs:{namespace}}}:due", "sorted set", "with its scopes", "scope id by the time of its next sweep, s"
)
CACHE_DEPENDANTS = _declare(
    "cache dependants",
    "{{cs:{namespace}}}:dependants:{source}",
    "hash",
    "per field, with the scope's answers",
    "scope id -> 1: it has answers from a document",
)

TURN = _declare("turn", _M + "turn:{turn}", "hash", "permanent", "one message: who, when, text, stems, int8 vectors")
TURN_VECTORS = _declare("turn vectors", _M + "turns:{fingerprint}", "vector set", "permanent", "turn vectors")
TURN_PASSAGES = _declare(
    "turn passages", _M + "passages:{fingerprint}", "vector set", "permanent", "passages of long turns: turn id#number"
)
CHRONOLOGY = _declare("chronology", _M + "chronology", "sorted set", "permanent", "turn id by time, s")
SESSION = _declare("session", _M + "session:{session}", "sorted set", "permanent", "turn ids of a session by time, s")
SESSIONS = _declare("sessions", _M + "sessions", "sorted set", "permanent", "session id by its last turn's time, s")
SESSION_NAMES = _declare(
    "session names", _M + "session-names", "hash", "with its sessions", "session id -> the name its user gave it"
)
WINDOW = _declare(
    "window", _M + "window:{session}", "sorted set", "session TTL", "short-term memory: turns as JSON by time, s"
)
ERASED = _declare("erased", _M + "erased", "string", "permanent", "time of the erasure, s: older events are refused")
PINNED = _declare("pinned", _M + "pinned", "set", "permanent", "turn ids that only an erasure removes")
FORGOTTEN = _declare(
    "forgotten", _M + "forgotten", "sorted set", "permanent", "forgotten turn ids by time, s: a replay is refused"
)
TELLING = _declare(
    "telling", _M + "telling", "sorted set", "permanent", "turns that tell facts of their user, by time, s"
)
CLAIMS = _declare(
    "claims",
    _M + "claims",
    "hash",
    "permanent",
    "turn id -> what a language model read in it, JSON; leaves with the turn",
)
READINGS = _declare(
    "readings",
    _M + "readings",
    "hash",
    "permanent",
    "turn id -> what rules read in it, JSON; derived; leaves with the turn; `revision`: until the next change; "
    "`generation`: until a turn leaves",
)
TURN_MODELS = _declare("turn models", _M + "models", "set", "permanent", "fingerprints that turns have vectors of")
TURN_STEM = _declare("turn stem", _M + "stem:{stem}", "sorted set", "permanent", "turn id by the term's weight")
TURN_CORPUS = _declare("turn corpus", _M + "corpus", "hash", "permanent", "number of turns and of terms")
# Of earlier versions: nothing reads them.
SESSION_LENGTHS = _declare(
    "session lengths", _M + "lengths", "sorted set", "until `semcache memory reindex`", "of earlier versions, unused"
)
SESSION_STEM = _declare(
    "session stem",
    _M + "session-stem:{stem}",
    "sorted set",
    "until `semcache memory reindex`",
    "of earlier versions, unused",
)

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
USER_THREADS = _declare(
    "user threads",
    _M + "threads",
    "sorted set",
    "per member, with its thread",
    "the user's LangGraph threads, which an erasure removes, by the time at which they expire, s",
)

VERBATIM_ANSWER = _declare(
    "verbatim answer",
    "{{v:{namespace}:{tenant}}}:answer:{request}",
    "string",
    "as long as an answer in the cache",
    "the answer to one request of the API, by the request's SHA-256, JSON",
)
SERVED_RESPONSE = _declare(
    "served response",
    "{{v:{namespace}:{tenant}}}:response:{response}",
    "string",
    "as long as an answer in the cache",
    "what a response that was served here said, so that `previous_response_id` can go on from it, JSON",
)

CHAT_MESSAGES = _declare(
    "chat messages", "lc:{prefix}:{session}", "list", "the history's ttl", "LangChain's messages, JSON, oldest first"
)

INGEST_OFFSETS = _declare(
    "ingest offsets",
    "{{i:{group}}}:offsets",
    "hash",
    "permanent",
    "topic:partition -> offset up to which it is applied",
)
INGEST_FENCE = _declare(
    "ingest fence",
    "{{i:{group}:{fence}}}:offsets",
    "hash",
    "permanent",
    "on a cluster, in each 256 slots: topic:partition -> offset up to which it is applied",
)
INGEST_SKIPS = _declare(
    "ingest skips",
    "{{i:{group}}}:skips",
    "set",
    "until they are passed",
    "topic:partition:offset of records that somebody told the ingestor to dead-letter unread",
)

OUTBOX = _declare(
    "outbox", "{{o:{namespace}}}:outbox", "stream", "until Kafka has them", "what was said in the chat, as events"
)
OUTBOX_COUNTERS = _declare(
    "outbox counters",
    "{{o:{namespace}}}:outbox-counters",
    "hash",
    "permanent",
    "bytes that wait; deliveries that failed, events that were refused",
)

PROBE = _declare("probe", "probe:{probe}", "string", "10 s", "`semcache doctor` tries whether Redis takes writes")

CALL_LIMIT = _declare(
    "call limit", "limit:{rule}", "list", "a minute", "times of a user's LLM calls; rule = namespace/user"
)
LANGUAGES = _declare(
    "languages", "languages:{namespace}:{day}", "hash", "two days", "language -> questions of a day, UTC"
)
