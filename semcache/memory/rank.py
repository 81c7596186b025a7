"""How remembered turns are ranked for a question: a pure function of texts, vectors and counts.

The score of a turn is the weighted sum of named parts:

- turn: cosine of the question and "name: text"; context: the same with the previous turn before it
- next: cosine of the turn that follows, for what follows often tells what was meant
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
class Rows:
    """n turns by session and rank: the candidates, and the turns in their windows.

    `session`, `rank`: (n,) the session's number and the turn's place in it; `stems`: separated by spaces; `own`,
    `context`: (n, dim) unit vectors, zero where a turn only belongs to a window.
    """

    session: NDArray[np.int64]
    rank: NDArray[np.int64]
    stems: tuple[str, ...]
    own: NDArray[np.float32]
    context: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """m turns to be ranked. `place`: (m,) their rows; `session_score`: (m,) BM25 of their sessions.

    `members`, `terms`: turns of the user and their stems; `df`: stem of the question -> turns that contain it.
    """

    turns: tuple[Turn, ...]
    place: NDArray[np.int64]
    session_score: Floats
    rows: Rows
    members: int
    terms: int
    df: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.turns)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`scores`: (m,) in the order of the candidates; `parts`: what each part adds to them, (m,) each."""

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
    rows, place, turns = candidates.rows, candidates.place, candidates.turns
    own = (rows.own @ question.vector).astype(np.float64)
    return {
        "turn": own[place],
        "context": (rows.context @ question.vector).astype(np.float64)[place],
        "next": _next(own, rows)[place],
        "window": window_bm25(question.stems, candidates)[place],
        "speaker": _speaker(question.text, turns),
        "date": _date(question.mention, turns),
        "when": _when(question.text, turns),
        "session": candidates.session_score,
        "question": np.array([turn.text.rstrip().endswith("?") for turn in turns], np.float64),
        "length": np.log1p([len(turn.text.split()) for turn in turns]),
    }


def window_bm25(stems: Sequence[str], candidates: Candidates) -> Floats:
    """(n,) Okapi BM25 of the window of each row: the turn and two turns on each side in its session.

    How many windows contain a stem is not counted but expected, from the turns that contain it.
    """
    asked = list(dict.fromkeys(stem for stem in stems if candidates.df.get(stem)))
    rows = candidates.rows
    if not asked or not candidates.members:
        return np.zeros(len(rows.stems))
    factors = [stems.count(stem) * _window_idf(candidates.df[stem], candidates.members) for stem in asked]
    sums = _window_sums(_counts(asked, rows.stems), rows)
    tf, length = sums[:, :-1], sums[:, -1:]
    usual = (2 * RADIUS + 1) * candidates.terms / candidates.members
    damping = _K1 * (1 - _B + _B * length / usual)
    return np.asarray((tf * (_K1 + 1) / (tf + damping)) @ np.array(factors))


def _counts(asked: Sequence[str], said: Sequence[str]) -> Floats:
    """(n, stems + 1): how often each text contains each stem, and in the last column its length in stems."""
    column = {stem: place for place, stem in enumerate(asked)}
    counts = np.zeros((len(said), len(asked) + 1))
    counts[:, -1] = [text.count(" ") + 1 if text else 0 for text in said]
    for row, text in enumerate(said):
        for stem in text.split(" "):
            if stem in column:
                counts[row, column[stem]] += 1
    return counts


def _window_idf(df: int, members: int) -> float:
    share = 1 - (1 - min(df / members, 1)) ** (2 * RADIUS + 1)
    return math.log(1 + (members - members * share + 0.5) / (members * share + 0.5))


def _window_sums(values: Floats, rows: Rows) -> Floats:
    """(n, m): sums over the window of each row, as far as its neighbours are there."""
    sums = values.copy()
    for step in range(1, RADIUS + 1):
        same = rows.session[step:] == rows.session[:-step]
        together = (same & (rows.rank[step:] - rows.rank[:-step] <= RADIUS))[:, None]
        sums[step:] += values[:-step] * together
        sums[:-step] += values[step:] * together
    return sums


def _next(own: Floats, rows: Rows) -> Floats:
    following = np.zeros_like(own)
    adjacent = (rows.session[1:] == rows.session[:-1]) & (np.diff(rows.rank) == 1)
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
