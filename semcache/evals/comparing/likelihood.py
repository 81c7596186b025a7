"""How many of some hits are wrong where no single one can be told: by the likelihood of each, together (pure).

Two people answer one question in other words, and nobody can tell such answers from answers to two questions by their
likeness alone. But if two questions ask different things, their answers differ in the direction in which the questions
do; if they ask the same, what differs in the answers has nothing to do with the questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Log odds that long answers to two questions have one meaning: constant, likeness of the answers, likeness of the
#: questions, cosine of the two differences. Fitted to pairs of answers by several people to questions of one site
#: (StackFAQ, half of its questions); same and different pairs weigh the same at each likeness of the questions.
_CONSTANT, _ANSWERS, _QUESTIONS, _DIRECTION = -0.21, 5.98, -2.02, -10.89
#: By so much the log odds may be off in texts of another kind: half of the pairs, fitted to the other half.
_OFF = 1.0
#: Twice the log-likelihood that an end of a 95 % interval loses (chi-squared, one degree of freedom).
_LOST = 3.84
_SHARES = np.linspace(0.0, 1.0, 401)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of so many hits, the share that is wrong, with its 95 % interval."""

    hits: int = 0
    share: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def wrong(self) -> int:
        """How many that is, to the nearest."""
        return round(self.share * self.hits)


def log_odds(questions: NDArray[np.float32], answers: NDArray[np.float32], unrelated: float) -> float:
    """Log odds that two answers have one meaning.

    Both (2, dim), L2-normalised; `unrelated`: mean cosine of texts that have nothing in common.
    """
    apart = questions[0] - questions[1], answers[0] - answers[1]
    lengths = float(np.linalg.norm(apart[0]) * np.linalg.norm(apart[1]))
    direction = float(apart[0] @ apart[1]) / lengths if lengths > 1e-6 else 0.0
    alike = [(float(two[0] @ two[1]) - unrelated) / (1 - unrelated) for two in (answers, questions)]
    return _CONSTANT + _ANSWERS * alike[0] + _QUESTIONS * alike[1] + _DIRECTION * direction


def wrong_share(odds: Sequence[float], hits: int | None = None) -> Estimate:
    """The share of wrong ones among hits with these log odds of being right; `hits`: how many they are a sample of.

    The share that makes the odds most likely (a mixture of two known densities; Saerens, Latinne and Decaestecker
    2002), and the shares that are not much less likely, with the odds off by `_OFF` to either side.
    """
    if not odds:
        return Estimate()
    values = np.asarray(odds)
    likely = _log_likelihoods(values)
    low, high = _within(_log_likelihoods(values + _OFF))[0], _within(_log_likelihoods(values - _OFF))[1]
    share = float(_SHARES[int(likely.argmax())])
    return Estimate(len(odds) if hits is None else hits, share, min(low, share), max(high, share))


def _log_likelihoods(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(shares,): of each of `_SHARES`. Where one pair is sure to be the other kind, that share is all but excluded."""
    wrong = np.exp(-np.clip(odds, -30, 30))
    found: NDArray[np.float64] = np.log(np.maximum(1 + _SHARES[:, None] * (wrong[None, :] - 1), 1e-12)).sum(axis=1)
    return found


def _within(likely: NDArray[np.float64]) -> tuple[float, float]:
    shares = _SHARES[2 * (likely.max() - likely) <= _LOST]
    return float(shares[0]), float(shares[-1])
