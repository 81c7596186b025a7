"""What every embedder checks: the texts that come in, and the vectors that go out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from semcache.embed.protocol import Vectors
from semcache.errors import EmbedderUnavailable, InvalidInput
from semcache.inputs import check_text


def checked(texts: Sequence[str]) -> list[str]:
    """The texts.

    Raises:
        InvalidInput: `texts` is one string, or one of them is no string, blank, or no valid Unicode.
    """
    if isinstance(texts, str):
        raise InvalidInput("embed() takes a list of texts, not one string: write embed([text])")
    return [check_text(f"text {place}", text) for place, text in enumerate(texts)]


def normalised(rows: Sequence[ArrayLike], *, dim: int) -> Vectors:
    """(n, dim) float32 with rows of length 1.

    Raises:
        EmbedderUnavailable: the model gave another number of values, or values that are no vector.
    """
    if not rows:
        return np.empty((0, dim), np.float32)
    try:
        vectors = np.array(rows, np.float32)
    except ValueError as error:
        raise EmbedderUnavailable(f"the model gave vectors of unequal length: {error}") from error
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise EmbedderUnavailable(f"the model gave vectors of shape {vectors.shape}, {dim} dimensions were expected")
    for row in vectors:  # one by one: a row's length, to the last bit, must not depend on how many there are
        length = np.sqrt(np.dot(row, row))
        if not np.isfinite(length) or length == 0:
            raise EmbedderUnavailable("the model gave a vector that is zero or not finite")
        row /= length
    return vectors
