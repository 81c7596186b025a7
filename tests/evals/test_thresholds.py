"""Static thresholds in hindsight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.evals.stats import wilson
from semcache.evals.thresholds import best_within, replay_thresholds


def naive(vectors: np.ndarray, ids: list[int], threshold: float) -> tuple[int, int]:
    stored: list[int] = []
    hits = wrong = 0
    for i, vector in enumerate(vectors):
        near = max(stored, key=lambda j: (vector @ vectors[j], -j), default=None)
        if near is not None and vector @ vectors[near] >= threshold:
            hits += 1
            wrong += ids[near] != ids[i]
        else:
            stored.append(i)
    return hits, wrong


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_equals_one_replay_at_a_time(seed: int, n: int) -> None:
    """All thresholds at once give what replaying each by itself gives."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = rng.integers(0, 5, n).tolist()
    thresholds = (0.3, 0.6, 0.8, 0.95)
    results = replay_thresholds(vectors, ids, thresholds)
    assert [(r.hits, r.wrong_hits) for r in results] == [naive(vectors, ids, t) for t in thresholds]


def test_best_threshold_stays_within_the_budget() -> None:
    """The best threshold serves most among those whose wrong share is within the budget."""
    rng = np.random.default_rng(1)
    centres = np.eye(8, dtype=np.float32)
    ids = rng.integers(0, 8, 300).tolist()
    vectors = centres[ids] + rng.normal(scale=0.35, size=(300, 8)).astype(np.float32)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    results = replay_thresholds(vectors, ids)
    best = best_within(results, 0.05)
    assert best is not None
    assert best.wrong_hit_rate <= 0.05
    assert all(r.hits <= best.hits for r in results if r.hits and r.wrong_hit_rate <= 0.05)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (5, 100), (10, 10)])
def test_wilson_interval_holds_the_rate(k: int, n: int) -> None:
    """The interval holds the observed rate and lies within 0..1."""
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(0, 0) == (0.0, 1.0)
