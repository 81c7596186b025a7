"""Reading the counts of decisions: tumbling and sliding windows, by scope and tenant, and the top questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from semcache.settings import Settings
from semcache.store import keys
from semcache.store.clients.client import Client
from semcache.store.connect import guarded
from semcache.store.keys import unescape
from semcache_ingest.decisions.counting import DAY_S, HOUR_S, MINUTE_S, Counts, window_of
from semcache_ingest.decisions.figures import Figures

LONGEST_BY_MINUTE_S = 3 * HOUR_S


@dataclass(frozen=True, slots=True)
class Series:
    """The counts of one scope in one window. `scope` is `*` for all beyond the most that are kept apart."""

    start: int
    tenant: str
    scope: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class TopQuestion:
    """How often a question, or one that is near to it, was missed or served."""

    tenant: str
    scope: str
    question: str
    count: int


class DecisionsView:
    """The counts of one installation's decisions."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._redis = client
        self._namespace = keys.escape(settings.namespace)
        self._place = {"group": settings.decisions.group, "topic": settings.decisions.topic}

    def sliding(self, length_s: int, *, now: float) -> list[Series]:
        """The last `length_s` seconds up to the end of this minute, or of this hour where that is long ago."""
        step = MINUTE_S if length_s <= LONGEST_BY_MINUTE_S else HOUR_S
        last = window_of(now, step)[1]
        return self.tumbling(step, range(last - (length_s // step - 1) * step, last + 1, step))

    @guarded()
    def tumbling(self, length_s: int, starts: Sequence[int]) -> list[Series]:
        """The windows of a minute or of an hour that begin at `starts`, s since the epoch."""
        partitions = self._partitions()  # once: another may be counted from now on
        with self._redis.pipeline(transaction=False) as pipe:
            for start in starts:
                for partition in partitions:
                    pipe.hgetall(self._key(keys.decisions.WINDOW, partition, length=str(length_s), start=str(start)))
            rows: Any = pipe.execute()
        return [
            series
            for number, row in enumerate(rows)
            for series in self._series(starts[number // len(partitions)], {k.decode(): int(v) for k, v in row.items()})
        ]

    @guarded()
    def top(self, board: str, *, now: float, days: int = 1, most: int = 20) -> list[TopQuestion]:
        """The questions that were `missed` or `served` most often in the last days, today's among them."""
        today = window_of(now, DAY_S)[1]
        counts: dict[str, int] = {}
        for day in range(today - (days - 1) * DAY_S, today + 1, DAY_S):
            for partition in self._partitions():
                key = self._key(keys.decisions.BOARD, partition, board=board, day=str(day))
                found: Any = self._redis.zrevrange(key, 0, 10 * most, withscores=True)
                for member, score in found:
                    counts[member.decode()] = counts.get(member.decode(), 0) + int(score)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        own = [(member.split("|", 3), count) for member, count in ranked if member.startswith(f"{self._namespace}|")]
        return [TopQuestion(unescape(t), unescape(s), question, count) for (_, t, s, question), count in own[:most]]

    def _series(self, start: int, row: Counts) -> Iterator[Series]:
        found: dict[tuple[str, str], Counts] = {}
        for field, number in row.items():
            namespace, *rest = field.split("|")
            if namespace == self._namespace and len(rest) == 3:
                tenant, scope, name = rest
                found.setdefault((unescape(tenant), unescape(scope)), {})[name] = number
        return (Series(start, tenant, scope, counts) for (tenant, scope), counts in found.items())

    def _partitions(self) -> list[str]:
        found: Any = self._redis.smembers(keys.decisions.PARTITIONS.build(**self._place))
        return sorted(partition.decode() for partition in found)

    def _key(self, kind: keys.KeyKind, partition: str, **more: str) -> str:
        return kind.build(**self._place, partition=partition, **more)


def total(series: Iterable[Series]) -> Figures:
    """All together."""
    return Figures.of(each.counts for each in series)


def grouped(series: Iterable[Series], by: str) -> dict[Any, Figures]:
    """The sums by `start`, `tenant` or `scope`."""
    parts: dict[Any, list[Counts]] = {}
    for each in series:
        parts.setdefault(getattr(each, by), []).append(each.counts)
    return {name: Figures.of(counts) for name, counts in parts.items()}
