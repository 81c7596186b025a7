"""Rows to learn from: the evidence on a decision and its label, packed (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from semcache.cache.evidence import FEATURES

ROW_BYTES = 2 * len(FEATURES) + 1
_UNKNOWN = 255


def pack_row(features: Sequence[float], label: bool | None) -> bytes:
    """55 bytes: the features as float16 and the label, None = unknown (it was served)."""
    known = _UNKNOWN if label is None else int(label)
    return np.asarray(features, "<f2").tobytes() + bytes((known,))


def unpack_rows(rows: Iterable[bytes]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows, features) and (rows,) labels, nan = unknown. Rows of another length, of another version, are left out."""
    whole = b"".join(row for row in rows if len(row) == ROW_BYTES)
    table = np.frombuffer(whole, np.uint8).reshape(-1, ROW_BYTES)
    features = np.ascontiguousarray(table[:, :-1]).view("<f2").astype(np.float64)
    labels = table[:, -1].astype(np.float64)
    labels[table[:, -1] == _UNKNOWN] = np.nan
    return features, labels
