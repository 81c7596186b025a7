"""A measurement from start to end: a log through a scratch cache, static thresholds in hindsight, the result."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

from semcache import samples
from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.learning.judge import Judge
from semcache.embed import Embedder
from semcache.evals.budgets import MOST_REQUESTS, replay_budgets
from semcache.evals.comparing.truth import Truth, answered
from semcache.evals.log import Log, Request, as_stream
from semcache.evals.policies import BUDGET, rule_of
from semcache.evals.redisvl import NAME as REDISVL
from semcache.evals.redisvl import has_search, replay_redisvl
from semcache.evals.replay import Outcome, Prices, replay
from semcache.evals.report import figures, plots
from semcache.evals.summary import Summary, Tally
from semcache.evals.thresholds import Same, StaticResult, replay_judged

MOST_COMPARED = (
    20_000  # requests that others than the cache are replayed with: the similarity matrix grows with the square
)
_EMBEDDED_AT_ONCE = 512
_REMEMBERED = 4_096
REPLAYING = "replaying"
COMPARING = "static thresholds, in hindsight"
BUDGETING = "other budgets"

Progress = Callable[[str, int, int], None]
"""`progress(step, done, total)`; whatever it raises ends the measurement, and the scratch cache is emptied."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure. `policy`: `budget`, or `static:0.92`; another one raises InvalidInput."""

    max_error_rate: float = 0.02
    policy: str = BUDGET
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        rule_of(self.policy)

    @property
    def name(self) -> str:
        """What the policy is called in tables."""
        return f"budget {self.max_error_rate:.1%}" if self.policy == BUDGET else self.policy


@dataclass(frozen=True, slots=True)
class Measured:
    """The result. `data` is what `--json` prints; `outcomes` an even sample of what was replayed."""

    plan: Plan
    data: dict[str, Any]
    outcomes: tuple[Outcome, ...]
    summary: Summary
    static: tuple[StaticResult, ...]

    def drawn(self) -> dict[str, str]:
        """The plots by title, as SVG; raises MissingExtra without matplotlib."""
        return plots.draw(
            self.outcomes,
            self.summary,
            self.static,
            policy=self.plan.name,
            max_error_rate=self.plan.max_error_rate,
        )


def measure(
    log: Log,
    plan: Plan,
    *,
    redis_or_url: redis.Redis | str,
    embedder: Embedder,
    progress: Progress,
    clean_up: bool = True,
) -> Measured:
    """Replays a log through an empty cache on that Redis, which holds nothing of it afterwards.

    Without `clean_up` it holds what was stored: for a Redis that ends with the measurement.

    Raises:
        RedisUnavailable, EmbedderUnavailable: nothing is lost: measure again.
    """
    truth = Truth.of(log, embedder)
    judge = truth.of_log()
    with _scratch_caches(redis_or_url, embedder, plan, judge, clean_up) as cache_of:
        tally = _replayed(cache_of, log, truth, progress)
    summary = tally.summary(plan.prices, truth.errors())
    requests = log.requests[:MOST_COMPARED]
    vectors, partitions = _embedded(embedder, requests, progress), _partitions(requests)
    static = replay_judged(vectors, _by_position(truth, requests), partitions=partitions)
    data = figures.result(
        summary, static, policy=plan.name, embedder=embedder.fingerprint, max_error_rate=plan.max_error_rate
    )
    if has_search(redis_or_url) and len(set(partitions)) == 1:
        data["comparison"].append(replay_redisvl(redis_or_url, embedder, requests, truth).row(REDISVL))
    data["by_budget"] = _budgets(vectors, requests, partitions, truth, judge, progress)
    return Measured(plan, data | figures.of_log(log), tuple(tally.sampled), summary, tuple(static))


