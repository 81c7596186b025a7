"""Stages on threads: a batch is prepared while the one before it is written; a service that is away is waited for."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from semcache.errors import Unavailable
from semcache_ingest.deadletters.writer import said
from semcache_ingest.kafka.clients import Throttled
from semcache_ingest.metrics import Metrics
from semcache_ingest.records import Partition
from semcache_ingest.worker.batch import Batch, RolledBack

Stage = Callable[[Batch], None]

AHEAD = 2
"""Batches that may wait between two stages: when one is begun, at most so many before it are not through the next."""
MAX_BACKOFF_S = 5.0
MAX_UNCONFIRMED = 256
CHECK_S = 2.0
"""How often `lost` is asked when nothing happens."""
_log = logging.getLogger("semcache.ingest.pipeline")
_log.addFilter(Throttled())


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a stage fails at. `since`: on the monotonic clock, in seconds."""

    stage: str
    where: str
    cause: str
    since: float

    def __str__(self) -> str:
        return f"{self.stage} of {self.where}: {self.cause}"


class Pipeline:
    """Runs `stages` in order, each on its own thread, one batch at a time; then `confirm` for all written ones.

    `lost` tells which partitions Redis has lost a part of; it is asked after each confirmation, and now and then.
    A stage starts on a batch when less than `AHEAD` are waiting for the next one.
    Errors of a stage do not end it: it tries again, with back-off, until it succeeds or the batch is cancelled.
    """

    def __init__(
        self,
        stages: Sequence[tuple[str, Stage]],
        *,
        confirm: Callable[[], None],
        lost: Callable[[Collection[Partition]], Mapping[Partition, int | None]],
        metrics: Metrics,
    ) -> None:
        self._stages = stages
        self._confirm = confirm
        self._lost = lost
        self._metrics = metrics
        self._change = threading.Condition()
        self._waiting: list[deque[Batch]] = [deque() for _ in stages]
        self._unconfirmed: list[Batch] = []
        self._in_flight: list[Batch] = []
        self._finished: list[Batch] = []
        self._rewinds: dict[Partition, int | None] = {}
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._watched: frozenset[Partition] = frozenset()
        self._watches, self._checked = 0, 0
        self._troubles: dict[str, Trouble] = {}

    def start(self) -> None:
        work = [(name, lambda i=i: self._work(i)) for i, (name, _) in enumerate(self._stages)]
        for name, target in [*work, ("confirm", self._confirm_all)]:
            thread = threading.Thread(target=target, name=f"ingest-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Cancels what is in flight and ends the threads."""
        self.cancel([batch.partition for batch in self._in_flight])
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(MAX_BACKOFF_S)

    # --- the side of the poll loop ---

    @property
    def trouble(self) -> str | None:
        """What is being waited for, in words; None while all is well."""
        return next((str(trouble) for trouble in self._troubles.values()), None)

    def stalled(self, after_s: float) -> str | None:
        """What has been tried again and again for so many seconds, in words; None if nothing has."""
        now = time.monotonic()
        overdue = (t for t in self._troubles.values() if now - t.since > after_s)
        return next((f"{trouble}; tried again for {now - trouble.since:.0f} s" for trouble in overdue), None)

    def watch(self, partitions: Collection[Partition]) -> None:
        """The partitions to ask `lost` about, from now on."""
        with self._change:
            self._watched = frozenset(partitions)
            self._watches += 1
            self._change.notify_all()

    def verified(self) -> bool:
        """Whether `lost` has been asked about the partitions that are watched, and none has to be read again."""
        with self._change:
            return self._checked == self._watches and not self._rewinds

    def submit(self, batch: Batch) -> bool:
        """Takes a batch; False if its partition has to be read again first (`rewinds`)."""
        with self._change:
            if batch.partition in self._rewinds:
                return False
            self._in_flight.append(batch)
            self._waiting[0].append(batch)
            self._change.notify_all()
            return True

    def has_room(self) -> bool:
        with self._change:
            return not self._waiting[0] and len(self._unconfirmed) < MAX_UNCONFIRMED

    def finished(self) -> list[Batch]:
        """Batches all of whose records have an outcome, in the order of each partition; once."""
        with self._change:
            done, self._finished = self._finished, []
            return done

    def rewinds(self) -> dict[Partition, int | None]:
        """Partitions that Redis has lost a part of, and where to start again (None: the beginning)."""
        with self._change:
            return dict(self._rewinds)

    def rewound(self, partition: Partition) -> None:
        """The partition is being read again from there: its batches are taken again."""
        with self._change:
            self._rewinds.pop(partition, None)

    def in_flight(self, partitions: Collection[Partition] | None = None) -> int:
        """Number of records between submit and outcome."""
        with self._change:
            return sum(
                len(batch.records)
                for batch in self._in_flight
                if not batch.cancelled.is_set() and (partitions is None or batch.partition in partitions)
            )

    def cancel(self, partitions: Collection[Partition]) -> None:
        """Gives up what is in flight of these partitions, or finished and not yet asked for."""
        with self._change:
            self._cancel(partitions)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until the condition holds, at most so long; whether it does."""
        deadline = time.monotonic() + timeout_s
        with self._change:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._change.wait(min(left, 0.5))
        return True

    # --- the side of the stages ---

    def _work(self, index: int) -> None:
        while (batch := self._take(index)) is not None:
            name, stage = self._stages[index]
            if not self._tried(name, stage, batch):
                continue
            with self._change:
                if index + 1 < len(self._stages):
                    self._waiting[index + 1].append(batch)
                else:
                    self._unconfirmed.append(batch)
                self._change.notify_all()

    def _take(self, index: int) -> Batch | None:
        """The next batch of a stage, once the next stage is free to take it; None at the end."""
        with self._change:
            while not self._closed:
                free = index + 1 == len(self._stages) or len(self._waiting[index + 1]) < AHEAD
                if self._waiting[index] and free:
                    self._change.notify_all()
                    return self._waiting[index].popleft()
                self._change.wait()
        return None

    def _confirm_all(self) -> None:
        while (written := self._written()) is not None:
            try:
                if written:
                    with self._metrics.batch_seconds.labels("confirm").time():
                        self._confirm()
                self._look_for_losses()
                self._troubles.pop("confirm", None)
            except Exception as error:  # noqa: BLE001 - the top of the loop: nothing that fails may lose a record
                self._note("confirm", "what is written", error)
                threading.Event().wait(min(getattr(error, "retry_after_s", 1.0), MAX_BACKOFF_S))
                continue
            self._settle(written)

    def _look_for_losses(self) -> None:
        with self._change:
            watched, watches = self._watched, self._watches
        for partition, offset in self._lost(watched).items():
            self._roll_back(partition, offset)
        with self._change:
            self._checked = watches

    def _written(self) -> list[Batch] | None:
        """Batches to confirm, after a while none; None at the end."""
        with self._change:
            if not self._closed and not self._unconfirmed and self._checked == self._watches:
                self._change.wait(CHECK_S)
            return None if self._closed else list(self._unconfirmed)

    def _settle(self, written: Sequence[Batch]) -> None:
        with self._change:
            self._unconfirmed = [batch for batch in self._unconfirmed if batch not in written]
            self._finished.extend(batch for batch in written if not batch.cancelled.is_set())
            self._in_flight = [batch for batch in self._in_flight if batch not in written]
            self._change.notify_all()

    def _tried(self, name: str, stage: Stage, batch: Batch) -> bool:
        """Whether the stage succeeded; if not, the batch was given up, and is no longer in flight."""
        for pause_s in _pauses():
            if batch.cancelled.is_set():
                break
            try:
                started = time.monotonic()
                stage(batch)
                seconds = time.monotonic() - started
                self._metrics.batch_seconds.labels(name).observe(seconds)
                batch.seconds = max(batch.seconds, seconds)
                self._troubles.pop(name, None)
                return True
            except RolledBack as lost:
                self._roll_back(batch.partition, lost.offset)
                break
            except Exception as error:  # noqa: BLE001 - the top of the loop: nothing that fails may lose a record
                batch.troubled = True
                self._note(name, batch.where, error)
                batch.cancelled.wait(min(max(pause_s, getattr(error, "retry_after_s", 0.0)), MAX_BACKOFF_S))
        self._troubles.pop(name, None)
        self._forget(batch)
        return False

    def _note(self, name: str, where: str, error: Exception) -> None:
        self._metrics.retries.labels(name).inc()
        before = self._troubles.get(name)
        since = before.since if before and before.where == where else time.monotonic()
        self._troubles[name] = Trouble(name, where, said(error), since)
        if isinstance(error, Unavailable):
            _log.warning("waiting, nothing is lost (%s of %s): %s", name, where, error)
        else:
            _log.error("%s of %s failed, trying again: %s", name, where, said(error), exc_info=error)

    def _roll_back(self, partition: Partition, offset: int | None) -> None:
        with self._change:
            if partition in self._rewinds:
                return
            self._rewinds[partition] = offset
            self._cancel({partition})
        self._metrics.rollbacks.inc()
        where = "the beginning" if offset is None else f"offset {offset}"
        _log.error("Redis has lost a part of %s:%d: reading it again from %s", *partition, where)

    def _cancel(self, partitions: Collection[Partition]) -> None:
        for batch in self._in_flight:
            if batch.partition in partitions:
                batch.cancelled.set()
        self._finished = [batch for batch in self._finished if batch.partition not in partitions]
        self._change.notify_all()

    def _forget(self, batch: Batch) -> None:
        with self._change:
            self._in_flight = [b for b in self._in_flight if b is not batch]
            self._change.notify_all()


def _pauses() -> Iterator[float]:
    pause_s = 0.1
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, MAX_BACKOFF_S)
