"""Publishing decisions: off the look-up's path, never in its way. What Kafka does not take is dropped and counted."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from semcache.cache.deciding.findings import Findings
from semcache.cache.types import CheckRecord, Hit, LookupRecord, Miss, Reason
from semcache.decisions import MAX_QUESTION_CHARS, MAX_TENANT_CHARS, MAX_TIMES
from semcache.forking import reset_in_child
from semcache.settings import Settings
from semcache_ingest.decisions.counting import LATENCY_US, MINUTE_S
from semcache_ingest.kafka.clients import Throttled, open_producer
from semcache_ingest.kafka.topics import ensure_topics

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

Told = LookupRecord | CheckRecord
Event = dict[str, Any]
_LOOK_EVERY_S = 0.1
_TRY_AGAIN_S = 5.0
_LEAVE_S = 5.0
_log = logging.getLogger("semcache.ingest.decisions")
_log.addFilter(Throttled())
encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class DecisionPublisher:
    """A sink of decisions. Threads may share it; nothing is sent before there is something to send.

    `lost`: decisions that were dropped because too many waited, or that Kafka did not take.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most = settings.decisions.waiting
        self._start_anew()
        reset_in_child(self._start_anew)

    def _start_anew(self) -> None:
        """A forked child has neither the thread nor the client."""
        self.lost = 0
        self._untold = 0
        self._run_id, self._sent = uuid.uuid4().hex, 0
        self._client: Producer | None = None
        self._told: deque[Told] = deque()
        self._ready: deque[Event] = deque()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, record: Told) -> None:
        """Takes a decision; costs some microseconds, and never waits."""
        if len(self._told) + len(self._ready) >= self._most:
            self._drop(1)
            return
        self._told.append(record)
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Sends what waits, some seconds at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * _LEAVE_S)
        if self._client is not None:
            self._client.flush(_LEAVE_S)
            self._client.purge()  # what is left is told to `_delivered`
            self._client.poll(0)
        self._drop(len(self._told) + sum(map(_times, self._ready)))
        if self.lost:
            _log.warning("%d decisions were not published", self.lost)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="semcache-decisions", daemon=True)
                self._thread.start()

    def _drop(self, number: int) -> None:
        with self._lock:
            self.lost += number
            self._untold += number

    # -- the thread: looks ten times a second, because to be woken at each look-up would cost the look-up more

    def _run(self) -> None:
        rest_until = 0.0
        while not self._stop.wait(_LOOK_EVERY_S):
            self._make_ready()
            if time.monotonic() >= rest_until and not self._try_to_send():
                rest_until = time.monotonic() + _TRY_AGAIN_S
        self._make_ready()
        self._try_to_send()

    def _make_ready(self) -> None:
        """Events instead of records, which hold answers and vectors."""
        waiting = [self._told.popleft() for _ in range(len(self._told))]
        self._ready.extend(events_of(waiting, text=self._settings.decisions.text))

    def _try_to_send(self) -> bool:
        """Whether Kafka can be asked."""
        try:
            if self._ready or self._client:
                self._send(self._producer())
        except BufferError:
            pass  # the client has as many as it takes: they go first
        except Exception as error:  # noqa: BLE001 - the top of the loop: what waits may go the next time
            _log.error("decisions are not published now: %s", error)
            return False
        return True

    def _send(self, producer: Producer) -> None:
        producer.poll(0)
        while self._ready:
            event, untold = self._ready[0], self._untold
            self._sent += 1
            named = event | {"id": f"{self._run_id}-{self._sent}"} | ({"lost": untold} if untold else {})
            producer.produce(
                self._settings.decisions.topic,
                key=event["scope"],
                value=encoded(named).encode("utf-8", "replace"),
                on_delivery=partial(self._delivered, untold, _times(event)),
            )
            self._ready.popleft()
            if untold:
                with self._lock:
                    self._untold -= untold
        producer.poll(0)

    def _delivered(self, told: int, times: int, error: KafkaError | None, message: object) -> None:
        """Called for what Kafka has not taken."""
        if error is None:
            return
        with self._lock:
            self._untold += told
        self._drop(times)
        _log.error("a decision is lost: Kafka has not taken it (%s)", error.str())

    def _producer(self) -> Producer:
        if self._client is None:
            ensure_topics(self._settings)
            more = {"queue_buffering_max_messages": self._most, "delivery_report_only_error": True}
            self._client = open_producer(self._settings.kafka, **more)
        return self._client


