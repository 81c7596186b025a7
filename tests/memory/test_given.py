"""What callers give is checked where it comes in: an error of ours that names the argument, and nothing is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from redis import Redis

from semcache.errors import InvalidInput
from semcache.memory import AgentMemory
from semcache.memory.types import MAX_TEXT_CHARS
from tests.conftest import Clock
from tests.memory.conftest import OpenMemory

NAIVE = datetime(2026, 5, 1)
Call = Callable[[AgentMemory], Any]
WRONG: dict[str, Call] = {
    "time zone": lambda m: m.append("s", "user", "x", at=NAIVE),
    "not nan": lambda m: m.append("s", "user", "x", at=math.nan),
    "not '2026'": lambda m: m.append("s", "user", "x", at="2026"),  # type: ignore[arg-type]
    "not True": lambda m: m.append("s", "user", "x", at=True),
    "event_id": lambda m: m.append("s", "user", "x", event_id=""),
    "long texts are documents": lambda m: m.append("s", "user", "x " * MAX_TEXT_CHARS),
    "text of a turn must be a string": lambda m: m.append("s", "user", b"x"),  # type: ignore[arg-type]
    "k must be a whole number, not 1.5": lambda m: m.recall("x", k=1.5),  # type: ignore[arg-type]
    "k must be a whole number, not '3'": lambda m: m.recall("x", k="3"),  # type: ignore[arg-type]
    "k must be at least 1": lambda m: m.forget(query="x", k=0),
    "at most 20,000": lambda m: m.recall("x" * 20_001),
    "since has no time zone": lambda m: m.recall("x", since=NAIVE),
    "until must be seconds": lambda m: m.turns(until=math.inf),
    "session is empty": lambda m: m.recall("x", session=""),
    "max_tokens must be at least 0": lambda m: m.window("s", max_tokens=-1),
    "max_tokens must be a whole": lambda m: m.context("x", "s", max_tokens="5"),  # type: ignore[arg-type]
    "at must be seconds": lambda m: m.facts(at="2026-01-01"),  # type: ignore[arg-type]
    "at has no time zone": lambda m: m.erase(at=NAIVE),
    "at must be seconds since": lambda m: m.erase(at=math.inf),
}


@pytest.mark.parametrize("says", WRONG)
def test_a_wrong_argument_is_named(memory: AgentMemory, redis: Redis, namespace: str, says: str) -> None:
    """Whatever is wrong with it: the error says which argument, and Redis is as it was."""
    with pytest.raises(InvalidInput, match=says):
        WRONG[says](memory)
    assert list(redis.scan_iter(f"sc:{{m:{namespace}:*")) == []


@pytest.mark.parametrize(
    "wrong", [{"max_turns": 0}, {"max_turns": 1.5}, {"session_ttl_s": 0}, {"session_ttl_s": math.nan}, {"user": ""}]
)
def test_a_memory_is_not_opened_with_nonsense(open_memory: OpenMemory, wrong: dict[str, Any]) -> None:
    """What a memory is opened with is looked at then, not with the first message."""
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        open_memory(**wrong)


def test_times_may_be_datetimes(memory: AgentMemory, clock: Clock) -> None:
    """With a time zone they mean the same as seconds."""
    memory.append("s", "user", "I live in Lyon.", at=datetime(2026, 1, 1, tzinfo=UTC))
    later = datetime(2026, 6, 1, tzinfo=UTC)
    memory.append("s", "user", "I moved to Porto.", at=later.timestamp())
    assert [turn.text for turn in memory.turns(until=datetime(2026, 2, 1, tzinfo=UTC))] == ["I live in Lyon."]
    assert len(memory.recall("Where do I live?", since=later)) == 1
    assert memory.erase(at=datetime(2026, 2, 1, tzinfo=UTC)).turns == 1
    assert [turn.text for turn in memory.turns()] == ["I moved to Porto."]


def test_a_turn_id_may_stand_alone(memory: AgentMemory) -> None:
    """One id is not taken for a list of letters."""
    turn = memory.append("s", "user", "I live in Lyon.")
    assert [gone.id for gone in memory.forget(turn).turns] == [turn]


def test_an_embedder_that_contradicts_itself_is_named(open_memory: OpenMemory) -> None:
    """Vectors of another length than it says are refused, in writing and in asking."""

    class Contradicts:
        dim, fingerprint = 16, "contradicts~1"

        def embed(self, texts: list[str], *, kind: str = "symmetric") -> np.ndarray[Any, Any]:
            return np.ones((len(texts), 7), np.float32)

    memory = open_memory(embedder=Contradicts())
    with pytest.raises(InvalidInput, match="16"):
        memory.append("s", "user", "I live in Lyon.")
    with pytest.raises(InvalidInput, match="16"):
        memory.recall("Where do I live?")
