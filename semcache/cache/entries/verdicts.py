"""What people say about stored answers. A verdict counts once for each person; one person's rejection is a doubt.

A doubted answer is not served to the person who doubts it. For everybody else it stays until a second opinion - the
answer made anew - is against it, or another person doubts it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import redis

from semcache.cache.entries.records import Doubt, Verdict
from semcache.cache.entries.stats import HITS_EXACT, HITS_SEMANTIC, miss_counter
from semcache.cache.entries.tally import counters_json
from semcache.cache.types import Hit, Reason
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import IDLE_S, entry_prefix
from semcache.store.lua import script

ANYBODY = "\0"
"""A person who is not named: all of them count as one."""


class Verdicts:
    """The verdicts on the entries of one scope. `counted` waits until what this process has served is counted.

    `idle_s`: how long counters outlive their last change.
    """

    def __init__(
        self, client: redis.Redis, scope: str, *, idle_s: int = int(IDLE_S), counted: Callable[[], None] = lambda: None
    ) -> None:
        self._redis = client
        self._prefix = entry_prefix(scope)
        self._counters = keys.CACHE_COUNTERS.build(scope=scope)
        self._idle_s = idle_s
        self._counted = counted

    @guarded()
    def take(self, entry_id: str, *, correct: bool, event_id: str = "", person: str | None = None) -> Verdict | None:
        """Takes a verdict down, once for each `event_id`; None if the entry is gone.

        `person`: whose it is; None is the application's own, which decides for all at once.
        """
        self._counted()
        who = "" if person is None else _masked(entry_id, person)
        found = script("cache_feedback")(
            self._redis,
            keys=[self._prefix + entry_id, self._counters],
            args=[self._prefix, "confirmed" if correct else "rejected", event_id, who],
        )
        if not found:
            return None
        news, last, group, agreed, labels = found
        return Verdict(bool(news), last, group.decode(), (float(agreed), float(labels)))

    @guarded()
    def doubt(self, entry_id: str, person: str) -> Doubt:
        """What speaks against serving an answer to a person. Of those who ask, one gets the second opinion to make."""
        found = script("cache_doubt")(self._redis, keys=[self._prefix + entry_id], args=[_masked(entry_id, person)])
        return Doubt(*map(bool, found)) if found else Doubt()

    @guarded()
    def withheld(self, hit: Hit) -> None:
        """A hit was not served, for the sake of who asked: it is counted as a miss instead."""
        self._counted()
        counted = {
            HITS_EXACT if hit.exact else HITS_SEMANTIC: 1,
            "tokens_saved": hit.tokens_saved,
            "cost_saved": hit.cost_saved,
            "seconds_saved": hit.seconds_saved,
        }
        script("cache_withheld")(
            self._redis,
            keys=[self._prefix + hit.entry_id, self._counters],
            args=[counters_json(counted), miss_counter(Reason.GUARD), self._idle_s],
        )

    @guarded()
    def settle(self, entry_id: str, *, upheld: bool) -> None:
        """A second opinion was for the answer, or there was none: then the next who asks gets it to make."""
        script("cache_settle")(self._redis, keys=[self._prefix + entry_id], args=["upheld" if upheld else ""])


def _masked(entry_id: str, person: str) -> str:
    """Tells the judges of one answer apart without naming them."""
    return hashlib.blake2b(person.encode(), key=entry_id.encode()[:64], digest_size=9).hexdigest()
