"""How remembered turns are ranked for a question: a pure function of texts, vectors and counts.

The score of a turn is the weighted sum of named parts:

- turn: cosine of the question and "name: text", or of a long turn's best passage where that is .08 higher
- context: cosine of the turn with the end of the one before it; at least a passage's that stands for the turn
- window: BM25 of the turn with two turns on each side, as far as they fit into a window of 90 stems
- words: the share of the question's words, by their rarity, that the turn itself has; exact: the share of its codes
- speaker: 1 if the question names exactly one participant and the turn is theirs
- date: 0..1, how near the turn is to a time named in the question
- when: 1 if the question asks for a time and the turn contains one
- question: up to 1 if the turn ends with a question mark, the shorter the more
- length: up to 1 with 20 words; less again for replies of more than 60
- now: of near-equal turns the newest gains if a present state is asked for, the oldest if a former one
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.memory.dates.tense import Rivals, by_time, tense
from semcache.memory.dates.when import Mention, asks_when, has_time_word, utc_day
from semcache.memory.ranking.weights import Weights
from semcache.memory.stored.exact import codes, held
from semcache.memory.stored.layout import RADIUS, WINDOW_STEMS
from semcache.memory.types import Turn

Floats = NDArray[np.float64]
_K1 = 0.9
_WORD = re.compile(r"\w+")
_FIRST_PERSON = frozenset("i me my mine myself".split())
_SECOND_PERSON = frozenset("you your yours yourself".split())
_PRONOUNS = {"user": _FIRST_PERSON, "human": _FIRST_PERSON, "assistant": _SECOND_PERSON, "ai": _SECOND_PERSON}
_MIN_SHORT_NAME = 3
_PASSAGE_LESS = 0.08  # in cosine: the best of many short passages is near to any question
_SHORT_QUESTION, _FULL_LENGTH, _LONG = 20, 20, 60  # words


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: its stems with repetition, its vector, (dim,), and the time it names, if any.

    `offset_s`: how far the asker's clock, by whose days that time counts, is ahead of UTC.
    """

    text: str
    stems: tuple[str, ...]
    vector: NDArray[np.float32]
    mention: Mention | None = None
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """n turns to be ranked, and what was counted about them.

    `own`: (n, dim) vectors of the turns; `context`: (n, dim) vectors of each with the turn before; zero where there is
    none. `passage`: (n,) the best cosine among a turn's passages, below -1 where that is not known. `window_tf`:
    (n, stems) how often each of the question's `stems` is in a turn's window, `window_length`: (n,) stems in it; turns
    around count in part where they do not fit whole, and with the usual length where they have none of the stems.
    `own_tf`: (n, stems) how often each is in the turn. `members`: turns of the user; `df`: those that have each stem.
    """

    turns: tuple[Turn, ...]
    own: NDArray[np.float32]
    context: NDArray[np.float32]
    passage: Floats
    window_tf: Floats
    window_length: Floats
    own_tf: Floats
    members: int
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
    parts = {name: getattr(weights, name) * values[name] for name in values}
    scores = np.sum(list(parts.values()), axis=0)
    parts["now"] = weights.now * _now(question, candidates, scores, values)
    return Ranking(scores + parts["now"], parts)


def _now(question: Question, candidates: Candidates, scores: Floats, values: Mapping[str, Floats]) -> Floats:
    asked = tense(question.text) if question.mention is None else None
    at = np.array([turn.at for turn in candidates.turns], np.float64)
    lengths = np.array([len(turn.text.split()) for turn in candidates.turns], np.float64)
    return by_time(asked, Rivals(scores, candidates.own, at, lengths, values["words"], values["exact"]))


def _values(question: Question, candidates: Candidates) -> dict[str, Floats]:
    turns = candidates.turns
    words = np.array([len(turn.text.split()) for turn in turns], np.float64)
    wanted = codes(question.text)
    own, context = _cosine(candidates.own, question), _cosine(candidates.context, question)
    passage = candidates.passage - _PASSAGE_LESS
    return {
        "turn": np.maximum(own, passage),
        "context": np.where(passage > own, np.maximum(context, passage), context),
        "window": window_bm25(question.stems, candidates),
        "words": _coverage(question.stems, candidates),
        "exact": np.array([held(wanted, turn.text) for turn in turns], np.float64),
        "speaker": _speaker(question.text, turns),
        "date": _date(question, turns),
        "when": _when(question.text, turns),
        "question": _asks(turns) * np.minimum(1, _SHORT_QUESTION / np.maximum(words, 1)),
        "length": np.minimum(words / _FULL_LENGTH, 1) - _verbosity(turns, words),
    }


def _cosine(vectors: NDArray[np.float32], question: Question) -> Floats:
    return (vectors @ question.vector).astype(np.float64)


def window_bm25(stems: Sequence[str], candidates: Candidates) -> Floats:
    """(n,) Okapi BM25 of each turn's window, with full normalisation by its length beside that of a full window.

    How many windows contain a stem is not counted but expected, from the turns that contain it.
    """
    if not candidates.members:
        return np.zeros(len(candidates))
    idf = [_window_idf(df, candidates.members) if df else 0.0 for df in candidates.df]
    factors = np.array([stems.count(stem) for stem in candidates.stems]) * np.array(idf)
    damping = _K1 * candidates.window_length[:, None] / WINDOW_STEMS
    tf = candidates.window_tf
    return np.asarray((tf * (_K1 + 1) / np.maximum(tf + damping, 1e-9)) @ factors, np.float64)


def _window_idf(df: int, members: int) -> float:
    return _idf(members * (1 - (1 - min(df / members, 1)) ** (2 * RADIUS + 1)), members)


def _idf(df: float, members: int) -> float:
    return math.log(1 + max(members - df + 0.5, 0.5) / (df + 0.5))


def _coverage(stems: Sequence[str], candidates: Candidates) -> Floats:
    rarity = [_idf(df, candidates.members) for df in candidates.df]
    factors = np.array([stems.count(stem) for stem in candidates.stems]) * np.array(rarity)
    total = float(factors.sum())
    return (candidates.own_tf > 0) @ factors / total if total else np.zeros(len(candidates))


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


def _date(question: Question, turns: Sequence[Turn]) -> Floats:
    if question.mention is None:
        return np.zeros(len(turns))
    days = [utc_day(turn.at + question.offset_s) for turn in turns]
    return np.array([question.mention.nearness(day) for day in days], np.float64)


def _verbosity(turns: Sequence[Turn], words: Floats) -> Floats:
    """What is against long replies: they have something of everything. What users write at length, they mean."""
    replies = np.array([turn.role != "user" for turn in turns])
    return np.where(replies, np.log1p(np.maximum(words - _LONG, 0) / _LONG), 0.0)


def _asks(turns: Sequence[Turn]) -> Floats:
    return np.array([turn.text.rstrip().endswith("?") for turn in turns], np.float64)


def _when(question: str, turns: Sequence[Turn]) -> Floats:
    if not asks_when(question):
        return np.zeros(len(turns))
    return np.array([has_time_word(turn.text) for turn in turns], np.float64)
