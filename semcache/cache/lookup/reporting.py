"""Telling a sink what is decided in a scope: every look-up, and every check of an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from semcache.cache.types import CheckRecord, DecisionPlace, DecisionSink, Hit, LookupRecord, Miss


@dataclass(frozen=True, slots=True)
class Reporter:
    """Tells a sink what happens in one scope. `clock`: s since the epoch. The sink neither waits nor raises."""

    sink: DecisionSink
    place: DecisionPlace
    clock: Callable[[], float] = time.time

    def looked_up(self, prompt: str, found: Hit | Miss, seconds: float) -> None:
        self.sink(LookupRecord(self.place, prompt, found, self.clock(), seconds))

    def checked(self, by: Literal["shadow", "feedback"], right: bool | None) -> None:
        self.sink(CheckRecord(self.place, by, right, self.clock()))
