"""Ranking is a pure function: its parts, and what they are for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory.ranking.rank import Candidates, Question, named_speaker, rank, window_bm25
from semcache.memory.ranking.weights import PARTS, Weights, weights_for
from semcache.memory.stored.layout import RADIUS, WINDOW_STEMS, pack, unpack
from semcache.memory.types import Turn

DIM = 8
AXES = np.eye(DIM, dtype=np.float32)


def candidates(
    said: list[tuple[str, str]],
    *,
    sessions: list[int] | None = None,
    own: np.ndarray | None = None,
    stems: tuple[str, ...] = ("tea",),
) -> Candidates:
    """Candidates from (speaker, text whose words are its stems); the question's stems are given."""
    n = len(said)
    session = sessions or [0] * n
    vectors = np.zeros((n, DIM), np.float32) if own is None else own
    words = [text.lower().rstrip("?.").split() for _, text in said]
    windows = [[j for j in range(n) if session[j] == session[i] and abs(i - j) <= RADIUS] for i in range(n)]
    return Candidates(
        turns=tuple(
            Turn(f"t{i}", f"s{s}", "user", text, 0.0, who)
            for i, ((who, text), s) in enumerate(zip(said, session, strict=True))
        ),
        own=vectors,
        context=vectors,
        passage=np.full(n, -2.0),
        window_tf=np.array(
            [[sum(words[j].count(stem) for j in window) for stem in stems] for window in windows], np.float64
        ).reshape(n, len(stems)),
        window_length=np.array([sum(len(words[j]) for j in window) for window in windows], np.float64),
        own_tf=np.array([[said.count(stem) for stem in stems] for said in words], np.float64).reshape(n, len(stems)),
        members=n,
        stems=stems,
        df=tuple(sum(stem in text for text in words) for stem in stems),
    )


def asked(text: str, vector: np.ndarray = AXES[0]) -> Question:
    return Question(text, tuple(text.lower().rstrip("?").split()), vector)


@given(
    texts=st.lists(st.lists(st.sampled_from("tea milk rain".split()), min_size=1, max_size=5), min_size=1, max_size=12),
    data=st.data(),
)
def test_parts_sum_up_and_are_switched_off_alone(texts: list[list[str]], data: st.DataObject) -> None:
    """The score is the sum of the parts, and a weight of zero removes its part and nothing else."""
    sessions = sorted(data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts))))
    found = candidates([("ann", " ".join(text)) for text in texts], sessions=sessions)
    whole = rank(asked("When did Ann have tea?"), found, Weights())
    assert whole.scores == pytest.approx(sum(whole.parts.values()))
    assert tuple(whole.parts) == PARTS
    for part in PARTS:
        less = rank(asked("When did Ann have tea?"), found, Weights().without(part))
        assert less.scores == pytest.approx(whole.scores - whole.parts[part])


def test_a_stem_that_the_user_never_said_counts_nothing() -> None:
    """Neither for its idf, nor by dividing by nothing."""
    found = candidates([("ann", "tea"), ("ann", "rain")], stems=("tea", "snow"))
    both, one = window_bm25(("tea", "snow"), found), window_bm25(("tea",), found)
    assert list(both) == list(one)
    assert all(score > 0 for score in both)


def test_a_stem_asked_twice_counts_twice() -> None:
    """As in a query of BM25."""
    found = candidates([("ann", "tea"), ("ann", "rain")])
    assert list(window_bm25(("tea", "tea"), found)) == pytest.approx(list(2 * window_bm25(("tea",), found)))


def test_the_window_score_is_okapi_bm25_over_windows() -> None:
    """Against the formula, with the expected number of windows that contain the word."""
    found = candidates([("ann", text) for text in ("tea milk", "rain", "rain rain", "rain", "rain", "rain")])
    n, share = 6, 1 - (1 - 1 / 6) ** 5
    idf = math.log(1 + (n - n * share + 0.5) / (n * share + 0.5))
    length = 2 + 1 + 2
    expected = idf * 1.9 / (1 + 0.9 * length / WINDOW_STEMS)
    assert window_bm25(("tea",), found)[0] == pytest.approx(expected)


