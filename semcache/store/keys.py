"""Every key name in Redis, with its type and lifetime.

A hash tag holds together what one script changes: one slot per cache scope, per user, per knowledge namespace.
Ids are percent-escaped, so that no id can reach into another's keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from string import Formatter
from urllib.parse import quote, unquote

PREFIX = "sc"


@dataclass(frozen=True, slots=True)
class KeyKind:
    """One kind of key: how it is named, its Redis type, how long it lives and what it holds."""

    name: str
    pattern: str
    type: str
    lifetime: str
    holds: str

    @property
    def parts(self) -> tuple[str, ...]:
        """What `build` has to be given."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.pattern) if name)

    def build(self, **parts: str) -> str:
        return _form(self.pattern)(**{k: escape(v) for k, v in parts.items()})

    def matches(self, key: str) -> bool:
        shape = re.escape(f"{PREFIX}:" + self.pattern.format(**dict.fromkeys(self.parts, "\0")))
        return re.fullmatch(shape.replace("\0", "[^:{}]*"), key) is not None


KINDS: list[KeyKind] = []


@cache
def _form(pattern: str) -> Callable[..., str]:
    return f"{PREFIX}:{pattern}".format


@lru_cache(maxsize=65_536)
def escape(part: str) -> str:
    """`a:b` -> `a%3Ab`: no separator, brace or percent sign of an id survives."""
    return part if part.isalnum() and part.isascii() else quote(part, safe="")


def unescape(part: str) -> str:
    """The id that `escape` made a part of."""
    return unquote(part)


def kind_of(key: str) -> KeyKind | None:
    """The declared kind of a key, or None if nobody declared it."""
    return next((kind for kind in KINDS if kind.matches(key)), None)


def undeclared(keys: Iterator[str]) -> list[str]:
    """The keys that no kind declares; a test fails on them."""
    return [key for key in keys if kind_of(key) is None]


def _declare(name: str, pattern: str, type: str, lifetime: str, holds: str) -> KeyKind:
    kind = KeyKind(name, pattern, type, lifetime, holds)
    KINDS.append(kind)
    return kind


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
SESSION_LENGTHS = _declare("session lengths", _M + "lengths", "sorted set", "permanent", "session id by its stems")
SESSION_STEM = _declare(
    "session stem", _M + "session-stem:{stem}", "sorted set", "permanent", "session id by how often the stem is in it"
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
    "turn id -> what rules read in it, JSON; derived; leaves with the turn; `revision`: until the next change",
)
TURN_MODELS = _declare("turn models", _M + "models", "set", "permanent", "fingerprints that turns have vectors of")
TURN_STEM = _declare("turn stem", _M + "stem:{stem}", "sorted set", "permanent", "turn id by the term's weight")
TURN_CORPUS = _declare("turn corpus", _M + "corpus", "hash", "permanent", "number of turns and of terms")

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