def events_of(records: Iterable[Told], *, text: bool) -> Iterator[Event]:
    """The events of some records. Exact hits that count alike share one: they are most of what there is to tell."""
    alike: dict[tuple[object, ...], list[LookupRecord]] = {}
    for record in records:
        if isinstance(record, LookupRecord) and isinstance(record.found, Hit) and record.found.exact:
            alike.setdefault(_counted_as(record, record.found, text), []).append(record)
        else:
            yield event_of(record, text=text)
    for found in alike.values():
        for start in range(0, len(found), MAX_TIMES):
            yield _event_of_alike(found[start : start + MAX_TIMES], text=text)


def _counted_as(record: LookupRecord, hit: Hit, text: bool) -> tuple[object, ...]:
    """What an exact hit is counted under, its savings aside: scope, minute, class of its latency, text if published."""
    took = bisect_left(LATENCY_US, round(record.seconds * 1e6))
    counted = id(record.place), record.at // MINUTE_S, took
    return (*counted, record.prompt, hit.prompt) if text else counted


def _event_of_alike(records: Sequence[LookupRecord], *, text: bool) -> Event:
    event = event_of(records[-1], text=text)
    if (times := len(records)) == 1:
        return event
    hits = [record.found for record in records if isinstance(record.found, Hit)]
    return event | {
        "times": times,
        "latency_us": sum([round(record.seconds * 1e6) for record in records]) // times,
        "tokens": sum([hit.tokens_saved for hit in hits]),
        "cost_micros": round(sum([hit.cost_saved for hit in hits]) * 1e6),
        "saved_ms": round(sum([hit.seconds_saved for hit in hits]) * 1000),
    }


def _times(event: Event) -> int:
    times: int = event.get("times", 1)
    return times


def event_of(record: Told, *, text: bool) -> Event:
    """The fields of a decision's event, as `semcache.decisions` describes them, without those that say nothing.

    `text`: with the question, if it is not one person's.
    """
    place = record.place
    common: Event = {
        "namespace": place.namespace,
        "at": datetime.fromtimestamp(record.at, UTC).isoformat(),
        "scope": place.scope,
    }
    if place.tenant:
        common["tenant"] = place.tenant[:MAX_TENANT_CHARS]
    if isinstance(record, CheckRecord):
        return common | {"type": "check", "by": record.by, "right": record.right}
    shown = text and not place.personal
    if shown and record.prompt:
        common["question"] = record.prompt[:MAX_QUESTION_CHARS]
    return {
        "type": "decision",
        "budget": place.max_error_rate,
        "latency_us": round(record.seconds * 1e6),
        **(_of_hit(record.found, shown) if isinstance(record.found, Hit) else _of_miss(record.found, shown)),
        **common,
    }


def _of_hit(hit: Hit, shown: bool) -> Event:
    return {
        "outcome": "hit",
        "exact": hit.exact,
        "similarity": _within(-1.0, hit.similarity),
        "confidence": _within(0.0, hit.confidence),
        "tokens": hit.tokens_saved,
        "cost_micros": round(hit.cost_saved * 1e6),
        "saved_ms": round(hit.seconds_saved * 1000),
        **({"nearest": hit.prompt[:MAX_QUESTION_CHARS]} if shown else {}),
    }


def _of_miss(miss: Miss, shown: bool) -> Event:
    work = miss.work if isinstance(miss.work, Findings) else None
    judged = work.decision.candidate if work else None
    best = judged or (miss.candidates[0] if miss.candidates else None)
    found: Event = {"outcome": "shadow" if miss.reason is Reason.SHADOW else "miss", "reason": miss.reason.value}
    if best is None:
        return found
    found["similarity"] = _within(-1.0, best.similarity)
    if work and judged:
        found |= {"exact": judged is work.exact, "confidence": _within(0.0, work.decision.confidence)}
    return found | ({"nearest": best.prompt[:MAX_QUESTION_CHARS]} if shown and best.prompt else {})


def _within(least: float, value: float) -> float:
    """Rounding may take a cosine beyond 1."""
    return min(1.0, max(least, value))


@contextmanager
def open_publisher(settings: Settings) -> Iterator[DecisionPublisher]:
    """A publisher of the installation, closed at the end. The entry point `semcache.decisions` names it."""
    publisher = DecisionPublisher(settings)
    try:
        yield publisher
    finally:
        publisher.close()
