"""The running conversations of this process: what was asked and answered, with its provenance; thread-safe."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Literal

from semcache_ui.services.answering.provenance import Provenance

_MOST_CONVERSATIONS = 500
_MOST_EXCHANGES = 200

SourceKind = Literal["document", "memory"]


@dataclass(frozen=True, slots=True)
class Source:
    """Something an answer rests on, or could have: a chip that opens its text. `used`: the answer names it."""

    id: str
    kind: SourceKind
    title: str
    text: str
    used: bool
    version: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it. No answer and an error: it failed; `at`: seconds since the epoch."""

    question: str
    at: float
    text: str = ""
    provenance: Provenance | None = None
    sources: tuple[Source, ...] = ()
    entry_id: str | None = None
    personal: bool = False
    error: str = ""
    warnings: tuple[str, ...] = ()
    verdict: bool | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Conversations:
    """Exchanges by user and session; the longest unused conversations fall out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], list[Exchange]] = OrderedDict()

    def of(self, user: str, session: str) -> tuple[Exchange, ...]:
        """What was said in a session, oldest first."""
        with self._lock:
            return tuple(self._kept.get((user, session), ()))

    def add(self, user: str, session: str, exchange: Exchange) -> None:
        """Appends an exchange."""
        with self._lock:
            kept = self._kept.setdefault((user, session), [])
            kept.append(exchange)
            del kept[:-_MOST_EXCHANGES]
            self._kept.move_to_end((user, session))
            while len(self._kept) > _MOST_CONVERSATIONS:
                self._kept.popitem(last=False)

    def judge(self, user: str, session: str, exchange_id: str, *, correct: bool) -> None:
        """Notes what the user thinks of an answer."""
        with self._lock:
            kept = self._kept.get((user, session), [])
            kept[:] = [replace(e, verdict=correct) if e.id == exchange_id else e for e in kept]

    def sessions(self, user: str) -> list[str]:
        """Sessions of a user in this process, the latest first."""
        with self._lock:
            return [session for owner, session in reversed(self._kept) if owner == user]

    def forget(self, user: str, session: str | None = None) -> None:
        """Drops one conversation, or all of a user."""
        with self._lock:
            for key in [k for k in self._kept if k[0] == user and session in (None, k[1])]:
                del self._kept[key]
