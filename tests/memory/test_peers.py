"""What goes wrong in other memories for agents, and must not here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.stored.layout import UserKeys
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory
from tests.memory.invariants import check_user

MakeTurn = Callable[..., NewTurn]


class Cheap:
    """An embedder for tests that need many turns: all texts have one vector."""

    dim, fingerprint = 2, "cheap~1"

    def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> NDArray[np.float32]:
        return np.tile(np.array([0.6, 0.8], np.float32), (len(texts), 1))


def test_a_search_without_results_is_not_widened(memory: AgentMemory, open_memory: OpenMemory, clock: Clock) -> None:
    """Limits that nothing meets give nothing: not the turns outside of them, and not those of another namespace."""
    memory.append("s", "user", "I live in Lyon.", at=clock.now - 10)
    assert memory.recall("Where do I live?", since=clock.now - 5) == []
    assert memory.recall("Where do I live?", session="other") == []
    assert open_memory(namespace=f"{clock.now}").recall("Where do I live?") == []
    assert len(memory.recall("Where do I live?")) == 1


def test_what_is_said_again_and_again_is_one_fact(memory: AgentMemory, clock: Clock) -> None:
    """Five facts told three times each are five facts, each citing the turns that tell it."""
    said = ["I live in Lyon.", "I work at Siemens.", "My name is Ann.", "I'm allergic to peanuts.", "I have a dog."]
    for n, text in enumerate(3 * said):
        memory.append("s", "user", text, at=clock.now - 100 + n)
    facts = memory.facts(history=True)
    assert len(facts) == len(said)
    assert {len(fact.turns) for fact in facts} == {3}


def test_an_answer_that_is_remembered_tells_nothing_of_the_user(memory: AgentMemory, clock: Clock) -> None:
    """What the assistant makes up is not learned from its own answers, however often it says so."""
    memory.append("s", "user", "I live in Lyon.", at=clock.now - 100)
    for n in range(5):
        memory.append("s", "assistant", "I live in Paris. You live in Paris.", at=clock.now - 50 + n)
    assert [fact.value for fact in memory.facts()] == ["Lyon"]


def test_opening_a_memory_changes_nothing(memory: AgentMemory, open_memory: OpenMemory) -> None:
    """Another process, another embedder, another limit: what is there stays until somebody writes or forgets."""
    memory.append("s", "user", "I live in Lyon.")
    for options in ({}, {"embedder": Cheap()}, {"max_turns": 1}, {"max_age_s": 0.001}):
        assert [turn.text for turn in open_memory(**options).turns()] == ["I live in Lyon."]


def test_forgetting_does_not_stop_after_a_page(
    open_memory: OpenMemory, redis: Redis, namespace: str, turn: MakeTurn
) -> None:
    """Of 1,300 turns of a session all are forgotten by one call, and nothing of them stays."""
    turns = [turn(n, f"tea {n}", session="tea") for n in range(1_300)]
    for first in range(0, len(turns), 500):
        TurnWriter(redis, Cheap()).append(turns[first : first + 500])
    memory = open_memory(embedder=Cheap())
    assert len(memory.forget(session="tea").turns) == 1_300
    assert memory.turns() == []
    assert memory.recall("tea") == []
    assert check_user(redis, UserKeys(namespace, "ann")) == []
