"""A second opinion on a stored answer that a user has rejected: the answer is made anew, and the two are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from semcache.cache import Hit, SemanticCache
from semcache.cache.entries.records import Doubt
from semcache.errors import SemcacheError

NO_DOUBT = Doubt()


@dataclass(frozen=True, slots=True)
class Opinion:
    """An answer that was made anew, and the documents it rests on; `text` None: there is none now."""

    text: str | None
    sources: Mapping[str, int]


def review(cache: SemanticCache, hit: Hit, make: Callable[[], Opinion]) -> None:
    """Makes the answer anew, and withdraws the stored one if they differ; if it cannot be made, somebody else tries."""
    try:
        made = make()
    except SemcacheError:
        cache.second_opinion(hit, None)
        raise
    cache.second_opinion(hit, made.text, sources=made.sources)
