"""A measurement from start to end: a log through a scratch cache, static thresholds in hindsight, the result."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import redis

from semcache import samples
from semcache.cache import SemanticCache
from semcache.cache.learning.judge import Judge
from semcache.embed import Embedder
from semcache.evals import plots, report
from semcache.evals.log import Log, Request, as_stream
from semcache.evals.policies import BUDGET, rule_of
from semcache.evals.redisvl import NAME as REDISVL
from semcache.evals.redisvl import has_search, replay_redisvl
from semcache.evals.replay import Outcome, Prices, Summary, replay, summarise
from semcache.evals.thresholds import StaticResult, replay_judged
from semcache.evals.truth import Truth

MOST_COMPARED = (
    20_000  # requests that others than the cache are replayed with: the similarity matrix grows with the square
)
_EMBEDDED_AT_ONCE = 512
REPLAYING = "replaying"
COMPARING = "static thresholds, in hindsight"

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
    """The result. `data` is what `--json` prints."""

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
    log: Log, plan: Plan, *, redis_or_url: redis.Redis | str, embedder: Embedder, progress: Progress
) -> Measured:
    """Replays a log through an empty cache on that Redis, which holds nothing of it afterwards.

    Raises:
        RedisUnavailable, EmbedderUnavailable: nothing is lost: measure again.
    """
    truth = Truth.of(embedder)
    with _scratch_cache(redis_or_url, embedder, plan, truth.of_log(log)) as cache:
        outcomes = _replayed(cache, log, truth, progress)
    summary = summarise(outcomes, prices=plan.prices)
    static = _static(embedder, log, truth, progress)
    data = report.result(
        summary, static, policy=plan.name, embedder=embedder.fingerprint, max_error_rate=plan.max_error_rate
    )
    if has_search(redis_or_url):
        data["comparison"].append(
            replay_redisvl(redis_or_url, embedder, log.requests[:MOST_COMPARED], truth).row(REDISVL)
        )
    data |= {"kind": log.kind, "shuffled": log.shuffled, "skipped": log.skipped, "truth": log.truth}
    return Measured(plan, data, tuple(outcomes), summary, tuple(static))


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
def _scratch_cache(
    redis_or_url: redis.Redis | str, embedder: Embedder, plan: Plan, judge: Judge
) -> Iterator[SemanticCache]:
    """An empty cache of its own, emptied again at the end, however that comes."""
    rule = rule_of(plan.policy)
    options: dict[str, Any] = {"rule": rule} if rule else {}
    cache = SemanticCache(
        redis_or_url,
        embedder=embedder,
        namespace=f"hit-rate-{uuid.uuid4().hex}",
        scope={"measurement": "hit-rate"},
        max_error_rate=plan.max_error_rate,
        ttl=86_400.0,
        judge=judge,
        learn="inline",
        **options,
    )
    try:
        yield cache
    finally:
        cache.drop()


def _replayed(cache: SemanticCache, log: Log, truth: Truth, progress: Progress) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for outcome in replay(cache, log, same=truth.same):
        outcomes.append(outcome)
        progress(REPLAYING, len(outcomes), len(log.requests))
    return outcomes


def _static(embedder: Embedder, log: Log, truth: Truth, progress: Progress) -> list[StaticResult]:
    """Static thresholds on the same stream; the embedder's cache still holds most vectors."""
    requests = log.requests[:MOST_COMPARED]
    parts = []
    for start in range(0, len(requests), _EMBEDDED_AT_ONCE):
        parts.append(embedder.embed([r.prompt for r in requests[start : start + _EMBEDDED_AT_ONCE]]))
        progress(COMPARING, min(start + _EMBEDDED_AT_ONCE, len(requests)), len(requests))
    return replay_judged(np.concatenate(parts), lambda one, other: truth.same(requests[other], requests[one]))
