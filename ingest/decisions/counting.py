"""What records of decisions count for, by event time: windows of a minute and of an hour, and top questions (pure).

Sliding windows are sums of whole minutes or hours. A late record counts in the window in which it was decided, and as
late; one whose window is no longer kept counts as too late, and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from semcache.decisions import LookupDecided, Published, parse_published
from semcache.errors import Quarantine
from semcache.store.keys import escape
from semcache_ingest.records import Record

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
MINUTES_KEPT_S = 26 * HOUR_S
#: Upper edges of the latency's classes, microseconds; the last class has none.
LATENCY_US = (250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 20_000, 50_000, 100_000, 500_000, 1_000_000)
#: From this similarity on, a question is counted under the one that it is near to.
NEAR = 0.9
INVALID = "invalid"
_SHOWN_CHARS = 200

Counts = dict[str, int]
Window = tuple[int, int]
"""Length and start, s since the epoch."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When a record is late, and how long windows of an hour and days of questions are kept, s."""

    late_after_s: float = 60.0
    keep_s: float = 30.0 * DAY_S

    def keeps(self, length_s: int) -> float:
        """How long windows of that length are kept."""
        return min(MINUTES_KEPT_S, self.keep_s) if length_s == MINUTE_S else self.keep_s


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was missed or served, of one day; `near`: the stored question that it is near to, if any."""

    board: str
    day: int
    series: str
    text: str
    near: str = ""
    times: int = 1

    def key(self, text: str) -> str:
        """What it is known by within its day."""
        return hashlib.blake2b(f"{self.series}|{text}".encode(), digest_size=12).hexdigest()


@dataclass(slots=True)
class Tally:
    """What a batch of records of one partition adds. `watermark`: the latest time seen, s; `records` by kind."""

    watermark: float
    windows: dict[Window, dict[str, Counts]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    late: int = 0
    invalid: int = 0
    events: list[Published] = field(default_factory=list)

    def add(self, window: Window, series: str, counts: Mapping[str, int]) -> None:
        into = self.windows.setdefault(window, {}).setdefault(series, {})
        for name, number in counts.items():
            into[name] = into.get(name, 0) + number


def tally(records: Iterable[Record], watermark: float, policy: Policy) -> Tally:
    """What these records of one partition add, in their order; the same however they are cut into batches."""
    found = Tally(watermark)
    for record in records:
        if record.value is None:
            continue
        try:
            _count(found, parse_published(record.value), policy)
        except Quarantine:
            found.invalid += 1
            found.add(window_of(record.timestamp_ms / 1000, HOUR_S), "||", {INVALID: 1})
    return found


def series_of(event: Published) -> str:
    """`namespace|tenant|scope`, each escaped."""
    return "|".join(map(escape, (event.namespace, event.tenant, event.scope)))


def window_of(at: float, length_s: int) -> Window:
    """The window of that length in which a moment lies."""
    return length_s, int(at // length_s) * length_s


def counts_of(event: Published) -> Counts:
    """What one event counts for, by name."""
    lost = {"lost": event.lost} if event.lost else {}
    if not isinstance(event, LookupDecided):
        verdict = "unjudged" if event.right is None else "right" if event.right else "wrong"
        return {f"{verdict}.{event.by}": 1, **lost}
    times = event.times
    counts = {"lookups": times, _outcome(event): times, f"took.{_latency_class(event.latency_us)}": times, **lost}
    saved = {"tokens": event.tokens, "cost_micros": event.cost_micros, "saved_ms": event.saved_ms}
    took = {"latency_us": times * event.latency_us}
    return counts | {name: number for name, number in saved.items() if number} | took


def _outcome(event: LookupDecided) -> str:
    if event.outcome == "miss":
        return f"miss.{escape(event.reason)}"
    return f"{event.outcome}.{'exact' if event.exact else 'semantic'}"


def _latency_class(latency_us: int) -> int:
    return next((edge for edge in LATENCY_US if latency_us <= edge), 0)


def _count(found: Tally, event: Published, policy: Policy) -> None:
    at, series, counts = event.at.timestamp(), series_of(event), counts_of(event)
    found.events.append(event)
    times = event.times if isinstance(event, LookupDecided) else 1
    if at < found.watermark - policy.late_after_s:
        counts["late"] = times
        found.late += times
    found.watermark = max(found.watermark, at)
    kept = [w for w in (window_of(at, MINUTE_S), window_of(at, HOUR_S)) if _is_kept(w, found.watermark, policy)]
    for window in kept:
        found.add(window, series, counts)
    if not kept:
        found.add(window_of(found.watermark, HOUR_S), series, {"too_late": times})
    elif isinstance(event, LookupDecided) and event.question:
        found.asked.append(_asked(event, event.question, series, at))


def _is_kept(window: Window, watermark: float, policy: Policy) -> bool:
    length_s, start = window
    return start + length_s + policy.keeps(length_s) > watermark


def _asked(event: LookupDecided, question: str, series: str, at: float) -> Asked:
    near = event.nearest if event.nearest and (event.outcome == "hit" or (event.similarity or 0) >= NEAR) else ""
    board = "missed" if event.outcome == "miss" else "served"
    day = window_of(at, DAY_S)[1]
    return Asked(board, day, series, _shown(question), _shown(near), event.times)


def _shown(text: str) -> str:
    return " ".join(text.split())[:_SHOWN_CHARS]
