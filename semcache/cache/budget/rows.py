"""Rows to learn from: the evidence on a decision, its label and its number, packed (pure).

A scope keeps two rings of them, of answers that were compared and of answers that were served, so that however much is
served, no label is pushed out. A row's number says how old it is: requests with a candidate up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.cache.budget.evidence import FEATURES

#: Rows in each of the two rings.
RING = 4_000
_NUMBER_BYTES = 4
ROW_BYTES = _NUMBER_BYTES + 2 * len(FEATURES) + 1
_UNKNOWN = 255


class Rows(NamedTuple):
    """Rows by rising number: (rows,) numbers, (rows, features) evidence, (rows,) labels, nan = unknown."""

    numbers: NDArray[np.int64]
    features: NDArray[np.float64]
    labels: NDArray[np.float64]


def pack_row(features: Sequence[float], label: bool | None, number: int = 0) -> bytes:
    """The row's number as four bytes, the features as float16 and the label, None = unknown (it was served).

    The script that writes a row puts its number in.
    """
    known = _UNKNOWN if label is None else int(label)
    return number.to_bytes(_NUMBER_BYTES, "little") + np.asarray(features, "<f2").tobytes() + bytes((known,))


def unpack_rows(rows: Iterable[bytes]) -> Rows:
    """The rows by their number. What no version of this one has written is left out: it could spoil a whole fit."""
    whole = b"".join(row for row in rows if len(row) == ROW_BYTES)
    table = np.frombuffer(whole, np.uint8).reshape(-1, ROW_BYTES)
    numbers = np.ascontiguousarray(table[:, :_NUMBER_BYTES]).view("<u4").reshape(-1).astype(np.int64)
    features = np.ascontiguousarray(table[:, _NUMBER_BYTES:-1]).view("<f2").astype(np.float64)
    labels = table[:, -1].astype(np.float64)
    features = features.reshape(len(table), len(FEATURES))
    labels[table[:, -1] == _UNKNOWN] = np.nan
    sound = np.flatnonzero(np.isfinite(features).all(1) & ~(labels > 1))
    order = sound[np.argsort(numbers[sound], kind="stable")]
    return Rows(numbers[order], features[order], labels[order])