def sample_log(*, limit: int | None = None, shuffle: int | None = None) -> Log:
    """The sample world's questions that everyone may ask, near-misses included, shuffled."""
    shared = [q for q in samples.questions() if q.kind in ("shared", "near_miss")]
    requests = [Request(q.question, q.answer, q.group) for q in shared]
    return as_stream(requests, "answers", limit=limit, shuffle=0 if shuffle is None else shuffle)


def sample_traffic(requests: int, *, seed: int = 0) -> Log:
    """The same questions as a service sees them: so many requests, a few questions often and most of them seldom.

    The k-th most popular question has weight 1 / k (Zipf); which one that is, is drawn.
    """
    once = sample_log(shuffle=seed).requests
    weights = [1 / rank for rank in range(1, len(once) + 1)]
    drawn = random.Random(seed).choices(once, weights, k=requests)
    return Log(tuple(drawn), "answers", shuffled=True)


@contextmanager
def _scratch_caches(
    redis_or_url: redis.Redis | str, embedder: Embedder, plan: Plan, judge: Judge, clean_up: bool
) -> Iterator[Callable[[str], SemanticCache]]:
    """An empty cache for each scope of the log, all emptied again at the end, however that comes."""
    rule = rule_of(plan.policy)
    namespace = f"hit-rate-{uuid.uuid4().hex}"
    caches: dict[str, SemanticCache] = {}

    def cache_of(scope: str) -> SemanticCache:
        if scope not in caches:
            caches[scope] = SemanticCache(
                redis_or_url,
                embedder=embedder,
                namespace=namespace,
                scope={"measurement": "hit-rate", **({"request": scope} if scope else {})},
                max_error_rate=plan.max_error_rate,
                ttl=86_400.0,
                judge=judge,
                options=CacheOptions(learn="inline", rule=rule),
            )
        return caches[scope]

    try:
        yield cache_of
    finally:
        for cache in caches.values() if clean_up else ():
            cache.drop()


def _replayed(cache_of: Callable[[str], SemanticCache], log: Log, truth: Truth, progress: Progress) -> Tally:
    tally = Tally(len(log.requests))
    for done, outcome in enumerate(replay(cache_of, log, compare=truth.compared), start=1):
        tally.add(outcome)
        progress(REPLAYING, done, len(log.requests))
    return tally


def _embedded(embedder: Embedder, requests: Sequence[Request], progress: Progress) -> NDArray[np.float32]:
    """The vectors of the prompts; the embedder's cache still holds most of them."""
    parts = []
    for start in range(0, len(requests), _EMBEDDED_AT_ONCE):
        parts.append(embedder.embed([r.prompt for r in requests[start : start + _EMBEDDED_AT_ONCE]]))
        progress(COMPARING, min(start + _EMBEDDED_AT_ONCE, len(requests)), len(requests))
    return np.concatenate(parts)


def _budgets(
    vectors: NDArray[np.float32],
    requests: Sequence[Request],
    partitions: Sequence[int],
    truth: Truth,
    judge: Judge,
    progress: Progress,
) -> list[dict[str, object]]:
    first = requests[:MOST_REQUESTS]

    def taught(new: int, stored: int) -> bool | None:
        return judge(answered(first[new]), [answered(first[stored])])[0]

    return replay_budgets(
        vectors[: len(first)],
        first,
        partitions,
        judge=cache(taught),
        truth=_by_position(truth, first),
        progress=lambda done: progress(BUDGETING, done, len(first)),
    )


def _by_position(truth: Truth, requests: Sequence[Request]) -> Same:
    """Whether the answer of the second request is right for the first, by their places; neighbours are asked often."""
    return lru_cache(_REMEMBERED)(lambda one, other: truth.same(requests[other], requests[one]))


def _partitions(requests: Sequence[Request]) -> list[int]:
    """A number for each scope and context: an answer is served within one alone."""
    numbers: dict[tuple[str, tuple[str, ...]], int] = {}
    return [numbers.setdefault((request.scope, request.context), len(numbers)) for request in requests]
