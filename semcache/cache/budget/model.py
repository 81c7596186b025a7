"""The learned score of a scope: features -> score -> probability of a wrong answer, and what may be served."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.cache.budget.evidence import FEATURES
from semcache.errors import InvalidInput

Array = NDArray[np.float64]
#: Prefixes of the rows at which the mean error is kept, for any budget.
CURVE_POINTS = 200
#: The likeliest wrong candidate that is served may be wrong so many times as often as the budget allows on average:
#: where nearly all is right the average alone would let everything through.
MARGINAL = 5.0
#: What is near a new subject: nothing. A candidate is served only where these features are no lower than with nearly
#: all answers that were found right.
SUPPORT = ("cosine", "mean_cosine")
_SUPPORT_AT = [FEATURES.index(name) for name in SUPPORT]
#: A candidate in which one of these differs is served only where that many such answers were found right.
DENIALS = ("negation_differs", "restriction_differs")
_DENIALS_AT = [FEATURES.index(name) for name in DENIALS]
_FORMAT = 3


@dataclass(frozen=True, slots=True)
class Region:
    """What a budget lets through: scores from `threshold` on.

    `share` of the requests with a candidate; `error`: their estimated mean error, that of the surest if none is served.
    """

    threshold: float
    share: float
    error: float

    @property
    def serves(self) -> bool:
        return self.share > 0


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted score. Arrays: (features,) mean, scale; (1 + features,) beta; (bins,) the rising calibration from
    minus score to error; (points,) the curve of served prefixes, best first; (len(SUPPORT),) the least values
    of these features with which answers were found right; (len(DENIALS),) how many answers were found right though this
    differed, as a share of those that are needed. `version` is set by whoever stores it.
    """

    mean: Array
    scale: Array
    beta: Array
    score_points: Array
    error_points: Array
    curve_scores: Array
    curve_shares: Array
    curve_errors: Array
    support: Array
    denials: Array
    floor: float = 0.0
    labels: int = 0
    rows: int = 0
    version: int = 0
    _weights: Array = field(init=False, repr=False)
    _offset: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        weights = self.beta[1:] / self.scale
        object.__setattr__(self, "_weights", weights)
        object.__setattr__(self, "_offset", float(self.beta[0] - self.mean @ weights))

    def score(self, features: Sequence[float]) -> float:
        """The log odds, roughly, that the candidate's answer is right."""
        return self._offset + float(self._weights @ np.asarray(features))

    def error(self, score: float) -> float:
        """Calibrated probability that an answer of this score is wrong."""
        return float(np.interp(-score, self.score_points, self.error_points))

    def supports(self, features: Sequence[float]) -> bool:
        """Whether answers were found right where so little was alike: beyond that a score is extrapolation."""
        values = np.asarray(features)
        unproven = self.denials < 1
        return bool(np.all(values[_SUPPORT_AT] >= self.support - 1e-6) and not np.any(values[_DENIALS_AT][unproven]))

    def region(self, max_error_rate: float) -> Region:
        """The largest region whose error stays within the budget; an empty one if there is none."""
        marginal = np.interp(-self.curve_scores, self.score_points, self.error_points)
        within = np.flatnonzero((self.curve_errors <= max_error_rate) & (marginal <= MARGINAL * max_error_rate))
        if not len(within):
            return Region(float("inf"), 0.0, float(self.curve_errors.min()))
        at = within[-1]
        error = max(float(self.curve_errors[at]), 1e-4)
        return Region(float(self.curve_scores[at]), float(self.curve_shares[at]), error)

    def with_version(self, version: int) -> Model:
        return replace(self, version=version)

    def to_bytes(self) -> bytes:
        """Some 5 KB of JSON; arrays as base64 float32."""
        fields = {name: value for name, value in asdict(self).items() if not name.startswith("_")}
        packed = {name: _pack(value) if isinstance(value, np.ndarray) else value for name, value in fields.items()}
        return json.dumps({"format": _FORMAT, **packed}).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Model:
        """Raises InvalidInput if the bytes are of another format: drop them and refit."""
        try:
            fields: dict[str, Any] = json.loads(stored)
            if fields.pop("format") != _FORMAT:
                raise InvalidInput("the stored model has another format: remove it, the next refit writes a new one")
            arrays = {name: _unpack(value) for name, value in fields.items()}
            if not all(np.isfinite(value).all() for value in arrays.values()):
                raise ValueError("NaN or infinity")
            return cls(**arrays)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput("the stored model cannot be read: remove it, the next refit writes one") from error


def _pack(array: Array) -> str:
    return b64encode(array.astype("<f4").tobytes()).decode()


def _unpack(value: Any) -> Any:
    return np.frombuffer(b64decode(value), "<f4").astype(np.float64) if isinstance(value, str) else value
