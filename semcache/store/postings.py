"""BM25 in plain Redis: a sorted set per stem holds what each member weighs under it; the query side multiplies by idf.

A member's weight is its saturated term frequency, with a fixed reference length instead of the corpus's average: it
depends on the member's own text alone, so that postings written in any order are byte-equal. The idf is taken on the
server when the query runs. (Okapi BM25 by Robertson et al., TREC-3; the never negative idf is Lucene's.)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from semcache.errors import InvalidInput
from semcache.store.connect import guarded
from semcache.store.lua import script


@dataclass(frozen=True, slots=True)
class Weighting:
    """Saturation `k1`, length normalisation `b`, and the length (stems) at which it is neutral."""

    reference_length: float
    k1: float = 0.9
    b: float = 0.4

    def weights(self, stems: Sequence[str]) -> dict[str, float]:
        """Stem -> weight of one member, 0 < weight < k1 + 1."""
        damping = self.k1 * (1 - self.b + self.b * len(stems) / self.reference_length)
        return {stem: tf * (self.k1 + 1) / (tf + damping) for stem, tf in Counter(stems).items()}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Size of a collection: members that have at least one stem, and their stems with repetition."""

    members: int
    terms: int


@dataclass(frozen=True, slots=True)
class Within:
    """Restricts a search to a sorted set's members whose score lies in [lowest, highest]."""

    key: str
    lowest: float = -math.inf
    highest: float = math.inf


class Postings:
    """The postings of one collection (a user's turns, a namespace's chunks); all keys lie in one slot.

    `stem_key` names the sorted set of a stem; it escapes what it is given.
    """

    def __init__(self, redis: Redis, *, stem_key: Callable[[str], str], corpus_key: str, weighting: Weighting) -> None:
        self._redis = redis
        self._stem_key = stem_key
        self._corpus_key = corpus_key
        self._weighting = weighting

    def add(self, member: str, stems: Sequence[str], *, pipe: Any = None) -> None:
        """Adds a member; a second time changes nothing. A changed text has to be removed with its former stems first.

        `pipe`: a pipeline or MULTI of the caller, to which the command is only queued.
        """
        weights = self._weighting.weights(stems)
        if weights:
            self._run("postings_add", weights, [member, len(stems), *map(repr, weights.values())], pipe)

    def remove(self, member: str, stems: Sequence[str], *, pipe: Any = None) -> None:
        """Removes a member that was added with these stems; a second time changes nothing."""
        if stems:
            self._run("postings_remove", dict.fromkeys(stems), [member, len(stems)], pipe)

    def arguments(self, stems: Sequence[str]) -> tuple[list[str], list[str]]:
        """Keys and weights of a member's stems, in the same order, for a Lua script of the caller that adds them."""
        weights = self._weighting.weights(stems)
        return [self._stem_key(stem) for stem in weights], [repr(weight) for weight in weights.values()]

    def top(self, stems: Sequence[str], *, count: int, within: Within | None = None) -> list[tuple[str, float]]:
        """The best members with their BM25 score, best first; cut to `count` on the server."""
        if count < 1:
            raise InvalidInput(f"count must be at least 1, not {count}")
        wanted = Counter(stems)
        if not wanted:
            return []
        limits = within or Within(self._corpus_key)
        temporary = [f"{self._corpus_key}:union", f"{self._corpus_key}:within"]
        keys = [self._corpus_key, *temporary, limits.key, *map(self._stem_key, wanted)]
        found = self._call("postings_top", keys, [count, limits.lowest, limits.highest, *wanted.values()], self._redis)
        return [(found[i].decode(), float(found[i + 1])) for i in range(0, len(found), 2)]

    def corpus(self) -> Corpus:
        """How much is in the collection."""
        with guarded():
            members, terms = self._redis.hmget(self._corpus_key, "members", "terms")
        return Corpus(int(members or 0), int(terms or 0))

    def _run(self, name: str, stems: dict[str, Any], arguments: list[Any], pipe: Any) -> None:
        keys = [self._corpus_key, *map(self._stem_key, stems)]
        self._call(name, keys, arguments, self._redis if pipe is None else pipe)

    def _call(self, name: str, keys: list[str], arguments: list[Any], client: Any) -> Any:
        with guarded():
            return script(name)(client, keys=keys, args=arguments)
