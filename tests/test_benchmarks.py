"""The benchmarks of stores, of many at once and of large namespaces measure what they say, at a small size."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from semcache.store.clients.client import Client

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # its scripts import each other by name
import concurrency
import growth
import stores


def test_many_scopes_are_swept_and_listed(redis: Client) -> None:
    """What is due is swept, the others stay in the catalogue, and reading it is measured."""
    measured = growth.scopes(redis, 1_500, 6.0, lambda what: None)
    assert measured["swept_per_s"] > 0
    assert 0 < measured["scopes"] < 1_500
    assert measured["catalogue_longest_command_ms"] > 0
    assert measured["idle_sweep_ms"] > 0


def test_passages_are_stored_up_to_each_size(redis: Client) -> None:
    """Each row has at least as many passages as it was asked for."""
    rows = list(growth.documents(redis, [20, 45], lambda what: None))
    assert [row["passages"] >= size for row, size in zip(rows, (20, 45), strict=True)] == [True, True]
    assert all(row["search_ms"] > 0 for row in rows)
    assert len(growth.table(rows).splitlines()) == 4


def test_stores_of_each_way_are_timed(redis: Client, redis_url: str, tmp_path: Path) -> None:
    """Answers a second by each way, and more bytes an entry than its vector has."""
    vectors = np.random.default_rng(1).normal(size=(30, 384)).astype(np.float32)
    np.savez(file := tmp_path / "given.npz", prompts=np.array([f"Question {n}?" for n in range(30)]), vectors=vectors)
    measured = stores.stored(redis_url, file)
    assert set(stores.WAYS) < set(measured)
    assert all(measured[way] > 0 for way in stores.WAYS)
    assert measured["bytes_per_entry"] > 1_536


def test_calls_of_all_threads_are_counted() -> None:
    """Each call with its time, and whether it found something."""
    taken = concurrency.timed(lambda n: n % 2 == 0, threads=3, seconds=0.05)
    summary = concurrency.summary(taken, 0.05)
    assert summary["per_s"] == pytest.approx(len(taken) / 0.05)
    assert 0 < summary["found"] < 1
    assert 0 <= summary["p50_ms"] <= summary["p99_ms"]
