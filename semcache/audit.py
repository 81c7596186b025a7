"""The audit trail: who erased, changed or replayed what, and who acted as another user; one for each namespace.

It is a Redis stream of the newest `KEPT` records. Nothing that was said or written is in it, but the ids of users and
documents are, also of users who have been erased: that somebody was is what it has to prove.
"""

from __future__ import annotations

import getpass
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from semcache.errors import SemcacheError
from semcache.inputs import check_text, check_unicode
from semcache.store import keys
from semcache.store.connect import guarded

KEPT = 10_000
_PAGE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act. `actor`: who did it, `via` which door; `target`: to which user or document.

    The doors: "app", "command line", "http", "mcp", "kafka".
    """

    at: float
    actor: str
    action: str
    target: str
    detail: str = ""
    via: str = ""


class AuditTrail:
    """The trail of a namespace; threads and processes may share it."""

    def __init__(self, client: redis.Redis, namespace: str, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = client
        self._key = keys.AUDIT.build(namespace=namespace)
        self._clock = clock

    @guarded()
    def note(self, action: str, target: str, *, actor: str, via: str, detail: str = "") -> None:
        """Takes an act down; raises RedisUnavailable if that cannot be."""
        fields: dict[Any, Any] = {
            "at": repr(self._clock()),
            "actor": check_text("who did it", actor),
            "action": check_text("the action", action),
            "target": check_unicode("the target", target),
            "detail": detail,
            "via": via,
        }
        self._redis.xadd(self._key, fields, maxlen=KEPT, approximate=True)

    def done(self, action: str, target: str, *, actor: str, via: str, detail: str = "") -> None:
        """Takes down what cannot be undone any more: if it cannot be taken down, a warning has to do."""
        try:
            self.note(action, target, actor=actor, via=via, detail=detail)
        except SemcacheError as error:
            _log.warning("the audit trail does not have it: %s %s (%s)", action, target, error)

    def newest(self, most: int = KEPT) -> Iterator[AuditRecord]:
        """The records, the newest first, read in pages."""
        last = "+"
        while most > 0 and (page := self._page(last, min(most, _PAGE))):
            yield from (_record(fields) for _, fields in page)
            most -= len(page)
            last = f"({page[-1][0].decode()}"

    @guarded()
    def _page(self, last: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: Any = self._redis.xrevrange(self._key, max=last, count=count)
        return list(found)


def _record(fields: dict[bytes, bytes]) -> AuditRecord:
    said = {name.decode(): value.decode() for name, value in fields.items()}
    return AuditRecord(float(said.pop("at")), **said)


def login() -> str:
    """Who is logged in at this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


def extent(number: int, one: str) -> str:
    """How much an act has changed: `1 turn`, `3 turns`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
