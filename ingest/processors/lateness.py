"""Lateness: events that arrive later than agreed are flagged and counted, or dropped."""

from __future__ import annotations

import time
from collections.abc import Callable

from semcache.settings import Settings
from semcache_ingest.events import Event


class Lateness:
    """The processor `lateness`: an event older than `ingest.max_lateness_s` gets the field `late_s`.

    `count` is called for each late one; the worker puts its metric there. With `ingest.drop_late` they are dropped.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._max_s = settings.ingest.max_lateness_s
        self._drop = settings.ingest.drop_late
        self._clock = clock
        self.count: Callable[[], object] = lambda: None

    def __call__(self, event: Event) -> Event | None:
        late_s = self._clock() - event.seconds
        if late_s <= self._max_s:
            return event
        self.count()
        return None if self._drop else event.model_copy(update={"late_s": late_s})
