"""Now beats before: of near-equal turns the one of the time that is asked for comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.memory import AgentMemory
from semcache.memory.dates.tense import Rivals, by_time, tense


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which editor do I use?", "now"),
        ("What's my phone number?", "now"),
        ("my current address", "now"),
        ("What was my most recent score?", "now"),
        ("Which editor did I use before?", "before"),
        ("What was my previous job?", "before"),
        ("Where did I use to live? I used to like it.", "before"),
        ("What did I eat?", None),
        ("When is the meeting?", None),
        ("Can you recommend a book?", None),
        ("What was my previous job, and what is it now?", None),
        ("", None),
    ],
)
def test_the_state_that_is_asked_for(question: str, expected: str | None) -> None:
    """The present, a former one, or none: an event, advice, or both at once."""
    assert tense(question) == expected


UPDATES = [
    ("My favourite editor is Vim.", "My favourite editor is Helix.", "What is my favourite editor?"),
    ("I own two bikes.", "I own three bikes now.", "How many bikes do I own?"),
    ("My best time for 5 km is 27 minutes.", "My best time for 5 km is 25 minutes.", "What is my best time for 5 km?"),
    ("We meet on Zoom for the stand-up.", "We meet on Teams for the stand-up.", "Where do we meet for the stand-up?"),
]


@pytest.mark.parametrize(("old", "new", "question"), UPDATES)
@pytest.mark.parametrize("former", [False, True])
def test_the_newest_value_comes_first_or_the_oldest_if_that_is_asked(
    memory: AgentMemory, old: str, new: str, question: str, former: bool
) -> None:
    """The part `now` says so, and the score is still the sum of the parts."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    said = ["The weather is nice.", old, "I bought bread.", "The train was late.", new, "We had pasta."]
    for n, text in enumerate(said):
        memory.append("s", "user", text, at=start + timedelta(days=n))
    asked = f"{question.removesuffix('?')} before?" if former else question
    found = memory.recall(asked, at=start + timedelta(days=9))
    assert found[0].turn.text == (old if former else new)
    assert all(sum(item.parts.values()) == pytest.approx(item.score) for item in found)


def test_turns_about_other_things_keep_their_places(memory: AgentMemory) -> None:
    """A newer turn that shares a word only does not go before the one that answers."""
    memory.append("s", "user", "My sister Eva is a nurse in Ghent.", at=1_700_000_000.0)
    memory.append("t", "user", "Eva Green plays in the film on Sunday.", at=1_700_900_000.0)
    assert memory.recall("What is my sister Eva?", k=1)[0].turn.text == "My sister Eva is a nurse in Ghent."


@pytest.mark.parametrize(
    ("answer", "later", "question"),
    [
        ("My wifi password is on the fridge.", "The wifi was slow today.", "Where is my wifi password?"),
        ("I drive a red Volvo.", "My brother drives a Skoda.", "What car do I drive?"),
        ("I work at Bosch.", "My wife works at Siemens.", "Where do I work?"),
        ("I take 5 mg of ramipril.", "The pharmacy had no ramipril today.", "How much ramipril do I take?"),
        ("Our cat is called Miso.", "Our neighbour's cat is called Nori.", "What is our cat called?"),
    ],
)
def test_something_else_of_the_same_subject_is_no_newer_value(
    memory: AgentMemory, answer: str, later: str, question: str
) -> None:
    """What is said later of the same thing, or of the same thing of somebody else, gains nothing by being later."""
    for n, text in enumerate((answer, later, "We had pasta.")):
        memory.append("s", "user", text, at=1_700_000_000.0 + 86_400 * n)
    assert all("now" not in found.parts for found in memory.recall(question, at=1_701_000_000.0))


@given(
    scores=st.lists(st.floats(0, 3), min_size=1, max_size=9),
    asked=st.sampled_from(["now", "before", None]),
    seed=st.integers(0, 99),
)
def test_scores_are_only_exchanged(scores: list[float], asked: object, seed: int) -> None:
    """Among the best four, whatever the vectors and times are; without a state that is asked for nothing moves."""
    n, rng = len(scores), np.random.default_rng(seed)
    vectors = rng.normal(1, 1, (n, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = np.array(scores)
    rivals = Rivals(before, vectors, rng.uniform(0, 1e6, n), rng.uniform(1, 60, n), rng.uniform(0, 1, n), np.zeros(n))
    after = before + by_time(asked, rivals)  # type: ignore[arg-type]
    assert sorted(after) == pytest.approx(sorted(before))
    assert after[np.argsort(-before, kind="stable")[4:]] == pytest.approx(np.sort(before)[::-1][4:])
    if asked is None:
        assert list(after) == scores
