"""Keys of a user's memory."""

from __future__ import annotations

from semcache.store.keys.kinds import declare as _declare

_M = "{{m:{namespace}:{user}}}:"

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
