"""Which of two changes of a document is the newer one (pure): their sources' order says it, never a tie of clocks.

A change that comes from a log stands at a `Place`: in that log, and, where its source numbers its changes, on an axis
of the source: the version that an owner counts, a database's log sequence number, a binary log's file and position.
Numbers are compared on one axis only; between axes the log's own order decides, and the time at the source.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = "version"
"""The axis of versions that the owner of a document counts."""
MAX_AXES = 4
"""Axes kept of a document; the one that moved longest ago goes first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change stands. Times are milliseconds since the epoch.

    `log` and `offset` say it for the log, `axis` and `numbers` for the source, empty where it numbers nothing.
    `epoch` is raised by hand when a source begins to count anew. `snapshot`: a row as it was when it was read, which is
    no change.
    """

    log: str
    offset: int
    log_ms: int
    axis: str = ""
    numbers: tuple[int, ...] = ()
    epoch: int = 0
    source_ms: int | None = None
    snapshot: bool = False

    @property
    def time_ms(self) -> int:
        return self.log_ms if self.source_ms is None else self.source_ms


@dataclass(frozen=True, slots=True)
class Reached:
    """How far an axis has come. `since_ms`: the source's time when its numbers last fell; 0 if they never did."""

    numbers: tuple[int, ...]
    epoch: int
    source_ms: int | None
    content: str
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered of a document: the last change that was applied, its content, and how far each axis is."""

    last: Place | None = None
    content: str = ""
    axes: Mapping[str, Reached] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> History:
        """The history in `encoded`; an empty text is that of a document which no log has touched."""
        if not text:
            return cls()
        said = json.loads(text)
        log, offset, log_ms, axis, source_ms, snapshot = said["last"]
        axes = {
            name: Reached(tuple(n), epoch, at, content, since) for name, (n, epoch, at, content, since) in said["axes"]
        }
        last = Place(log, offset, log_ms, axis, source_ms=source_ms, snapshot=snapshot)
        return cls(last, said["content"], axes)

    @property
    def encoded(self) -> str:
        last = self.last
        if last is None:
            return ""
        said: dict[str, Any] = {
            "last": [last.log, last.offset, last.log_ms, last.axis, last.source_ms, last.snapshot],
            "content": self.content,
            "axes": [[name, [r.numbers, r.epoch, r.source_ms, r.content, r.since_ms]] for name, r in self.axes.items()],
        }
        return json.dumps(said, separators=(",", ":"))


class Verdict(StrEnum):
    """What becomes of a change."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # it has been applied before
    STALE = "stale"  # a newer one has been applied
    CONFLICT = "conflict"  # it has the number of the one that was applied, and says something else


@dataclass(frozen=True, slots=True)
class Decision:
    """`history`: what is remembered afterwards. `fell`: the source's numbers have begun anew."""

    verdict: Verdict
    history: History
    fell: bool = False


def decide(history: History, version: int, place: Place, content: str) -> Decision:
    """What becomes of a change with that content, at that place, of a document at that version (0 = never seen)."""
    if _read_again(history.last, place):
        same = history.last is not None and history.last.offset == place.offset
        return Decision(Verdict.DUPLICATE if same else Verdict.STALE, history)
    known = _known(history, abs(version))
    verdict, fell = _compared(known, place, content)
    if verdict is not Verdict.APPLIED:
        return Decision(verdict, history)
    return Decision(verdict, _advanced(known, place, content, fell=fell), fell)


def fingerprint(*parts: Any) -> str:
    """A short name of a content, of anything that JSON can hold."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def _read_again(last: Place | None, place: Place) -> bool:
    """Whether the log was read up to there before. In a log that was made anew offsets are low, but times are not."""
    if last is None or last.log != place.log:
        return False
    return place.offset <= last.offset and place.log_ms <= last.log_ms


def _same_log(last: Place | None, place: Place) -> bool:
    return last is not None and last.log == place.log


def _known(history: History, version: int) -> History:
    """The history of a document that was written past any log: only its version is known."""
    if history.last is None and version:
        return History(axes={VERSION: Reached((version,), 0, None, "")})
    return history


def _compared(history: History, place: Place, content: str) -> tuple[Verdict, bool]:
    """The verdict, and whether the numbers of the place's axis fell."""
    reached = history.axes.get(place.axis) if place.numbers else None
    if reached is None:
        return _across(history, place, content), False
    if place.epoch != reached.epoch:
        return (Verdict.APPLIED if place.epoch > reached.epoch else Verdict.STALE), False
    if place.numbers == reached.numbers:
        return _at_one_place(history, reached, place, content), False
    if place.numbers < reached.numbers:
        fell = place.axis != VERSION and _same_log(history.last, place) and _later(place, reached.source_ms)
        return (Verdict.APPLIED if fell else Verdict.STALE), fell
    if place.source_ms is not None and place.source_ms < reached.since_ms:
        return Verdict.STALE, False  # from before the numbers fell
    moved_meanwhile = history.last is not None and history.last.axis != place.axis
    if place.axis != VERSION and moved_meanwhile:
        return _across(history, place, content), False
    return Verdict.APPLIED, False


def _at_one_place(history: History, reached: Reached, place: Place, content: str) -> Verdict:
    """Databases give one number to several changes of a transaction, owners of documents to one only."""
    if content == reached.content or not reached.content:
        return Verdict.DUPLICATE
    if place.axis == VERSION or not _same_log(history.last, place):
        return Verdict.CONFLICT
    return Verdict.STALE if _older(place, reached.source_ms) else Verdict.APPLIED


def _across(history: History, place: Place, content: str) -> Verdict:
    """Without numbers that can be compared: in one log the later one wins, between logs the later time."""
    last = history.last
    if last is None:
        return Verdict.APPLIED
    if _same_log(last, place):
        if not place.numbers and content == history.content:
            return Verdict.DUPLICATE
        overtaken = _older(place, last.source_ms) and (place.snapshot or not last.snapshot)
        return Verdict.STALE if overtaken else Verdict.APPLIED
    # A tie of times between two logs says nothing: any order will do, if it is the same in every replay.
    newer = (place.time_ms, place.log) > (last.time_ms, last.log)
    return Verdict.APPLIED if newer else Verdict.STALE


def _later(place: Place, than_ms: int | None) -> bool:
    return place.source_ms is not None and than_ms is not None and place.source_ms > than_ms


def _older(place: Place, than_ms: int | None) -> bool:
    return place.source_ms is not None and than_ms is not None and place.source_ms < than_ms


def _advanced(history: History, place: Place, content: str, *, fell: bool) -> History:
    axes = dict(history.axes)
    if place.numbers:
        before = axes.pop(place.axis, None)
        since = (place.source_ms or 0) if fell else (before.since_ms if before and before.epoch == place.epoch else 0)
        axes[place.axis] = Reached(place.numbers, place.epoch, place.source_ms, content, since)
    kept = dict(list(axes.items())[-MAX_AXES:])
    log_ms = max(place.log_ms, history.last.log_ms) if history.last and _same_log(history.last, place) else place.log_ms
    last = Place(place.log, place.offset, log_ms, place.axis, source_ms=place.source_ms, snapshot=place.snapshot)
    return History(last, content, kept)
