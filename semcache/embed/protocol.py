"""What an embedder is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Kind = Literal["symmetric", "query", "passage"]
Vectors = NDArray[np.float32]


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. Implementations are thread-safe."""

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Model, revision, pooling and quantisation: vectors of different fingerprints are never compared."""
        ...

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        """(n, dim) float32, rows L2-normalised; a text's vector does not depend on its neighbours in `texts`.

        `kind`: "symmetric" compares like with like (cache prompts); "query" looks for a "passage".

        Raises:
            InvalidInput: a text is empty or not a string.
            EmbedderUnavailable: the model cannot be loaded or its service does not answer.
        """
        ...
