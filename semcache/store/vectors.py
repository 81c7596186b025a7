"""Vector sets: VADD, VSIM, VREM and VEMB, with FP32 blobs in and cosine similarities out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import redis
from numpy.typing import ArrayLike, NDArray
from redis.client import Pipeline

from semcache.errors import InvalidInput
from semcache.store.connect import guarded

Quantisation = Literal["NOQUANT", "Q8", "BIN"]
Client = redis.Redis | Pipeline

_QUANTISATIONS = ("NOQUANT", "Q8", "BIN")
MAX_COUNT = 100_000


def cosine(score: float) -> float:
    """Redis gives (1 + cosine) / 2 in 0..1; everything in semcache is the cosine, -1..1."""
    return 2.0 * score - 1.0


def blob(vector: ArrayLike, dim: int) -> bytes:
    """A vector of `dim` finite numbers, not all zero, as little-endian float32.

    Raises:
        InvalidInput: another shape, NaN, infinity, or the zero vector.
    """
    try:
        values = np.asarray(vector, dtype="<f4")
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"a vector is {dim} numbers: {error}") from error
    if values.shape != (dim,):
        raise InvalidInput(f"the vector has shape {values.shape}, wanted ({dim},): another embedder made it")
    # One pass: a NaN or an infinity anywhere makes the sum of squares non-finite.
    squared = float(np.dot(values, values))
    if not np.isfinite(squared) and not np.isfinite(values).all():
        raise InvalidInput("the vector contains NaN or infinity")
    if squared == 0.0:
        raise InvalidInput("the vector is zero: it has no direction to compare")
    return values.tobytes()


def blobs(vectors: NDArray[np.float32], dim: int) -> list[bytes]:
    """Each of (n, dim) vectors as `blob` makes it, all at once; raises as it does."""
    rows = np.asarray(vectors, dtype="<f4")
    squared = np.einsum("ij,ij->i", rows, rows)
    if rows.shape[1:] != (dim,) or not (np.isfinite(squared) & (squared != 0.0)).all():
        return [blob(row, dim) for row in rows]
    return [row.tobytes() for row in rows]


class VectorSet:
    """One vector set: elements are ids with a vector of `dim` numbers and, optionally, JSON attributes.

    `quantisation` is fixed by the first element of the key. The set does not exist before its first element,
    and vanishes with its last. Elements cannot expire: whoever adds them removes them.
    """

    def __init__(self, client: redis.Redis, key: str, *, dim: int, quantisation: Quantisation = "NOQUANT") -> None:
        if dim < 1:
            raise InvalidInput(f"dim must be positive, not {dim}")
        if quantisation not in _QUANTISATIONS:
            raise InvalidInput(f"quantisation is one of {', '.join(_QUANTISATIONS)}, not {quantisation!r}")
        self.key = key
        self.dim = dim
        self._redis = client
        self._quantisation = quantisation

    def add(self, id: str, vector: ArrayLike, *, attributes: Mapping[str, Any] | None = None) -> bool:
        """Adds or replaces an element; True if it is new.

        Raises:
            InvalidInput: the vector has another dimension, NaN or infinity, or is zero.
            RedisUnavailable: as every method that talks to Redis.
        """
        with guarded():
            return bool(self._redis.execute_command("VADD", *self._vadd(id, vector, attributes)))

    def add_many(
        self,
        pipe: Pipeline,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        *,
        attributes: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> None:
        """Queues one VADD for each id on a pipeline; `vectors` is (n, dim). Nothing is queued if one is wrong."""
        if len(ids) != len(vectors) or (attributes is not None and len(attributes) != len(ids)):
            raise InvalidInput(f"{len(ids)} ids need as many vectors, got {len(vectors)}")
        details = attributes or [None] * len(ids)
        commands = [self._vadd(id, vector, detail) for id, vector, detail in zip(ids, vectors, details, strict=True)]
        for command in commands:
            pipe.execute_command("VADD", *command)

    def remove(self, id: str, *, pipe: Pipeline | None = None) -> bool:
        """Removes an element; True if it was there. With `pipe` it is queued."""
        if pipe is not None:
            pipe.execute_command("VREM", self.key, id)
            return False
        with guarded():
            return bool(self._redis.execute_command("VREM", self.key, id))

    def search(self, vector: ArrayLike, *, count: int, effort: int | None = None) -> list[tuple[str, float]]:
        """The `count` nearest elements as (id, cosine), best first. `effort` is the size of the search's frontier.

        Raises:
            InvalidInput: as `add`, or `count` is not 1..100000.
        """
        command = self.search_command(vector, count=count, effort=effort)
        with guarded():
            return neighbours(self._redis.execute_command(*command))

    def search_command(self, vector: ArrayLike, *, count: int, effort: int | None = None) -> list[Any]:
        """The VSIM command of `search`, for a pipeline; `neighbours` reads its reply."""
        if not 1 <= count <= MAX_COUNT:
            raise InvalidInput(f"count must be 1..{MAX_COUNT}, not {count}")
        command = ["VSIM", self.key, "FP32", blob(vector, self.dim), "WITHSCORES", "COUNT", count]
        return [*command, "EF", effort] if effort else command

    def size(self) -> int:
        """Number of elements."""
        with guarded():
            return int(self._redis.execute_command("VCARD", self.key))

    def vector(self, id: str) -> NDArray[np.float32] | None:
        """The element's vector, (dim,), as far as the quantisation keeps it; None if it is not there."""
        with guarded():
            values = self._redis.execute_command("VEMB", self.key, id)
        return np.array([float(v) for v in values], dtype=np.float32) if values else None

    def vectors(self, ids: Sequence[str]) -> list[NDArray[np.float32] | None]:
        """Unit vectors of several elements in one round trip, as far as the quantisation keeps them; None if gone."""
        if not ids:
            return []
        with guarded(), self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.execute_command("VEMB", self.key, id, "RAW")
            return [_unit(reply, self.dim) for reply in pipe.execute()]

    def __contains__(self, id: str) -> bool:
        with guarded():
            return bool(self._redis.execute_command("VISMEMBER", self.key, id))

    def _vadd(self, id: str, vector: ArrayLike, attributes: Mapping[str, Any] | None) -> list[Any]:
        command = [self.key, "FP32", blob(vector, self.dim), id, self._quantisation]
        return [*command, "SETATTR", json.dumps(attributes)] if attributes else command


def _unit(raw: Any, dim: int) -> NDArray[np.float32] | None:
    """A reply to VEMB ... RAW: the quantisation, the blob of the unit vector, its former length, the range of Q8."""
    if not raw:
        return None
    quantisation, values = raw[0], raw[1]
    if quantisation == b"f32":
        return np.frombuffer(values, "<f4")
    if quantisation == b"int8":
        return np.frombuffer(values, np.int8).astype(np.float32) * np.float32(float(raw[3]) / 127)
    signs = np.unpackbits(np.frombuffer(values, np.uint8), bitorder="little")[:dim].astype(np.float32) * 2 - 1
    return np.asarray(signs / np.sqrt(np.float32(dim)))


def neighbours(reply: Any) -> list[tuple[str, float]]:
    """A reply to VSIM ... WITHSCORES, of protocol 2 (flat) or 3 (a map), as (id, cosine), best first."""
    if not reply:
        return []
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return [(id.decode(), cosine(float(score))) for id, score in pairs]
