"""An answer that a user has rejected: another one for this user, a second opinion for all others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from semcache.chat import Answer, ChatEngine
from tests.llm.server import FakeOpenAi, Trouble

QUESTION = "How many days do I have to return a lamp?"
FIRST, OTHER = "You have 30 days to return a lamp.", "You have 14 days to return a lamp."


@pytest.fixture
def engine(make_engine: Callable[..., ChatEngine]) -> ChatEngine:
    return make_engine()


def ask(engine: ChatEngine, user: str) -> Answer:
    answer = engine.ask(QUESTION, user=user, session=f"of {user}")
    engine._stores.runtime.flush()
    return answer


def rejected(engine: ChatEngine, api: FakeOpenAi, answer: str = FIRST) -> str:
    """An answer in the cache which mallory has rejected; its entry id."""
    api.reply = lambda _: answer
    entry_id = ask(engine, "ann").entry_id
    assert entry_id
    engine.judge(entry_id, user="mallory", correct=False)
    return entry_id


def test_who_rejects_an_answer_gets_another(engine: ChatEngine, api: FakeOpenAi) -> None:
    """The user who rejected the answer is not served it again, and is told why."""
    rejected(engine, api)
    again = ask(engine, "mallory")
    assert (again.outcome, "marked" in again.reason, again.entry_id) == ("miss", True, None)


def test_others_keep_an_answer_that_the_second_opinion_is_for(engine: ChatEngine, api: FakeOpenAi) -> None:
    """The first who asks after a rejection is served, the model is asked once more behind it, and the answer stays."""
    rejected(engine, api)
    calls = len(api.requests)
    assert [ask(engine, user).outcome for user in ("bob", "eve", "ann")] == ["hit"] * 3
    assert len(api.requests) == calls + 1


@pytest.mark.parametrize("asker", ["bob", "mallory"])
def test_the_second_opinion_withdraws_a_wrong_answer(engine: ChatEngine, api: FakeOpenAi, asker: str) -> None:
    """If the answer comes out otherwise when it is made anew, the doubted one is served to nobody any more."""
    rejected(engine, api)
    api.reply = lambda _: OTHER
    ask(engine, asker)
    after = ask(engine, "eve")
    assert (after.outcome, after.text) == ("miss", OTHER)


def test_a_model_that_does_not_answer_gives_no_opinion(engine: ChatEngine, api: FakeOpenAi) -> None:
    """The answer is served while the model is away, and is compared once it is back."""
    rejected(engine, api)
    api.reply = lambda _: OTHER
    api.then(Trouble("status"))
    assert ask(engine, "bob").outcome == "hit"
    assert ask(engine, "bob").text == FIRST
    assert ask(engine, "eve").text == OTHER


def test_a_personal_answer_goes_with_one_rejection(engine: ChatEngine, api: FakeOpenAi) -> None:
    """Nobody else is served it: the word of its user is enough."""
    engine.ask("My lamp is called Lux.", user="ann", session="s")
    api.reply = lambda _: "Your lamp is called Lux [my lamp]."
    question = "What is my lamp called?"
    first = engine.ask(question, user="ann", session="s")
    assert first.personal_scope
    assert engine.ask(question, user="ann", session="s").outcome == "hit"
    assert first.entry_id
    assert engine.judge(first.entry_id, user="ann", correct=False, personal=True)
    assert engine.ask(question, user="ann", session="s").outcome == "miss"
