"""The way of what is said in the chat: kept in Redis first, then sent, and gone from there once Kafka has it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from semcache.errors import ConfigurationError, InvalidInput, KafkaUnavailable, SealError, Unavailable
from semcache.settings import Settings
from semcache.store.connect import connect
from semcache.store.outbox import Outbox, OutboxFull, OutboxStatus, Waiting
from semcache.store.sealing import open_sealer
from semcache_ingest.kafka.clients import Throttled
from semcache_ingest.publish import EventPublisher, Outgoing, outgoing

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

LOOK_EVERY_S = 2.0
"""An event that still waits at the second look is sent, whoever kept it; before, somebody is about to."""
PATIENCE_S = 0.3
"""How long an answer waits for Kafka when something seems wrong; when it is known to be, it does not."""
_POLL_S = 0.1
_AT_ONCE = 500
_CONFIRM_S = 2.0
_LEAVE_S = 5.0
_log = logging.getLogger("semcache.ingest.courier")
_log.addFilter(Throttled())


class Courier:
    """Takes events, and sees that Kafka gets each, also those that another process has left. Thread-safe.

    Events may arrive twice and out of order: they have to be such that this changes nothing, as `message` is.
    While Kafka is in trouble one waiting event at a time is tried; its delivery ends the trouble, and the rest follows.
    `status` is told what waits at each look.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        *,
        status: Callable[[OutboxStatus], None] = lambda _: None,
    ) -> None:
        self.failures = 0
        """Deliveries that failed in this process; each is tried again."""
        self._settings = settings
        self.publisher = EventPublisher(settings, trouble=self._suspect)
        """What it sends with; others may publish with it too."""
        self._outbox = outbox
        self._status = status
        self._change = threading.Condition()
        self._on_its_way: set[str] = set()
        self._delivered: list[str] = []
        self._refused: list[str] = []
        self._unnoted = 0
        self._seen: frozenset[str] = frozenset()
        self._looked_at = float("-inf")
        self._suspicion: str | None = None
        self._trouble: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def __enter__(self) -> Courier:
        self.publisher.__enter__()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Waits a little for what is under way; the rest stays in Redis, for the next one."""
        if self._trouble or not self._wait(lambda: not self._on_its_way or bool(self._trouble), _LEAVE_S):
            self.publisher.give_up()
        self._stop.set()
        self._thread.join(_LEAVE_S)
        self.publisher.__exit__(kind, error, None)

    @property
    def trouble(self) -> str | None:
        """Why Kafka takes nothing now; None while all is well."""
        return self._trouble

    def take(self, event: Mapping[str, Any]) -> str | None:
        """Keeps an event and sends it; a warning in words if Kafka does not take it now.

        Raises:
            InvalidInput: it is no valid event.
            KafkaUnavailable: Kafka does not take it, and too much waits already.
            RedisUnavailable: it could not be kept.
        """
        record = outgoing(event, self._settings)
        try:
            place = self._outbox.keep(record.id, record.value.decode())
        except OutboxFull as full:
            self._insist(event, full)
            return None
        if self._trouble is None:
            self._send(place, record)
        if self._arrived(place):
            return None
        return (
            f"Kafka does not take events now ({self._trouble}): what was said is kept in Redis, "
            "and joins long-term memory when Kafka is back"
        )

    def drain(self, *, timeout_s: float) -> int:
        """Sends all that waits, whoever kept it; how many events still wait then.

        Raises:
            RedisUnavailable: what waits cannot be read.
        """
        for event in self._outbox.waiting():
            if self._trouble:
                break
            self._forward(event)
        self._wait(lambda: not self._on_its_way or bool(self._trouble), timeout_s)
        self._settle()
        return self._outbox.status().events

    def _insist(self, event: Mapping[str, Any], full: OutboxFull) -> None:
        """No room to keep it: it has to be in Kafka before the answer is over."""
        try:
            self.publisher.publish(event, confirm_s=_CONFIRM_S)
        except KafkaUnavailable as error:
            raise KafkaUnavailable(f"{error}; and {full}") from error

    def _send(self, place: str, record: Outgoing) -> None:
        """On its way, if there is one; else it waits."""
        with self._change:
            self._on_its_way.add(place)
        try:
            self.publisher.send(record, lambda error: self._answered(place, error))
        except (Unavailable, ConfigurationError) as error:
            self._gone(place)
            self._in_trouble(str(error))
        except InvalidInput as error:
            self._refuse(place, str(error))

    def _arrived(self, place: str) -> bool:
        """Whether there is no reason to warn. Waits only if there is one to doubt and none to be sure."""
        with self._change:
            if self._trouble is None and self._suspicion is None:
                return True
            doubt = self._trouble is None
        if doubt and not self._wait(lambda: place not in self._on_its_way, PATIENCE_S):
            self._in_trouble(self._suspicion or "no acknowledgement")
        return self._trouble is None

    # -- Kafka's answers, on whatever thread polls

    def _suspect(self, why: str) -> None:
        """Something may be wrong with the brokers: the next event waits a little to see."""
        with self._change:
            self._suspicion = self._suspicion or why

    def _answered(self, place: str, error: KafkaError | None) -> None:
        if error is None:
            with self._change:
                self._on_its_way.discard(place)
                self._delivered.append(place)
                if self._trouble:
                    _log.info("Kafka takes events again; what waited is sent")
                    self._looked_at = float("-inf")
                self._trouble = self._suspicion = None
                self._change.notify_all()
        elif _is_final(error):
            self._refuse(place, error.str())
        else:
            self._gone(place)
            with self._change:
                self.failures += 1
                self._unnoted += 1
            self._in_trouble(error.str())

    def _gone(self, place: str) -> None:
        with self._change:
            self._on_its_way.discard(place)
            self._change.notify_all()

    def _in_trouble(self, why: str) -> None:
        with self._change:
            self._trouble = why
        _log.error("Kafka does not take what is said in the chat: it waits in Redis (%s)", why)

    def _refuse(self, place: str, why: str) -> None:
        """Kafka never takes this one: kept, it would wait for ever."""
        with self._change:
            self._on_its_way.discard(place)
            self._refused.append(place)
        _log.error("an event of the chat is dropped: %s", why)

    # -- the thread: polls, settles, and looks for what waits

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.publisher.poll(_POLL_S):
                    self._stop.wait(_POLL_S)
                self._settle()
                if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                    self._looked_at = time.monotonic()
                    self._look()
            except Exception as error:  # noqa: BLE001 - the top of the loop: what waits is still there next time
                _log.warning("the outbox cannot be served now: %s", error)
                self._stop.wait(_POLL_S)
        self._settle_quietly()

    def _settle(self) -> None:
        """Kafka has these, or never will: they wait no longer. Done twice, it changes nothing but the counters."""
        delivered, refused, failed = self._delivered[:], self._refused[:], self._unnoted
        self._outbox.settle([*delivered, *refused])
        self._outbox.count(failed=failed, refused=len(refused))
        with self._change:
            del self._delivered[: len(delivered)]
            del self._refused[: len(refused)]
            self._unnoted -= failed

    def _settle_quietly(self) -> None:
        try:
            self._settle()
        except Unavailable as error:
            _log.warning("what Kafka has stays in the outbox, and is sent once more: %s", error)

    def _look(self) -> None:
        self._status(self._outbox.status())
        waiting = [event for event in islice(self._outbox.waiting(), _AT_ONCE) if event.place not in self._on_its_way]
        due = [event for event in waiting if event.place in self._seen]
        self._seen = frozenset(event.place for event in waiting)
        if self._trouble:
            due = [] if self._on_its_way else due[:1]
        for event in due:
            self._forward(event)

    def _forward(self, event: Waiting) -> None:
        try:
            self._send(event.place, outgoing(json.loads(self._outbox.open(event)), self._settings))
        except SealError as error:
            _log.error("an event in the outbox cannot be opened, and waits: %s", error)
        except InvalidInput as error:
            self._refuse(event.place, str(error))

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        with self._change:
            return self._change.wait_for(condition, timeout_s)


def _is_final(error: KafkaError) -> bool:
    """Whether this very record is refused, now and later."""
    from confluent_kafka import KafkaError

    return error.code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG)


@contextmanager
def open_courier(settings: Settings, *, status: Callable[[OutboxStatus], None] = lambda _: None) -> Iterator[Courier]:
    """A courier of the installation; nothing is sent before there is something to send.

    Raises:
        ConfigurationError: the Redis URL or a key of `[seal]` is wrong.
    """
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    outbox = Outbox(
        client,
        namespace=settings.namespace,
        max_bytes=settings.kafka.outbox_max_bytes,
        sealer=open_sealer(settings.seal),
    )
    try:
        with Courier(settings, outbox, status=status) as courier:
            yield courier
    finally:
        client.close()
