"""Whether a question asks for what holds now or for what held before, and which of near-equal turns that puts first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Tense = Literal["now", "before"]
Floats = NDArray[np.float64]

_BEFORE = re.compile(r"\b(?:before|used to|(?:previous|former|original|initial)(?:ly)?|earlier)\b", re.IGNORECASE)
_NOW = re.compile(r"\b(?:now|current(?:ly)?|latest|newest|most recent(?:ly)?)\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:am|is|are|do|does|have|has)\b|['’](?:s|m|re|ve)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?:did|was|were|had)\b", re.IGNORECASE)
_OTHER = re.compile(r"^\W*(?:when|can|could|would|will|should|(?:which|what) (?:day|date|month|year))\b", re.IGNORECASE)

_FIRST = 4  # of the best turns may change places
# The second best: its cosine to the best at least; its score below at most, or so many times as the third is below it.
_SIMILAR, _MOST_BEHIND, _CLEAR = 0.65, 0.35, 2.0
_SIMILAR_SHORT = 0.79  # of short turns: these say one thing, and others of the same subject ("the wifi") are near too
_SHORT = 20  # words, of the shorter of the two
_NEAR = 0.75  # the others: the same cosine, less what their scores are below
_LEAST_WORDS = 0.3  # of the question's words that the best turn has
_APART_S = 60.0


def tense(question: str) -> Tense | None:
    """The state that a question asks for; None for events, advice, and questions for both."""
    before, now = _BEFORE.search(question), _NOW.search(question)
    if before or now:
        return None if before and now else "before" if before else "now"
    if _OTHER.search(question) or _PAST.search(question) or not _PRESENT.search(question):
        return None
    return "now"


@dataclass(frozen=True, slots=True)
class Rivals:
    """n turns that may be several values of one thing.

    `vectors`: (n, dim); `at`: (n,) times, s; `lengths`: (n,) words of each; `words`, `exact`: (n,) the shares of the
    question's words and of its codes that each has.
    """

    scores: Floats
    vectors: NDArray[np.float32]
    at: Floats
    lengths: Floats
    words: Floats
    exact: Floats


def by_time(asked: Tense | None, turns: Rivals) -> Floats:
    """What each turn gains, (n,): the best one and those near to it share out their scores in order of time.

    Of several values of one thing the newest comes first, or the oldest if the past is `asked` for. Only the best few
    take part, and nothing else changes its place: what is found among the first five stays the same.
    """
    gains = np.zeros(len(turns.scores))
    if asked is None or len(gains) < 2:
        return gains
    best = np.argsort(-turns.scores, kind="stable")[:_FIRST]
    group = best[_rivals(turns, best)]
    order = group[np.argsort(turns.at[group] * (-1 if asked == "now" else 1), kind="stable")]
    gains[order] = turns.scores[group] - turns.scores[order]
    return gains


def _rivals(turns: Rivals, best: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the best turns are near to the first of them; itself included."""
    first = best[0]
    similar = turns.vectors[best] @ turns.vectors[first]
    behind = turns.scores[first] - turns.scores[best]
    near = similar - behind >= _NEAR
    ahead = behind[2] - behind[1] if len(best) > 2 else 0.0
    near[1] = behind[1] <= max(_MOST_BEHIND, _CLEAR * ahead)
    short = np.minimum(turns.lengths[best], turns.lengths[first]) < _SHORT
    near &= similar >= np.where(short, _SIMILAR_SHORT, _SIMILAR)
    same = (turns.words[best] >= _LEAST_WORDS * turns.words[first]) & (turns.exact[best] >= turns.exact[first])
    apart = np.abs(turns.at[best] - turns.at[first]) >= _APART_S
    chosen = near & same & apart
    chosen[0] = True
    return np.asarray(chosen, np.bool_)
