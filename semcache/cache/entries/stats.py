"""The counters of a scope: their names, and the statistics read from them."""

from __future__ import annotations

from semcache.cache.entries import Entries
from semcache.cache.types import Reason, Stats

HITS_EXACT = "hits_exact"
HITS_SEMANTIC = "hits_semantic"
REFUSED = "refused"
INVALIDATED = "invalidated"
EXPIRED = "expired"
STALE = "stale"


def miss_counter(reason: Reason) -> str:
    return f"miss_{reason}"


def stats_of(entries: Entries) -> Stats:
    """The statistics of a scope."""
    counted = entries.counters()

    def number(name: str) -> int:
        return int(counted.get(name, 0))

    return Stats(
        entries=entries.size(),
        hits_exact=number(HITS_EXACT),
        hits_semantic=number(HITS_SEMANTIC),
        misses={reason.value: n for reason in Reason if (n := number(miss_counter(reason)))},
        stored=number("stored"),
        replaced=number("replaced"),
        evicted=number("evicted"),
        expired=number(EXPIRED),
        stale=number(STALE),
        invalidated=number(INVALIDATED),
        refused=number(REFUSED),
        confirmed=number("confirmed"),
        rejected=number("rejected"),
        tokens_saved=number("tokens_saved"),
        cost_saved=counted.get("cost_saved", 0.0),
        seconds_saved=counted.get("seconds_saved", 0.0),
    )
