"""What is in a cache: entries with what they rest on and what they saved, finding and removing them, asking why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from semcache.app import App
from semcache.cache import Entry, Explanation, SemanticCache, Stats
from semcache.cache.entries import Entries
from semcache.cache.entries.lineage import current_versions
from semcache.errors import InvalidInput

Order = Literal["most used", "saved most", "newest", "oldest", "expiring soonest"]
ORDERS: tuple[Order, ...] = ("most used", "saved most", "newest", "oldest", "expiring soonest")
MOST_SCANNED = 5_000
"""So many entries are read to search and sort; the most used come first."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries found, in order. `scanned` of `stored` were looked at."""

    entries: tuple[Entry, ...]
    scanned: int
    stored: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """A document an answer was built from. `current`: its version now, negative = deleted, None = unknown."""

    document: str
    built_from: int
    current: int | None

    @property
    def fresh(self) -> bool:
        return self.current is None or self.current == self.built_from


@dataclass(frozen=True, slots=True)
class Caches:
    """The caches of one installation: the shared one (`user` None) and each user's own."""

    app: App
    clock: Callable[[], float] = time.time

    def cache(self, user: str | None = None) -> SemanticCache:
        return self.app.engine.cache(user)

    def stats(self, user: str | None = None) -> Stats:
        return self.cache(user).stats()

    def find(self, wanted: str = "", *, order: Order = "most used", user: str | None = None) -> Listing:
        """The entries whose question or answer contains a text, whatever its case."""
        cache = self.cache(user)
        scanned = list(islice(cache.entries(), MOST_SCANNED))
        matching = [entry for entry in scanned if _contains(entry, wanted.strip().casefold())]
        return Listing(tuple(_sorted(matching, order)), len(scanned), cache.stats().entries)

    def get(self, entry_id: str, *, user: str | None = None) -> Entry | None:
        """One entry, or None if it is gone."""
        found = Entries(self.app.redis, self.cache(user).scope.id).read([entry_id])
        return found[0] if found else None

    def sources(self, entry: Entry) -> tuple[SourceState, ...]:
        """What an entry was built from, and whether that is still so."""
        now = current_versions(self.app.redis, self.app.settings.namespace, entry.sources)
        return tuple(SourceState(document, version, now.get(document)) for document, version in entry.sources.items())

    def explain(self, prompt: str, *, user: str | None = None) -> Explanation:
        """What a lookup would do now; counts nothing."""
        if not prompt.strip():
            raise InvalidInput("Type a question first")
        return self.cache(user).explain(prompt)

    def remove(
        self, *, entry_id: str | None = None, tag: str | None = None, source: str | None = None, user: str | None = None
    ) -> int:
        """Removes the answers of an id, a tag or a document from one cache; how many."""
        return self.cache(user).invalidate(entry_id=entry_id, tag=tag, source=source)

    def remaining_s(self, entry: Entry) -> float | None:
        """Seconds an entry has left; None = for ever."""
        return max(0.0, entry.expires_at - self.clock()) if entry.expires_at else None


def leaderboard(entries: tuple[Entry, ...], *, most: int = 10) -> tuple[Entry, ...]:
    """The answers that saved most tokens, with at least one hit."""
    used = [entry for entry in entries if entry.hits]
    return tuple(sorted(used, key=saved_tokens, reverse=True)[:most])


def saved_tokens(entry: Entry) -> int:
    """What the hits of an entry have spared."""
    return entry.hits * entry.tokens


def saved_s(entry: Entry) -> float:
    """The waiting that the hits of an entry have spared."""
    return entry.hits * entry.compute_s


def misses(stats: Stats) -> Mapping[str, int]:
    """Misses by reason, in words, the most frequent first."""
    named = {_REASONS.get(reason, reason): number for reason, number in stats.misses.items()}
    return dict(sorted(named.items(), key=lambda item: -item[1]))


_REASONS: Mapping[str, str] = {
    "empty": "nothing stored yet",
    "not_similar": "nothing similar",
    "below_budget": "not sure enough",
    "guard": "a difference that matters",
    "stale_source": "its document changed",
    "expired": "expired",
    "uncacheable": "not cacheable",
    "shadow": "checked on purpose",
}


def _contains(entry: Entry, wanted: str) -> bool:
    return not wanted or wanted in entry.prompt.casefold() or wanted in entry.response.casefold()


def _sorted(entries: list[Entry], order: Order) -> Iterator[Entry]:
    if order == "most used":
        return iter(sorted(entries, key=lambda e: -e.hits))
    if order == "saved most":
        return iter(sorted(entries, key=saved_tokens, reverse=True))
    if order == "expiring soonest":
        return iter(sorted(entries, key=lambda e: e.expires_at or float("inf")))
    return iter(sorted(entries, key=lambda e: e.created_at, reverse=order == "newest"))
