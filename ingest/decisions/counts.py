"""The counts of decisions in Redis: each partition's offset, windows and boards in one slot, changed by one script."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from semcache.store import keys
from semcache.store.clients.client import Client
from semcache.store.connect import guarded
from semcache.store.lua import script
from semcache_ingest.decisions.counting import DAY_S, Asked, Policy, Tally

MOST_SERIES, MOST_QUESTIONS = 500, 2_000
OTHERS = "*"
"""Tenant and scope of what is beyond `MOST_SERIES`."""


@dataclass(frozen=True, slots=True)
class State:
    """Up to where a partition is counted (None: nothing is), and the latest time seen, s since the epoch."""

    offset: int | None = None
    watermark: float = 0.0


class Counts:
    """The counts of one topic by one consumer group."""

    def __init__(self, client: Client, *, group: str, topic: str, policy: Policy) -> None:
        self._redis = client
        self._group = group
        self._topic = topic
        self._policy = policy

    @guarded()
    def states(self, partitions: Collection[int]) -> dict[int, State]:
        """How far each partition is counted; from now on they are known to whoever reads the counts."""
        if partitions:
            self._redis.sadd(keys.decisions.PARTITIONS.build(group=self._group, topic=self._topic), *partitions)
        found: dict[int, State] = {}
        for partition in partitions:
            row: Any = self._redis.hmget(self._key(keys.decisions.STATE, partition), "offset", "watermark")
            found[partition] = State() if row[0] is None else State(int(row[0]), float(row[1]))
        return found

    @guarded()
    def apply(self, partition: int, before: State, after: int, tally: Tally) -> bool:
        """Adds the tally of the records from `before` up to the offset `after`; False if the partition is elsewhere."""
        changes = list(self._changes(partition, tally))
        applied = script("decisions_apply")(
            self._redis,
            keys=[self._key(keys.decisions.STATE, partition), *(key for names, _ in changes for key in names)],
            args=[
                "" if before.offset is None else before.offset,
                after,
                repr(tally.watermark),
                json.dumps([change for _, change in changes]),
            ],
        )
        return bool(applied)

    def _changes(self, partition: int, tally: Tally) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
        for (length_s, start), by_series in tally.windows.items():
            key = self._key(keys.decisions.WINDOW, partition, length=str(length_s), start=str(start))
            rows = [[series, _others(series), counts] for series, counts in by_series.items()]
            until = int(start + length_s + self._policy.keeps(length_s))
            yield [key], {"until": until, "limit": MOST_SERIES, "series": rows}
        for (board, day), asked in groupby(sorted(tally.asked, key=_board), key=_board):
            names = {"board": board, "day": str(day)}
            boards = [self._key(kind, partition, **names) for kind in (keys.decisions.BOARD, keys.decisions.LEADERS)]
            until = int(day + DAY_S + self._policy.keep_s)
            yield boards, {"until": until, "limit": MOST_QUESTIONS, "asked": [_row(each) for each in asked]}

    def _key(self, kind: keys.KeyKind, partition: int, **more: str) -> str:
        return kind.build(group=self._group, topic=self._topic, partition=str(partition), **more)


def _board(asked: Asked) -> tuple[str, int]:
    return asked.board, asked.day


def _row(asked: Asked) -> list[str | int]:
    near = asked.key(asked.near) if asked.near else ""
    return [f"{asked.series}|", asked.key(asked.text), asked.text, near, asked.near, asked.times]


def _others(series: str) -> str:
    return f"{series.partition('|')[0]}|{OTHERS}|{OTHERS}"
