"""How remembered turns are ranked for a question: a pure function of texts, vectors and counts.

The score of a turn is the weighted sum of named parts:

- turn: cosine of the question and "name: text"; context: the same with the previous turn before it
- next: cosine of the turn that follows, for an answer often follows what it answers
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
    """n turns ordered by session and rank in it, with what was counted about them.

    `session`, `rank`: (n,) the session's number and the turn's place in it; `own`, `context`: (n, dim) unit vectors;
    `session_score`: (n,) BM25 of the turn's session; `df`: stem of the question -> turns that contain it.
    """

    turns: tuple[Turn, ...]
    session: NDArray[np.int64]
    rank: NDArray[np.int64]
    stems: tuple[tuple[str, ...], ...]
    own: NDArray[np.float32]
    context: NDArray[np.float32]
    session_score: Floats
    members: int
    terms: int
    df: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.turns)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`scores`: (n,) in the order of the candidates; `parts`: what each part adds to them, (n,) each."""

    scores: Floats
    parts: Mapping[str, Floats]

    def best(self, count: int, *, among: NDArray[np.bool_]) -> list[int]:
        """Places of the best candidates, best first; the earlier of two equals first."""
        places = np.flatnonzero(among)
        order = np.argsort(-self.scores[places], kind="stable")[:count]
        return [int(place) for place in places[order]]

    def explain(self, place: int) -> dict[str, float]:
        """The parts of one candidate's score that are not zero."""
        return {name: float(values[place]) for name, values in self.parts.items() if values[place]}


def rank(question: Question, candidates: Candidates, weights: Weights) -> Ranking:
    """Scores all candidates."""
    parts = {name: weight * part for name, weight, part in _parts(question, candidates, weights)}
    return Ranking(np.sum(list(parts.values()), axis=0), parts)


def _parts(question: Question, candidates: Candidates, weights: Weights) -> Iterable[tuple[str, float, Floats]]:
    own = (candidates.own @ question.vector).astype(np.float64)
    values = {
        "turn": own,
        "context": (candidates.context @ question.vector).astype(np.float64),
        "next": _next(own, candidates),
        "window": window_bm25(question.stems, candidates),
        "speaker": _speaker(question.text, candidates.turns),
        "date": _date(question.mention, candidates.turns),
        "when": _when(question.text, candidates.turns),
        "session": candidates.session_score,
        "question": np.array([turn.text.rstrip().endswith("?") for turn in candidates.turns], np.float64),
        "length": np.log1p([len(_WORD.findall(turn.text)) for turn in candidates.turns]),
    }
    return ((name, getattr(weights, name), values[name]) for name in PARTS)


def window_bm25(stems: Sequence[str], candidates: Candidates) -> Floats:
    """(n,) Okapi BM25 of each turn's window: the turn and two turns on each side in its session.

    How many windows contain a stem is not counted but expected, from the turns that contain it.
    """
    asked = list(dict.fromkeys(stem for stem in stems if candidates.df.get(stem)))
    if not asked or not candidates.members:
        return np.zeros(len(candidates))
    factors = [stems.count(stem) * _window_idf(candidates.df[stem], candidates.members) for stem in asked]
    counts = np.array([[said.count(stem) for stem in asked] for said in candidates.stems], np.float64)
    lengths = np.array([len(said) for said in candidates.stems], np.float64)
    tf = _window_sums(counts, candidates)
    length = _window_sums(lengths[:, None], candidates)
    usual = (2 * RADIUS + 1) * candidates.terms / candidates.members
    damping = _K1 * (1 - _B + _B * length / usual)
    return np.asarray((tf * (_K1 + 1) / (tf + damping)) @ np.array(factors))


def _window_idf(df: int, members: int) -> float:
    share = 1 - (1 - min(df / members, 1)) ** (2 * RADIUS + 1)
    return math.log(1 + (members - members * share + 0.5) / (members * share + 0.5))


def _window_sums(values: Floats, candidates: Candidates) -> Floats:
    """(n, m): sums over each turn's window, as far as its neighbours are among the candidates."""
    sums = values.copy()
    for step in range(1, RADIUS + 1):
        together = _together(candidates, step)
        sums[step:] += values[:-step] * together[:, None]
        sums[:-step] += values[step:] * together[:, None]
    return sums


def _together(candidates: Candidates, step: int) -> NDArray[np.bool_]:
    """(n - step,): whether candidate i + step is a turn of the same window as candidate i."""
    same = candidates.session[step:] == candidates.session[:-step]
    return np.asarray(same & (candidates.rank[step:] - candidates.rank[:-step] <= RADIUS))


def _next(own: Floats, candidates: Candidates) -> Floats:
    following = np.zeros_like(own)
    adjacent = (candidates.session[1:] == candidates.session[:-1]) & (np.diff(candidates.rank) == 1)
    following[:-1] = own[1:] * adjacent
    return following


def _speaker(question: str, turns: Sequence[Turn]) -> Floats:
    named = named_speaker(question, {turn.name for turn in turns})
    return np.array([turn.name == named for turn in turns], np.float64)


def named_speaker(question: str, names: Iterable[str]) -> str | None:
    """The one participant that a question is about, None if it names none or several.

    "Mel" names Melanie; "I" names the user, "you" the assistant.
    """
    said = _WORD.findall(question)
    words = {word.lower() for word in said}
    short = {word.lower() for word in said if word[0].isupper()}
    found = [name for name in names if _is_named(name.lower(), words, short)]
    return found[0] if len(found) == 1 else None


def _is_named(name: str, words: set[str], capitalised: set[str]) -> bool:
    if name in _PRONOUNS:
        return not words.isdisjoint(_PRONOUNS[name])
    parts = _WORD.findall(name)
    return any(
        part in words or any(len(word) >= _MIN_SHORT_NAME and part.startswith(word) for word in capitalised)
        for part in parts
        if len(part) > 1
    )


def _date(mention: Mention | None, turns: Sequence[Turn]) -> Floats:
    if mention is None:
        return np.zeros(len(turns))
    return np.array([mention.nearness(utc_day(turn.at)) for turn in turns], np.float64)


def _when(question: str, turns: Sequence[Turn]) -> Floats:
    if not asks_when(question):
        return np.zeros(len(turns))
    return np.array([has_time_word(turn.text) for turn in turns], np.float64)
