"""Which of the events sent through Kafka an ingestor has applied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from semcache.app import App


class Arrival:
    """Counts which of these document versions and messages are in Redis.

    A user's messages come in order: only the next one is looked for.
    """

    def __init__(self, app: App, events: Iterable[Mapping[str, Any]]) -> None:
        self._app = app
        self._versions: dict[str, int] = {}
        self._awaited: dict[str, deque[str]] = {}
        self._turns = 0
        for event in events:
            if event["type"] == "message":
                self._awaited.setdefault(event["user"], deque()).append(event["id"])
            else:
                self._versions[event["document"]] = event["version"]

    def count(self) -> int:
        """How many are there."""
        for user, awaited in self._awaited.items():
            memory = self._app.memory(user=user)
            while awaited and memory.wait_for(awaited[0], timeout_s=0.0):
                awaited.popleft()
                self._turns += 1
        known = self._app.knowledge.versions(list(self._versions))
        return self._turns + sum(abs(known.get(id, 0)) >= version for id, version in self._versions.items())
