"""Replaying a log through a cache: what it served, whether that was right, how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from semcache.cache.types import Hit, Miss, Reason
from semcache.evals.log import Log, Request
from semcache.evals.stats import percentiles_ms, wilson
from semcache.text import token_count

# Whether the answer of one request is right for another; None if nothing can tell.
Same = Callable[[Request, Request], bool | None]


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
    """One request replayed. `wrong` is None where the log does not know the right answer and nothing could judge."""

    hit: bool
    exact: bool
    wrong: bool | None
    shadow: bool
    similarity: float
    confidence: float
    lookup_s: float
    tokens_in: int
    tokens_out: int


def replay(
    cache_of: Callable[[str], Cache], log: Log, *, same: Same, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Outcome]:
    """Looks each prompt up in the cache of its scope; a miss is answered from the log; `same` judges the hits."""
    answers: dict[str, Request] = {}
    for request in log.requests:
        cache = cache_of(request.scope)
        start = clock()
        found = cache.lookup(request.prompt, context=request.context)
        took = clock() - start
        if isinstance(found, Hit):
            yield _served(found, request, answers.get(found.entry_id), same, took)
        else:
            if entry_id := cache.store(request.prompt, request.response, context=request.context, miss=found):
                answers[entry_id] = request
            yield Outcome(
                hit=False,
                exact=False,
                wrong=None,
                shadow=found.reason is Reason.SHADOW,
                similarity=_top(found),
                confidence=0.0,
                lookup_s=took,
                tokens_in=token_count(request.prompt),
                tokens_out=token_count(request.response),
            )


def _served(hit: Hit, request: Request, origin: Request | None, same: Same, took: float) -> Outcome:
    right = same(origin, request) if origin is not None else False
    wrong = None if right is None else not right
    return Outcome(
        hit=True, exact=hit.exact, wrong=wrong, shadow=False, similarity=hit.similarity, confidence=hit.confidence,
        lookup_s=took, tokens_in=token_count(request.prompt), tokens_out=token_count(request.response),
    )  # fmt: skip


def _top(miss: Miss) -> float:
    return max((c.similarity for c in miss.candidates), default=0.0)


@dataclass(frozen=True, slots=True)
class Summary:
    """A replay in figures; `growth` is the hit rate of each tenth of the stream.

    Of `unjudged_hits` nobody can tell whether they were right; the wrong share is one of the others.
    """

    requests: int
    hits: int
    wrong_hits: int
    unjudged_hits: int
    exact_hits: int
    wrong_exact_hits: int
    shadow_calls: int
    latency_ms: dict[str, dict[str, float]]
    saved: dict[str, float]
    growth: tuple[float, ...]

    @property
    def hit_rate(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    @property
    def wrong_hit_rate(self) -> float:
        return self.wrong_hits / judged if (judged := self.hits - self.unjudged_hits) else 0.0

    @property
    def wrong_hit_interval(self) -> tuple[float, float]:
        return wilson(self.wrong_hits, self.hits - self.unjudged_hits)


def summarise(outcomes: Sequence[Outcome], *, prices: Prices | None = None) -> Summary:
    """The figures of a replay."""
    prices = prices or Prices()
    hits = [o for o in outcomes if o.hit]
    tokens_in, tokens_out = sum(o.tokens_in for o in hits), sum(o.tokens_out for o in hits)
    usd = (tokens_in * prices.input_usd + tokens_out * prices.output_usd) / 1e6
    return Summary(
        requests=len(outcomes),
        hits=len(hits),
        wrong_hits=sum(bool(o.wrong) for o in hits),
        unjudged_hits=sum(o.wrong is None for o in hits),
        exact_hits=sum(o.exact for o in hits),
        wrong_exact_hits=sum(o.exact and bool(o.wrong) for o in hits),
        shadow_calls=sum(o.shadow for o in outcomes),
        latency_ms={
            "hit": percentiles_ms([o.lookup_s for o in hits]),
            "miss": percentiles_ms([o.lookup_s for o in outcomes if not o.hit]),
        },
        saved={
            "calls": len(hits),
            "tokens": tokens_in + tokens_out,
            "usd": round(usd, 6),
            "seconds": round(len(hits) * prices.call_s - sum(o.lookup_s for o in hits), 3),
        },
        growth=tuple(_rates(outcomes, 10)),
    )


def _rates(outcomes: Sequence[Outcome], parts: int) -> Iterable[float]:
    size = max(1, len(outcomes) // parts)
    for start in range(0, size * parts, size):
        part = outcomes[start : start + size]
        yield round(sum(o.hit for o in part) / len(part), 4) if part else 0.0
