"""The context of a prompt: facts, recalled turns and the session, each once, cited, within the budget."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import InvalidInput
from semcache.memory import AgentMemory, Recollection, Turn
from semcache.memory.context import assemble
from semcache.memory.facts.types import Fact
from semcache.text.tokens import token_count
from tests.conftest import Clock

WORDS = st.text(alphabet="abc déf.\n", min_size=1, max_size=200)


def turns_of(texts: Sequence[str], prefix: str) -> list[Turn]:
    return [Turn(f"{prefix}{n}", "s", "user", text, 1_000.0 + n) for n, text in enumerate(texts)]


@given(
    known=st.lists(WORDS, max_size=6),
    earlier=st.lists(WORDS, max_size=12),
    said=st.lists(WORDS, max_size=12),
    overlap=st.integers(0, 3),
    max_tokens=st.integers(1, 400),
)
def test_the_budget_holds_and_nothing_is_said_twice(
    known: list[str], earlier: list[str], said: list[str], overlap: int, max_tokens: int
) -> None:
    """Whatever there is: the text is within the budget, each turn stands in it once, and every line is cited."""
    facts = [
        Fact(f"f{n}", "user", "home", text, True, 5.0, None, 0.9, 5.0 + n, (f"t{n}",)) for n, text in enumerate(known)
    ]
    window = turns_of(said, "w")
    recalled = [Recollection(turn, 1.0, {}) for turn in [*turns_of(earlier, "r"), *window[:overlap]]]
    context = assemble("where", facts=facts, recalled=recalled, window=window, max_tokens=max_tokens)
    assert context.tokens == token_count(context.text) <= max_tokens
    shown = [item.turn.id for item in context.recalled] + [turn.id for turn in context.window]
    assert len(shown) == len(set(shown))
    assert list(context.window) == window[len(window) - len(context.window) :]
    assert all(f"- [{id}] " in context.text for id in context.cited)


def test_what_one_part_leaves_over_falls_to_the_next() -> None:
    """Without a session and facts, recalled turns have the whole budget."""
    recalled = [
        Recollection(turn, 1.0, {}) for turn in turns_of(["about ten words of talk, more or less, in this"] * 20, "r")
    ]
    alone = assemble("x", facts=[], recalled=recalled, window=[], max_tokens=200)
    window = turns_of(["about ten words of talk, more or less, in this"] * 20, "w")
    together = assemble("x", facts=[], recalled=recalled, window=window, max_tokens=200)
    assert len(alone.recalled) > len(together.recalled) > 0
    assert len(together.window) > 0


def test_facts_that_share_words_with_the_question_come_first() -> None:
    """With little room, the fact that the question is about is the one that is told."""
    facts = [
        Fact(f"f{n}", "user", attribute, value, True, 5.0, None, 0.9, 9.0 - n, (f"t{n}",))
        for n, (attribute, value) in enumerate([("hobby", "chess"), ("allergy", "nuts"), ("home", "Porto")])
    ]
    context = assemble("any allergy of mine?", facts=facts, recalled=[], window=[], max_tokens=60)
    assert [fact.value for fact in context.facts][:1] == ["nuts"]


def test_a_context_has_current_facts_recalled_turns_and_the_session(memory: AgentMemory, clock: Clock) -> None:
    """After a move the new home is told as known, old talk is recalled, and the running session is there in order."""
    old = 86_400.0 * 200
    memory.append("old", "user", "I live in Lyon.", at=clock.now - old)
    memory.append("old", "user", "The cello needs new strings.", at=clock.now - old + 1)
    memory.append("mid", "user", "I moved to Porto.", at=clock.now - 1_000)
    asked = memory.append("new", "user", "Good morning!", at=clock.now - 10)
    context = memory.context("Where do I live, and what was it about the cello?", "new", max_tokens=300)
    assert [fact.value for fact in context.facts if fact.attribute == "home"] == ["Porto"]
    assert "The cello needs new strings." in context.text
    assert [turn.id for turn in context.window] == [asked]
    assert context.text.index("Known about the user:") < context.text.index("Said earlier:")
    assert context.text.index("Said earlier:") < context.text.index("This session:")
    assert context.text.count("Good morning!") == 1


def test_a_context_without_room_is_refused(memory: AgentMemory) -> None:
    """A budget below one token is a mistake of the caller."""
    with pytest.raises(InvalidInput, match="max_tokens"):
        memory.context("Where do I live?", "s", max_tokens=0)
