"""The ONNX embedder: unit vectors that depend on the text alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from semcache.embed import CachedEmbedder
from semcache.embed.onnx import OnnxEmbedder
from semcache.errors import InvalidInput

WORDS = "cancel my order 2024 refund of EUR 5,000 please naïve 東京 😀 internationalisation don't A/B\n?".split(" ")


@pytest.fixture(scope="module")
def model(embedder: CachedEmbedder) -> OnnxEmbedder:
    assert isinstance(embedder.inner, OnnxEmbedder)
    return embedder.inner


def _texts(count: int) -> list[str]:
    dice = random.Random(7)
    return [" ".join(dice.choices(WORDS, k=dice.choice((1, 3, 9, 30, 90)))) for _ in range(count)]


def test_a_text_has_the_same_vector_alone_and_in_a_batch(model: OnnxEmbedder) -> None:
    """Bit for bit, whatever stands beside it and whichever thread it runs on."""
    texts = _texts(60)
    together = model.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(model.embed([text])[0], vector)


def test_vectors_are_unit_float32(model: OnnxEmbedder) -> None:
    """Rows have length 1, type float32 and the promised dimension."""
    vectors = model.embed(_texts(10))
    assert vectors.shape == (10, model.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_meaning_is_near(model: OnnxEmbedder) -> None:
    """A paraphrase is nearer than another subject."""
    question, paraphrase, other = model.embed(
        ["How do I reset my password?", "how can I change my password", "What is the weather in Oslo?"]
    )
    assert question @ paraphrase > 0.8 > 0.6 > question @ other


def test_a_query_differs_from_a_passage(model: OnnxEmbedder) -> None:
    """`kind="query"` puts the model's instruction before the text; a passage and a symmetric text are plain."""
    text = ["opening hours of the shop"]
    plain, query, passage = (model.embed(text, kind=kind)[0] for kind in ("symmetric", "query", "passage"))
    assert np.array_equal(plain, passage)
    assert not np.array_equal(plain, query)


def test_a_long_text_is_cut_at_the_longest_input(model: OnnxEmbedder) -> None:
    """What stands after the model's last token changes nothing; a 10 MB text takes no longer than a long one."""
    start = "alpha beta gamma " * 400
    long, longer, huge = model.embed([start, start + "delta", start * 1500])
    assert np.array_equal(long, longer)
    assert np.array_equal(long, huge)


@pytest.mark.parametrize("bad", ["", "  \n", 7, None, b"bytes", "half a pair \ud800"])
def test_what_is_no_text_is_refused(model: OnnxEmbedder, bad: object) -> None:
    """Empty text, another type and broken Unicode are the caller's to mend."""
    with pytest.raises(InvalidInput):
        model.embed(["fine", bad])  # type: ignore[list-item]


def test_one_string_is_not_a_list_of_texts(model: OnnxEmbedder) -> None:
    """A bare string would be taken for its letters."""
    with pytest.raises(InvalidInput, match="list"):
        model.embed("hello")


def test_no_texts_give_no_vectors(model: OnnxEmbedder) -> None:
    """An empty list is an empty matrix of the right width."""
    assert model.embed([]).shape == (0, model.dim)