def test_the_best_passage_of_a_long_turn_counts_for_it() -> None:
    """Less .08, in the place of its own cosine and of that with the turn before, where it is higher still."""
    found = replace(candidates([("ann", "x")] * 3), own=AXES[[1, 0, 1]], passage=np.array([0.88, 0.88, -2.0]))
    parts = rank(asked("x"), found, Weights()).parts
    assert list(parts["turn"]) == pytest.approx([0.8, 1.0, 0.0])
    assert list(parts["context"]) == pytest.approx([0.4, 0.0, 0.0])


def test_words_of_the_turn_itself_count_by_their_rarity() -> None:
    """Half of the words may be more than half of what is asked for, if they are rare."""
    found = candidates([("ann", "tea"), ("ann", "rain"), ("ann", "rain"), ("ann", "rain")], stems=("tea", "rain"))
    tea, rain, *_ = rank(asked("tea rain"), found, Weights(words=1.0)).parts["words"]
    assert 0 < rain < 0.5 < tea < 1
    assert tea + rain == pytest.approx(1)


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_length_rises_with_the_first_words(few: int, many: int) -> None:
    """A bare word tells little; what a user writes at length is not held against it."""
    short, long = sorted((few, many))
    found = candidates([("ann", "x " * short), ("ann", "x " * long)])
    first, second = rank(asked("tea"), found, Weights()).parts["length"]
    assert first <= second
    assert second == pytest.approx(first) or short < 20


def test_very_long_replies_lose() -> None:
    """They have something of everything; a reply of a paragraph does not lose yet."""
    found = candidates([("bot", "x " * 60), ("bot", "x " * 600)])
    replies = replace(found, turns=tuple(replace(turn, role="assistant") for turn in found.turns))
    first, second = rank(asked("tea"), replies, Weights()).parts["length"]
    assert first > 0 > second


@pytest.mark.parametrize(
    ("question", "names", "expected"),
    [
        ("What did Melanie say?", {"Melanie", "Caroline"}, "Melanie"),
        ("What did Mel say?", {"Melanie", "Caroline"}, "Melanie"),
        ("Can a mel be made?", {"Melanie", "Caroline"}, None),
        ("Is the car of Caroline red?", {"Melanie", "Caroline"}, "Caroline"),
        ("What did Melanie tell Caroline?", {"Melanie", "Caroline"}, None),
        ("Who is López?", {"Maria López", "Jon"}, "Maria López"),
        ("Where do I live?", {"user", "assistant"}, "user"),
        ("What did you suggest?", {"user", "assistant"}, "assistant"),
        ("What did I tell you?", {"user", "assistant"}, None),
        ("Where do I live?", {"Melanie", "Caroline"}, None),
        ("", {"user", "assistant"}, None),
    ],
)
def test_who_is_named(question: str, names: set[str], expected: str | None) -> None:
    """Exactly one participant, by name, short name, or as "I" and "you"."""
    assert named_speaker(question, names) == expected


def test_the_earlier_of_two_equals_comes_first() -> None:
    """Equal scores keep the order of the candidates."""
    found = candidates([("ann", "x")] * 4, sessions=[0, 1, 2, 3])
    assert rank(asked("y"), found, Weights()).best(3) == [0, 1, 2]


def test_no_candidates_have_no_scores() -> None:
    """An empty list is ranked without complaint."""
    assert rank(asked("tea"), candidates([]), Weights()).best(5) == []


def test_models_have_weights() -> None:
    """Fitted ones by their name before the `~` of the fingerprint, all others the ones for unknown models."""
    assert weights_for("bge-small-en-v1.5-q~abc~cls~int8") == Weights()
    assert weights_for("somebody's-model~1") == weights_for("another")
    assert weights_for("another").turn == 1.0


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=16, max_size=16).filter(lambda row: any(abs(v) > 1e-3 for v in row))
)
def test_packed_vectors_keep_their_cosines(values: list[float]) -> None:
    """A vector that was packed to int8 and unpacked points where it did, to within 1 %."""
    vector = np.array(values, np.float32)
    vector /= np.linalg.norm(vector)
    (back,) = unpack(*pack(vector[np.newaxis]), dim=16)
    assert float(back @ vector) / float(np.linalg.norm(back)) > 0.99
