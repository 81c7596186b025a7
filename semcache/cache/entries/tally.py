"""What a process has served and not yet counted in Redis: gathered in memory, written some dozens of times a second."""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis
from redis.client import Pipeline

from semcache.background import Worker
from semcache.cache.entries.records import StoredAnswer
from semcache.errors import RedisUnavailable
from semcache.forking import leaf_lock, reset_in_child
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import entry_prefix
from semcache.store.lua import Argument, executed, script

# An entry whose use stopped weighs half as much after that long: what `max_entries` evicts is least by this measure.
USE_HALF_LIFE_S = 86_400.0
# Whoever adds more before they are written writes them, and is slowed down by it.
MOST_WAITING = 1_000
# After so long whoever counts sends for the worker again: the end of a runtime gives up what is queued.
RESENT_AFTER_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Counts:
    """Counts that wait: by counter; of each entry its hits and the time of the last, s. `sent_s`: for the worker."""

    misses: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    used: dict[str, tuple[int, float]] = field(default_factory=dict)
    lessons: list[Callable[[Pipeline], None]] = field(default_factory=list)
    sent_s: float = -math.inf

    @property
    def full(self) -> bool:
        return len(self.used) + len(self.lessons) >= MOST_WAITING

    def send(self) -> bool:
        """Whether the worker is to be sent for: nobody has, or it did not come."""
        now = time.monotonic()
        due = now >= self.sent_s + RESENT_AFTER_S
        self.sent_s = now if due else self.sent_s
        return due


class Tally:
    """Counts hits and misses of one scope behind the answers; with no `worker` at once.

    A process that is killed loses what it has counted in the last milliseconds, and nothing else. `idle_s`: how long
    what is counted outlives its last change, whole seconds.
    """

    def __init__(self, client: redis.Redis, scope: str, *, worker: Worker | None, idle_s: int) -> None:
        self._redis = client
        self._worker = worker
        self._idle_s = idle_s
        self._prefix = entry_prefix(scope)
        self._keys = [kind.build(scope=scope) for kind in (keys.CACHE_USE, keys.CACHE_COUNTERS)]
        self._lock = leaf_lock()
        self._waiting = _Counts()
        reset_in_child(self._forget)

    def _forget(self) -> None:
        """In a forked child: what the parent has counted, the parent writes."""
        self._waiting = _Counts()

    def miss(self, counter: str) -> None:
        """Counts a miss."""
        with self._lock:
            self._waiting.misses[counter] += 1
            send = self._waiting.send()
        self._written(send, full=False)

    def hit(
        self,
        entry_id: str,
        answer: StoredAnswer,
        *,
        now: float,
        counter: str,
        lesson: Callable[[Pipeline], None] | None,
    ) -> None:
        """Counts a hit and what it saved, whether or not the entry is still there.

        `lesson` queues what the hit teaches, if the entry is.
        """
        with self._lock:
            waiting = self._waiting
            hits = waiting.hits
            hits[counter] += 1
            hits["tokens_saved"] += answer.tokens
            hits["cost_saved"] += answer.cost  # type: ignore[assignment]
            hits["seconds_saved"] += answer.compute_s  # type: ignore[assignment]
            waiting.used[entry_id] = (waiting.used.get(entry_id, (0, 0.0))[0] + 1, now)
            if lesson is not None:
                waiting.lessons.append(lesson)
            send, full = waiting.send(), waiting.full
        self._written(send, full)

    def _written(self, send: bool, full: bool) -> None:
        """Sends for the worker, if that is due; whoever fills the tally, or finds nobody, writes."""
        if not full and not send and self._worker is not None:
            return
        if full or self._worker is None or not self._worker.submit(self._write):
            try:
                self._write()
            except RedisUnavailable as error:
                _log.warning("a lookup cannot be counted: %s", error)

    @guarded()
    def _write(self) -> None:
        with self._lock:
            counts, self._waiting = self._waiting, _Counts()
        if not (counts.misses or counts.used):
            return
        args: list[Argument] = [self._prefix, self._idle_s, counters_json(counts.misses), counters_json(counts.hits)]
        for entry_id, (hits, now) in counts.used.items():
            args += entry_id, hits, now, now / USE_HALF_LIFE_S + math.log2(hits)
        if not counts.lessons:
            script("cache_hit")(self._redis, keys=self._keys, args=args)
            return
        pipe = self._redis.pipeline(transaction=False)
        script("cache_hit")(pipe, keys=self._keys, args=args)
        for lesson in counts.lessons:
            lesson(pipe)
        executed(self._redis, pipe)


def counters_json(counters: Mapping[str, float]) -> str:
    """Counters as JSON, as cache_hit.lua takes them: those that change, as decimal text."""
    return json.dumps({name: f"{by:.15g}" for name, by in counters.items() if by})
