"""Keys of the server, the chat, the ingestor and the operator."""

from __future__ import annotations

from semcache.store.keys.kinds import declare as _declare

_M = "{{m:{namespace}:{user}}}:"

USER_THREADS = _declare(
    "user threads",
    _M + "threads",
    "sorted set",
    "per member, with its thread",
    "the user's LangGraph threads, which an erasure removes, by the time at which they expire, s",
)

USER_SERVED = _declare(
    "user's served answers", _M + "served", "sorted set", "as long as an answer in the cache", "their keys by expiry"
)
VERBATIM_ANSWER = _declare(
    "verbatim answer",
    "{{v:{namespace}:{tenant}}}:answer:{request}",
    "string",
    "as long as an answer in the cache",
    "the answer to one request of the API, by the request's SHA-256, JSON",
)
VERBATIM_FLIGHT = _declare(
    "verbatim flight",
    "{{v:{namespace}:{tenant}}}:flight:{request}",
    "string",
    "lease, seconds",
    "who asks this now; empty: somebody has just asked",
)
SERVED_RESPONSE = _declare(
    "served response",
    "{{v:{namespace}:{tenant}}}:response:{response}",
    "string",
    "as long as an answer in the cache",
    "what a response that was served here said, so that `previous_response_id` can go on from it, JSON",
)

REQUESTS = _declare(
    "requests",
    "{{rate:{namespace}:{tenant}}}:{minute}",
    "string",
    "two minutes",
    "requests of a tenant in a minute",
)

CHAT_MESSAGES = _declare(
    "chat messages",
    "lc:{prefix}:{session}",
    "list",
    "the history's ttl",
    "LangChain's messages of a session, JSON, oldest first",
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

AUDIT = _declare("audit", "{{a:{namespace}}}:audit", "stream", "the newest 10,000", "who erased or changed what")

PROBE = _declare("probe", "probe:{probe}", "string", "10 s", "`semcache doctor` tries whether Redis takes writes")

CALL_LIMIT = _declare(
    "call limit", "limit:{rule}", "list", "a minute", "times of a user's LLM calls; rule = namespace/user"
)
LANGUAGES = _declare(
    "languages", "languages:{namespace}:{day}", "hash", "two days", "language -> questions of a day, UTC"
)
