"""Which bike `my bike` is, and how many of something its asker has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from semcache.chat import ChatEngine
from semcache.chat.stores import Stores

BOATS = (
    ("tern", "Tern 20: the small rowing boat", "The Tern 20 costs 900. The Tern 20 weighs 40 kg. It is red or white."),
    ("gull", "Gull 5: the sailing boat", "The Gull 5 costs 4,300. The Gull 5 weighs 160 kg and seats five."),
)


@pytest.fixture
def offline(make_engine: Callable[..., ChatEngine], stores: Stores) -> ChatEngine:
    for id, title, text in BOATS:
        stores.knowledge.upsert(id, text, title=title)
    return make_engine(model="extractive")


def asked(engine: ChatEngine, *said: str) -> str:
    """The answer to the last of these, of a user of their own."""
    user = f"user{abs(hash(said))}"
    return [engine.ask(text, user=user, session="s").text for text in said][-1]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("I own a Gull 5.", "How heavy is my boat?"), "160 kg"),
        (("I bought a Tern 20 in May.", "How much does my boat weigh?"), "40 kg"),
        (("I have a Gull 5.", "I live in Kiel.", "What did our boat cost?"), "4,300"),
    ],
)
def test_my_boat_is_the_one_that_i_have(offline: ChatEngine, said: tuple[str, ...], expected: str) -> None:
    """A question of a property of the asker's own thing is answered for the one that memory knows."""
    assert expected in asked(offline, *said)


@pytest.mark.parametrize("said", ["Hello.", "I own a Gull 5. I own a Tern 20.", "I have a Volvo 60."])
def test_without_one_boat_nothing_is_guessed(offline: ChatEngine, said: str) -> None:
    """None is known, two are, or it is no boat."""
    offline.ask(said, user="cem", session="s")
    assert offline.ask("How heavy is my boat?", user="cem", session="s").question == "How heavy is my boat?"


def test_the_answer_is_the_askers_alone(offline: ChatEngine) -> None:
    """Whoever has another boat is not served it."""
    offline.ask("I own a Gull 5.", user="ana", session="s")
    offline.ask("I own a Tern 20.", user="ben", session="s")
    first = offline.ask("How heavy is my boat?", user="ana", session="t")
    second = offline.ask("How heavy is my boat?", user="ben", session="t")
    assert first.personal_scope
    assert ("160 kg" in first.text, "40 kg" in second.text) == (True, True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("I have two dogs, Ben and Kira.",), "two dogs: Ben and Kira"),
        (("I have two dogs, Ben and Kira.", "Kira died last week."), "one dog: Ben"),
        (("I have three dogs.", "One of my dogs died yesterday."), "two dogs"),
        (("I have a dog called Ben.", "We adopted a second dog, Kira."), "two dogs: Ben and Kira"),
        (("I have two dogs, Ben and Kira.", "My father died in May."), "two dogs: Ben and Kira"),
    ],
)
def test_what_one_has_is_counted(offline: ChatEngine, said: tuple[str, ...], expected: str) -> None:
    """From what was told, less what was lost."""
    assert f"You have {expected}." in asked(offline, *said, "How many dogs do I have now?")
