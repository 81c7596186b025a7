"""Vector sets: adding, searching, scores, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.errors import InvalidInput, RedisUnavailable
from semcache.store.connect import connect
from semcache.store.vectors import Quantisation, VectorSet, blob, blobs, cosine
from tests.conftest import free_port

DIM = 8


def unit(*values: float) -> np.ndarray:
    padded = np.zeros(DIM, dtype=np.float32)
    padded[: len(values)] = values
    return padded / np.linalg.norm(padded)


@pytest.fixture
def vectors(redis: redis_py.Redis, namespace: str) -> VectorSet:
    return VectorSet(redis, f"sc:{{c:{namespace}}}:vectors", dim=DIM)


def test_the_score_is_the_cosine(vectors: VectorSet) -> None:
    """Same, orthogonal and opposite directions give 1, 0 and -1, best first."""
    vectors.add("same", unit(1))
    vectors.add("orthogonal", unit(0, 1))
    vectors.add("opposite", unit(-1))
    found = vectors.search(unit(1), count=10)
    assert [id for id, _ in found] == ["same", "orthogonal", "opposite"]
    assert [s for _, s in found] == pytest.approx([1.0, 0.0, -1.0], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=2 * DIM, max_size=2 * DIM))
def test_any_two_vectors_score_their_cosine(redis_url: str, values: list[float]) -> None:
    """What Redis answers is numpy's cosine, whatever the vectors' lengths."""
    a, b = np.array(values[:DIM], np.float32), np.array(values[DIM:], np.float32)
    if np.linalg.norm(a) < 1e-3 or np.linalg.norm(b) < 1e-3:
        return
    client = connect(redis_url)
    vectors = VectorSet(client, "sc:{c:anytwo}:vectors", dim=DIM)
    vectors.add("a", a)
    ((_, similarity),) = vectors.search(b, count=1)
    vectors.remove("a")
    client.close()
    assert similarity == pytest.approx(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), abs=1e-5)


def test_many_vectors_are_refused_as_each_is() -> None:
    """Blobs made at once are those made one by one, and one wrong vector among them is refused by its name."""
    rows = np.random.default_rng(1).standard_normal((3, DIM)).astype(np.float32)
    assert blobs(rows, DIM) == [blob(row, DIM) for row in rows]
    for wrong, name in ((np.nan, "NaN"), (np.inf, "infinity"), (0.0, "zero")):
        with pytest.raises(InvalidInput, match=name):
            blobs(np.vstack([rows, np.full(DIM, wrong, np.float32)]), DIM)
    with pytest.raises(InvalidInput, match="shape"):
        blobs(rows[:, 1:], DIM)


def test_both_protocols_give_the_same(redis: redis_py.Redis, redis_url: str, vectors: VectorSet) -> None:
    """A client that speaks RESP3 gets the same list as one that speaks RESP2."""
    vectors.add("x", unit(1))
    vectors.add("y", unit(1, 1))
    other = VectorSet(redis_py.Redis.from_url(redis_url, protocol=3), vectors.key, dim=DIM)
    assert other.search(unit(1), count=5) == vectors.search(unit(1), count=5)
    assert other.vector("x") == pytest.approx(unit(1))


def test_an_id_may_be_any_text(vectors: VectorSet) -> None:
    """Ids with separators, spaces and other scripts come back as they went in."""
    ids = ["a:b", "{x}", "día ☀", "%41", "x" * 500]
    for n, id in enumerate(ids):
        vectors.add(id, unit(1, n))
    assert {id for id, _ in vectors.search(unit(1), count=10)} == set(ids)


def test_many_are_added_in_one_round_trip(redis: redis_py.Redis, vectors: VectorSet) -> None:
    """A pipeline takes an (n, dim) array; all are there afterwards."""
    pipe = redis.pipeline(transaction=False)
    matrix = np.eye(DIM, dtype=np.float32)
    vectors.add_many(pipe, [f"e{n}" for n in range(DIM)], matrix, attributes=[{"n": n} for n in range(DIM)])
    pipe.execute()
    assert vectors.size() == DIM
    assert redis.execute_command("VGETATTR", vectors.key, "e3") in (b'{"n": 3}', {"n": 3})


def test_one_wrong_vector_queues_nothing(redis: redis_py.Redis, vectors: VectorSet) -> None:
    """A NaN in the last row leaves the pipeline empty."""
    pipe = redis.pipeline(transaction=False)
    matrix = np.eye(DIM, dtype=np.float32)
    matrix[-1, 0] = np.nan
    with pytest.raises(InvalidInput, match="NaN"):
        vectors.add_many(pipe, [f"e{n}" for n in range(DIM)], matrix)
    assert len(pipe) == 0


def test_wrong_vectors_are_refused(vectors: VectorSet) -> None:
    """Another dimension, NaN, infinity, zero and text are invalid input, for adding and for searching."""
    wrong = [np.ones(DIM + 1), np.full(DIM, np.nan), np.full(DIM, np.inf), np.zeros(DIM), "text", np.ones((1, DIM))]
    for vector in wrong:
        with np.errstate(invalid="ignore"), pytest.raises(InvalidInput):
            vectors.add("x", vector)
        with np.errstate(invalid="ignore"), pytest.raises(InvalidInput):
            vectors.search(vector, count=1)
    assert vectors.size() == 0


def test_a_count_outside_its_range_is_refused(vectors: VectorSet) -> None:
    """No neighbour, or more than Redis is asked for at once, is invalid input."""
    for count in (0, -1, 100_001):
        with pytest.raises(InvalidInput, match="count"):
            vectors.search(unit(1), count=count)


def test_a_removed_element_is_found_no_more(vectors: VectorSet) -> None:
    """Removing says whether it was there; the last removal empties the set."""
    vectors.add("x", unit(1))
    assert "x" in vectors
    assert vectors.remove("x")
    assert not vectors.remove("x")
    assert "x" not in vectors
    assert vectors.search(unit(1), count=1) == []
    assert vectors.vector("x") is None


def test_an_added_vector_replaces_the_old(vectors: VectorSet) -> None:
    """The same id twice is one element with the later vector."""
    assert vectors.add("x", unit(1))
    assert not vectors.add("x", unit(0, 1))
    assert vectors.size() == 1
    assert vectors.search(unit(0, 1), count=1)[0][1] == pytest.approx(1.0)


@pytest.mark.parametrize("quantisation", ["NOQUANT", "Q8", "BIN"])
def test_each_quantisation_finds_the_nearest(redis: redis_py.Redis, namespace: str, quantisation: str) -> None:
    """The element itself comes first under every quantisation."""
    vectors = VectorSet(redis, f"sc:{{c:{namespace}}}:vectors", dim=DIM, quantisation=quantisation)  # type: ignore[arg-type]
    vectors.add("near", unit(1, 1, 1, 1, -1, -1, -1, -1))
    vectors.add("far", unit(-1, -1, 1, -1, 1, 1, -1, 1))
    assert vectors.search(unit(1, 1, 1, 1, -1, -1, -1, -1), count=1)[0][0] == "near"


def test_wrong_construction_is_refused(redis: redis_py.Redis) -> None:
    """An unknown quantisation and a dimension below one are invalid input."""
    with pytest.raises(InvalidInput, match="quantisation"):
        VectorSet(redis, "sc:k", dim=DIM, quantisation="Q4")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="dim"):
        VectorSet(redis, "sc:k", dim=0)


def test_an_outage_is_no_empty_result() -> None:
    """A search without a server raises; it does not look like nothing found."""
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_s=0.5)
    with pytest.raises(RedisUnavailable):
        VectorSet(client, "sc:k", dim=DIM).search(unit(1), count=1)


def test_the_scale_is_cosine_not_redis_score() -> None:
    """Redis' 0, .5 and 1 are -1, 0 and 1."""
    assert [cosine(s) for s in (0.0, 0.5, 1.0)] == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize(("quantisation", "cosine_at_least"), [("NOQUANT", 0.999999), ("Q8", 0.999), ("BIN", 0.7)])
def test_several_vectors_come_back_in_one_round_trip(
    redis: redis_py.Redis, namespace: str, quantisation: Quantisation, cosine_at_least: float
) -> None:
    """As unit vectors, as near as the quantisation keeps them, with None for an element that is gone."""
    vectors = VectorSet(redis, f"sc:{{c:{namespace}}}:vectors", dim=384, quantisation=quantisation)
    put = np.random.default_rng(0).normal(size=(2, 384)).astype(np.float32) * 7
    for id, vector in zip("ab", put, strict=True):
        vectors.add(id, vector)
    first, missing, second = vectors.vectors(["a", "gone", "b"])
    assert missing is None
    for vector, found in zip(put, (first, second), strict=True):
        assert found is not None
        assert np.isclose(np.linalg.norm(found), 1, atol=0.01)
        assert found @ vector / np.linalg.norm(vector) >= cosine_at_least * np.linalg.norm(found)
    assert vectors.vectors([]) == []
