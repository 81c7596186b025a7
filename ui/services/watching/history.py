"""What the looks at the servers saw, one after the other: hit rate and ingest over time, since the app is open."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from semcache_ui.services.watching.health import Health

_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters at a moment (s since the epoch); None where the server did not answer."""

    at: float
    hits: int | None
    lookups: int | None
    produced: int | None
    applied: int | None


@dataclass(frozen=True, slots=True)
class Rates:
    """What happened between two looks, at the later one: lookups, share of hits among them, records a second."""

    at: float
    lookups: int
    hit_rate: float | None
    produced_per_s: float | None
    applied_per_s: float | None


class History:
    """The last looks; thread-safe. The oldest fall out."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque(maxlen=_MOST)

    def add(self, health: Health) -> Health:
        """Keeps a look, and returns it."""
        with self._lock:
            self._samples.append(_sample(self._clock(), health))
        return health

    def samples(self) -> tuple[Sample, ...]:
        """All looks, oldest first."""
        with self._lock:
            return tuple(self._samples)

    def rates(self) -> tuple[Rates, ...]:
        """What happened from look to look."""
        return tuple(_between(before, after) for before, after in pairwise(self.samples()))


def _sample(at: float, health: Health) -> Sample:
    stats, partitions = health.stats, health.ingest.partitions if health.ingest else None
    return Sample(
        at,
        hits=stats.hits if stats else None,
        lookups=stats.lookups if stats else None,
        produced=sum(p.end for p in partitions) if partitions is not None else None,
        applied=sum(p.committed or 0 for p in partitions) if partitions is not None else None,
    )


def _between(before: Sample, after: Sample) -> Rates:
    seconds = max(after.at - before.at, 1e-6)
    lookups = _grown(before.lookups, after.lookups)
    hits = _grown(before.hits, after.hits)
    produced, applied = _grown(before.produced, after.produced), _grown(before.applied, after.applied)
    return Rates(
        at=after.at,
        lookups=lookups or 0,
        hit_rate=hits / lookups if hits is not None and lookups else None,
        produced_per_s=None if produced is None else produced / seconds,
        applied_per_s=None if applied is None else applied / seconds,
    )


def _grown(before: int | None, after: int | None) -> int | None:
    """By how much a counter grew; None if it is unknown or was reset."""
    return None if before is None or after is None or after < before else after - before
