"""The keys of what decisions of caches count for: those of one partition of the topic share a slot."""

from __future__ import annotations

from semcache.store.keys.kinds import declare

_D = "{{d:{group}:{topic}:{partition}}}:"
STATE = declare(
    "decisions state",
    _D + "state",
    "hash",
    "permanent",
    "a partition of the decisions: offset up to which it is counted, latest time seen, s",
)
WINDOW = declare(
    "decisions window",
    _D + "window:{length}:{start}",
    "hash",
    "a day (a minute's), decisions.keep_days (an hour's)",
    "namespace|tenant|scope|counter -> number; 500 scopes at most, then one for all others",
)
BOARD = declare(
    "decisions board",
    _D + "board:{board}:{day}",
    "sorted set",
    "decisions.keep_days",
    "namespace|tenant|scope|question by how often it was missed or served that day; 2,000 at most",
)
LEADERS = declare(
    "decisions leaders",
    _D + "leaders:{board}:{day}",
    "hash",
    "with its board",
    "question -> the one that it is counted under; 10,000 at most",
)
PARTITIONS = declare(
    "decisions partitions", "decisions:{group}:{topic}", "set", "permanent", "partitions that are counted"
)
