"""Personal answers rest on what holds now, not on what was said first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from semcache.chat import ChatEngine
from semcache.chat.stores import Stores
from tests.conftest import Clock

MakeEngine = Callable[..., ChatEngine]
MONTH = 30 * 86_400


@pytest.fixture
def ana(stores: Stores, clock: Clock) -> ChatEngine | None:
    memory = stores.memory("ana")
    memory.append("a", "user", "Hi, I live in Lyon with my sister Eva.", at=clock.now - 8 * MONTH)
    memory.append("b", "user", "My dog is called Biscuit and I am allergic to peanuts.", at=clock.now - 6 * MONTH)
    memory.append("c", "user", "I moved to Porto in March.", at=clock.now - 2 * MONTH)
    return None


@pytest.mark.usefixtures("ana")
def test_the_answer_follows_a_move(make_engine: MakeEngine) -> None:
    """After a move the answer names the new home and not the old one, without a language model, and cites the turn."""
    answer = make_engine(model="extractive").ask("Where do I live?", user="ana", session="s1")
    assert "Porto" in answer.text
    assert "Lyon" not in answer.text
    assert answer.cited
    assert answer.cited[0] in {memory.id for memory in answer.memories}


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize(
    ("question", "expected"), [("What is my dog called?", "Biscuit"), ("What am I allergic to?", "peanuts")]
)
def test_facts_answer_personal_questions(make_engine: MakeEngine, question: str, expected: str) -> None:
    """What a user has told is the answer, without a language model."""
    assert expected in make_engine(model="extractive").ask(question, user="ana", session="s1").text


@pytest.mark.usefixtures("ana")
def test_a_question_of_the_past_sees_the_past(make_engine: MakeEngine) -> None:
    """Asked where one lived before, the turn about the former home is among the memories."""
    answer = make_engine(model="extractive").ask("Where did I live before I moved?", user="ana", session="s1")
    assert any("Lyon" in memory.text for memory in answer.memories)
