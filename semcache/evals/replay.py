"""Replaying a log through a cache: what it served, whether that was right, how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from semcache.cache.types import Hit, Miss, Reason
from semcache.evals.log import Log, Request
from semcache.evals.truth import ComparedBy
from semcache.text import token_count

# Whether the answer of one request is right for another, None if nothing can tell; and what said so.
Compare = Callable[[Request, Request], tuple[bool | None, ComparedBy]]


class Cache(Protocol):
    """The part of SemanticCache that a replay needs."""

    def lookup(self, prompt: str, *, context: Sequence[str]) -> Hit | Miss: ...

    def store(self, prompt: str, response: str, *, context: Sequence[str], miss: Miss) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Prices:
    """What a call costs: US dollars a million tokens in and out, and seconds."""

    input_usd: float = 0.15
    output_usd: float = 0.60
    call_s: float = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request replayed. `wrong` is None where the log does not know the right answer and nothing could judge.

    `stored`: the request whose answer was served; `compared_by`: what said whether it was right.
    """

    request: Request
    hit: bool
    similarity: float
    lookup_s: float
    exact: bool = False
    shadow: bool = False
    confidence: float = 0.0
    wrong: bool | None = None
    stored: Request | None = None
    compared_by: ComparedBy = "nothing"

    @property
    def tokens_in(self) -> int:
        return token_count(self.request.prompt)

    @property
    def tokens_out(self) -> int:
        return token_count(self.request.response)


def replay(
    cache_of: Callable[[str], Cache], log: Log, *, compare: Compare, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Outcome]:
    """Looks each prompt up in the cache of its scope; a miss is answered from the log; `compare` judges the hits."""
    answers: dict[str, Request] = {}
    for request in log.requests:
        cache = cache_of(request.scope)
        start = clock()
        found = cache.lookup(request.prompt, context=request.context)
        took = clock() - start
        if isinstance(found, Hit):
            yield _served(found, request, answers.get(found.entry_id), compare, took)
        else:
            if entry_id := cache.store(request.prompt, request.response, context=request.context, miss=found):
                answers[entry_id] = request
            yield Outcome(request, False, _top(found), took, shadow=found.reason is Reason.SHADOW)


def _served(hit: Hit, request: Request, stored: Request | None, compare: Compare, took: float) -> Outcome:
    """A hit. An answer that is no longer known, because another replaced it, cannot be judged."""
    right, by = compare(stored, request) if stored is not None else (None, "nothing")
    return Outcome(
        request, True, hit.similarity, took, exact=hit.exact, confidence=hit.confidence,
        wrong=None if right is None else not right, stored=stored, compared_by=by,
    )  # fmt: skip


def _top(miss: Miss) -> float:
    return max((c.similarity for c in miss.candidates), default=0.0)
