"""The outbox: events that are kept in Redis until Kafka has them, one for each namespace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from semcache.errors import RedisUnavailable
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache.store.sealing import UNSEALED, Sealer

_PAGE = 500


class OutboxFull(RedisUnavailable):
    """So much waits that nothing more is kept."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits: its place in the outbox, and its JSON as it was kept, sealed or not."""

    place: str
    id: str
    stored: str


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """What waits, for how long (s), and what went wrong since the namespace exists."""

    events: int = 0
    bytes: int = 0
    oldest_s: float = 0.0
    failed: int = 0
    refused: int = 0


class Outbox:
    """Keeps events (JSON) in the order in which they came; threads and processes may share one.

    An event that was kept is in it until it is settled, whoever dies meanwhile. With a sealer the events are sealed.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        namespace: str,
        max_bytes: int,
        sealer: Sealer = UNSEALED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = client
        self._keys = [keys.OUTBOX.build(namespace=namespace), keys.OUTBOX_COUNTERS.build(namespace=namespace)]
        self._max_bytes = max_bytes
        self._sealer = sealer
        self._clock = clock

    @guarded()
    def keep(self, id: str, event: str) -> str:
        """Keeps an event; its place.

        Raises:
            OutboxFull: more than `max_bytes` would wait.
            RedisUnavailable: it may not have been kept.
        """
        sealed = self._sealer.seal(event, self._seal_place(id))
        place: Any = script("outbox_keep")(self._redis, keys=self._keys, args=[id, sealed, self._max_bytes])
        if not place:
            raise OutboxFull(
                f"{self._max_bytes:,} bytes wait in Redis for Kafka already (kafka.outbox_max_bytes)",
                retry_after_s=10.0,
            )
        return str(place.decode())

    def waiting(self) -> Iterator[Waiting]:
        """Everything that waits, the oldest first."""
        after = "-"
        while page := self._page(after):
            yield from page
            after = f"({page[-1].place}"

    def open(self, event: Waiting) -> str:
        """The event's JSON. Raises SealError if its key is not in the ring."""
        return self._sealer.open(event.stored, self._seal_place(event.id))

    @guarded()
    def settle(self, places: Sequence[str]) -> int:
        """Kafka has these; how many of them still waited."""
        return int(script("outbox_settle")(self._redis, keys=self._keys, args=places)) if places else 0

    @guarded()
    def count(self, *, failed: int = 0, refused: int = 0) -> None:
        """Adds to what went wrong."""
        for name, number in (("failed", failed), ("refused", refused)):
            if number:
                self._redis.hincrby(self._keys[1], name, number)

    @guarded()
    def status(self) -> OutboxStatus:
        """What waits, and what went wrong so far."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.xlen(self._keys[0])
        pipe.xrange(self._keys[0], count=1)
        pipe.hmget(self._keys[1], ["bytes", "failed", "refused"])
        events, oldest, counters = pipe.execute()
        since = int(oldest[0][0].partition(b"-")[0]) / 1000 if oldest else self._clock()
        held, failed, refused = (int(value or 0) for value in counters)
        return OutboxStatus(int(events), held, max(0.0, self._clock() - since), failed, refused)

    @guarded()
    def _page(self, after: str) -> list[Waiting]:
        found: Any = self._redis.xrange(self._keys[0], min=after, count=_PAGE)
        return [Waiting(place.decode(), f[b"id"].decode(), f[b"event"].decode()) for place, f in found]

    def _seal_place(self, id: str) -> str:
        return f"{self._keys[0]}:{id}"
