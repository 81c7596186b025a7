"""How remembered turns are ranked for a question: a pure function of texts, vectors and counts.

The score of a turn is the weighted sum of named parts:

- turn: cosine of the question and "name: text"; context: the same with the previous turn before it
- next: cosine of the turn that follows, or about it where that is no candidate: it often tells what was meant
- window: BM25 of the turn with two turns on each side; session: BM25 of the session as one document
- speaker: 1 if the question names exactly one participant and the turn is theirs
- date: 0..1, how near the turn is to a time named in the question
- when: 1 if the question asks for a time and the turn contains one
- question: 1 if the turn ends with a question mark; length: log(1 + words)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.memory.layout import RADIUS
from semcache.memory.types import Turn
from semcache.memory.weights import PARTS, Weights
from semcache.memory.when import Mention, asks_when, has_time_word, utc_day

Floats = NDArray[np.float64]
_K1, _B = 0.9, 0.4
_WORD = re.compile(r"\w+")
_FIRST_PERSON = frozenset("i me my mine myself".split())
_SECOND_PERSON = frozenset("you your yours yourself".split())
_PRONOUNS = {"user": _FIRST_PERSON, "human": _FIRST_PERSON, "assistant": _SECOND_PERSON, "ai": _SECOND_PERSON}
_MIN_SHORT_NAME = 3


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: its stems with repetition, its vector, (dim,), and the time it names, if any."""

    text: str
    stems: tuple[str, ...]
    vector: NDArray[np.float32]
    mention: Mention | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """n turns to be ranked, and what was counted about them.

    `own`: (n, dim) vectors of the turns; `context`: (n, dim) vectors of each with the turn before; zero where there is
    none. `following`: (n,) place of the next turn among them; where that is -1, `next_cosine`, (n,), is about that of
    the next turn, 0 if there is none. `window_tf`: (n, stems) how often each of the question's `stems` is in a turn's
    window; `window_length`: (n,) stems in it, where turns without any of the question's words may count with the usual
    length. `session_score`: (n,) BM25 of the turn's session. `members`, `terms`: turns of
    the user and their stems; `df`: turns that contain each stem.
    """

    turns: tuple[Turn, ...]
    own: NDArray[np.float32]
    context: NDArray[np.float32]
    following: NDArray[np.int64]
    next_cosine: Floats
    window_tf: Floats
    window_length: Floats
    session_score: Floats
    members: int
    terms: int
    stems: tuple[str, ...]
    df: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.turns)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`scores`: (n,) in the order of the candidates; `parts`: what each part adds to them, (n,) each."""

    scores: Floats
    parts: Mapping[str, Floats]

    def best(self, count: int) -> list[int]:
        """The best candidates, best first; the earlier of two equals first."""
        return [int(place) for place in np.argsort(-self.scores, kind="stable")[:count]]

    def explain(self, candidate: int) -> dict[str, float]:
        """The parts of one candidate's score that are not zero."""
        return {name: float(values[candidate]) for name, values in self.parts.items() if values[candidate]}


def rank(question: Question, candidates: Candidates, weights: Weights) -> Ranking:
    """Scores all candidates."""
    values = _values(question, candidates)
    parts = {name: getattr(weights, name) * values[name] for name in PARTS}
    return Ranking(np.sum(list(parts.values()), axis=0), parts)


def _values(question: Question, candidates: Candidates) -> dict[str, Floats]:
    turns = candidates.turns
    own = _cosine(candidates.own, question)
    return {
        "turn": own,
        "context": _cosine(candidates.context, question),
        "next": np.where(candidates.following >= 0, own[candidates.following], candidates.next_cosine),
        "window": window_bm25(question.stems, candidates),
        "speaker": _speaker(question.text, turns),
        "date": _date(question.mention, turns),
        "when": _when(question.text, turns),
        "session": candidates.session_score,
        "question": np.array([turn.text.rstrip().endswith("?") for turn in turns], np.float64),
        "length": np.log1p([len(turn.text.split()) for turn in turns]),
    }


def _cosine(vectors: NDArray[np.float32], question: Question) -> Floats:
    return (vectors @ question.vector).astype(np.float64)


def window_bm25(stems: Sequence[str], candidates: Candidates) -> Floats:
    """(n,) Okapi BM25 of each turn's window: the turn and two turns on each side in its session.

    How many windows contain a stem is not counted but expected, from the turns that contain it.
    """
    if not candidates.members:
        return np.zeros(len(candidates))
    idf = [_window_idf(df, candidates.members) if df else 0.0 for df in candidates.df]
    factors = np.array([stems.count(stem) for stem in candidates.stems]) * np.array(idf)
    usual = (2 * RADIUS + 1) * candidates.terms / candidates.members
    damping = _K1 * (1 - _B + _B * candidates.window_length[:, None] / usual)
    tf = candidates.window_tf
    return np.asarray((tf * (_K1 + 1) / (tf + damping)) @ factors, np.float64)


def _window_idf(df: int, members: int) -> float:
    share = 1 - (1 - min(df / members, 1)) ** (2 * RADIUS + 1)
    return math.log(1 + (members - members * share + 0.5) / (members * share + 0.5))


def _speaker(question: str, turns: Sequence[Turn]) -> Floats:
    named = named_speaker(question, {turn.name for turn in turns})
    return np.array([turn.name == named for turn in turns], np.float64)


def named_speaker(question: str, names: Iterable[str]) -> str | None:
    """The one participant that a question is about, None if it names none or several.

    "Mel" names Melanie; "I" names the user, "you" the assistant.
    """
    said = _WORD.findall(question)
    words = {word.lower() for word in said}
    capitalised = {word.lower() for word in said if word[0].isupper()}
    found = [name for name in names if _is_named(name.lower(), words, capitalised)]
    return found[0] if len(found) == 1 else None


def _is_named(name: str, words: set[str], capitalised: set[str]) -> bool:
    if name in _PRONOUNS:
        return not words.isdisjoint(_PRONOUNS[name])
    parts = [part for part in _WORD.findall(name) if len(part) > 1]
    return any(part in words or _is_shortened(part, capitalised) for part in parts)


def _is_shortened(name: str, capitalised: set[str]) -> bool:
    return any(len(word) >= _MIN_SHORT_NAME and name.startswith(word) for word in capitalised)


def _date(mention: Mention | None, turns: Sequence[Turn]) -> Floats:
    if mention is None:
        return np.zeros(len(turns))
    return np.array([mention.nearness(utc_day(turn.at)) for turn in turns], np.float64)


def _when(question: str, turns: Sequence[Turn]) -> Floats:
    if not asks_when(question):
        return np.zeros(len(turns))
    return np.array([has_time_word(turn.text) for turn in turns], np.float64)
