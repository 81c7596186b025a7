"""The fitted part of the classes: one linear layer over a question's vector, its words and what the rules say.

`tools/fit_classes.py` writes `weights/<fingerprint>.npz` from labelled questions; `words.npz` reads no vector and
serves every other embedder, `words-de-es-fr-nl.npz` questions in languages that the embedder cannot read.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from semcache.embed import Vectors
from semcache.text.questions import Classified, QuestionClass

VERSION = 1  # raise it when the same question gets other features
ANY_EMBEDDER = "words"
OTHER_LANGUAGES = "words-de-es-fr-nl"
CLASSES = (QuestionClass.SHARED, QuestionClass.PERSONAL, QuestionClass.VOLATILE, QuestionClass.FOLLOW_UP)
WORDS = 1024  # places that words and pairs of words are hashed to
_LENGTHS = (1, 2, 3, 5, 8)
_PIECE = re.compile(r"[^\W_]+|[^\w\s]")
# How much each group counts, so that one penalty fits them all.
_OF_VECTOR, _OF_WORDS, _OF_RULES = 3.0, 2.0, 0.5


@dataclass(frozen=True, slots=True)
class ClassWeights:
    """`matrix`: (features, classes) float32. `dim`: of the vectors, 0 if none is read.

    `languages`: ISO codes of those that it can judge; empty = all, for a multilingual embedder.
    """

    matrix: NDArray[np.float32]
    dim: int
    languages: frozenset[str]

    def probabilities(self, text: str, vector: Vectors | None, read: Classified) -> list[float]:
        """Of each of CLASSES; they sum to one."""
        logits = features(text, vector, read) @ self.matrix
        exponents = np.exp(logits - logits.max())
        return [float(p) for p in exponents / exponents.sum()]


def features(text: str, vector: Vectors | None, read: Classified) -> NDArray[np.float32]:
    """(dim + WORDS + 9,) float32: the vector, hashed words, the rules' flags, the length, one."""
    pieces = _PIECE.findall(text.lower().replace("’", "").replace("'", ""))
    flags = [_OF_RULES * flag for flag in (read.personal, read.volatile, read.follow_up)]
    lengths = [_OF_RULES * (len(pieces) <= most) for most in _LENGTHS]
    parts = [_hashed(pieces), np.array([*flags, *lengths, 1.0], np.float32)]
    return np.concatenate([_OF_VECTOR * vector, *parts] if vector is not None else parts)


def _hashed(pieces: Sequence[str]) -> NDArray[np.float32]:
    """(WORDS,) float32: words and pairs of neighbours, with marks for the start and the end."""
    counted = np.zeros(WORDS, np.float32)
    framed = ["^", *pieces, "$"]
    grams = [*pieces, *(f"{left}_{right}" for left, right in pairwise(framed))]
    for gram in grams:
        code = zlib.crc32(gram.encode("utf-8", "surrogatepass"))
        counted[code % WORDS] += 1.0 if (code >> 20) & 1 else -1.0
    return counted * np.float32(_OF_WORDS / len(grams) ** 0.5)


@cache
def weights_of(fingerprint: str) -> ClassWeights:
    """The weights fitted for an embedder, or those that read words alone."""
    folder = resources.files("semcache.questions") / "weights"
    for name in (fingerprint, ANY_EMBEDDER):
        if (file := folder / f"{name}.npz").is_file():
            found = read_weights(file.read_bytes())
            if found is not None:
                return found
    raise AssertionError("the package is incomplete: semcache/questions/weights/words.npz is missing")


def read_weights(data: bytes) -> ClassWeights | None:
    """Weights as the tool writes them; None if they were fitted to other features."""
    with np.load(io.BytesIO(data)) as stored:
        if int(stored["version"]) != VERSION:
            return None
        matrix = stored["matrix"].astype(np.float32)
        return ClassWeights(matrix, int(stored["dim"]), frozenset(str(stored["languages"]).split()))
