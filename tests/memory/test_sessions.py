"""Sessions in a list: their order, their names, and deleting one."""

from __future__ import annotations

import pytest
from redis import Redis

from semcache.errors import InvalidInput
from semcache.memory import AgentMemory
from semcache.memory.writing.reseal import reseal
from semcache.store.sealing import is_sealed
from tests.memory.conftest import OpenMemory
from tests.sealing.conftest import ring

AT = 1_700_000_000.0


def told(memory: AgentMemory) -> AgentMemory:
    """Two sessions, the first of which began with an answer."""
    memory.append("monday", "assistant", "What can I do for you?", at=AT)
    memory.append("monday", "user", "I live in Lyon.", at=AT + 1)
    memory.append("friday", "user", "My dog is called Muffin.", at=AT + 9)
    return memory


def titles(memory: AgentMemory, *also: str) -> list[tuple[str, str]]:
    return [(session.id, session.title) for session in memory.sessions(also=also)]


def test_sessions_are_listed_by_what_was_said_first(memory: AgentMemory) -> None:
    """The latest session comes first, under the user's first words; one that is only beginning comes before it."""
    assert memory.sessions() == []
    told(memory)
    assert titles(memory) == [("friday", "My dog is called Muffin."), ("monday", "I live in Lyon.")]
    assert titles(memory, "now", "monday")[0] == ("now", "")
    assert [session.id for session in memory.sessions(most=1)] == ["friday"]


def test_a_name_stays_until_it_is_taken_away(memory: AgentMemory, open_memory: OpenMemory) -> None:
    """A session has the name it was given, for its user alone; too long a name is refused."""
    told(memory)
    memory.name_session("monday", "  Moving\nhouse ")
    memory.name_session("now", "Begun")
    assert dict(titles(memory, "now")) == {
        "friday": "My dog is called Muffin.",
        "monday": "Moving house",
        "now": "Begun",
    }
    assert open_memory("bob").sessions(also=["monday"])[0].title == ""
    memory.name_session("monday", "")
    assert dict(titles(memory))["monday"] == "I live in Lyon."
    with pytest.raises(InvalidInput, match="200"):
        memory.name_session("monday", "x" * 201)


def test_a_deleted_session_does_not_come_back(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """Neither its turns nor its name are left, and what is still on its way through Kafka is refused; pins stay."""
    told(memory)
    memory.name_session("monday", "Moving house")
    memory.note("monday", "user", "And my street is Rue de la Barre.", at=AT + 2, event_id="late")
    assert len(memory.delete_session("monday").turns) == 2
    assert memory.window("monday") == []
    assert titles(memory) == [("friday", "My dog is called Muffin.")]
    memory.append("monday", "user", "And my street is Rue de la Barre.", at=AT + 2, event_id="late")
    assert memory.turns(session="monday") == []
    assert not list(redis.scan_iter(match=f"sc:{{m:{namespace}:*session-names"))

    (turn,) = memory.turns(session="friday")
    memory.pin(turn.id)
    assert [kept.id for kept in memory.delete_session("friday").pinned] == [turn.id]
    assert titles(memory) == [("friday", "My dog is called Muffin.")]


def test_an_erasure_takes_the_names_too(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """Also those of sessions of which nothing has reached long-term memory."""
    told(memory)
    memory.name_session("monday", "Moving house")
    memory.name_session("now", "Begun")
    memory.erase()
    assert memory.sessions(also=["now"])[0].title == ""
    assert not list(redis.scan_iter(match=f"sc:{{m:{namespace}:*session-names"))


def test_names_are_sealed_and_sealed_again(open_memory: OpenMemory, redis: Redis, namespace: str) -> None:
    """With sealing on a name is unreadable in Redis, and comes under the new key in a rotation."""
    told(open_memory(sealer=ring("k1"))).name_session("monday", "Moving house")
    (key,) = redis.scan_iter(match=f"sc:{{m:{namespace}:*session-names")
    before = redis.hget(key, "monday")
    assert is_sealed(before.decode())
    assert reseal(redis, namespace, ring("k1", "k2")).refused == 0
    assert redis.hget(key, "monday") != before
    assert ("monday", "Moving house") in titles(open_memory(sealer=ring("k2")))
